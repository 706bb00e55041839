"""Guards that price an operation before it runs; prices.py has the prices."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from graphql import FieldNode, GraphQLError, is_object_type

from app.guards.guard import Guard, limit_exceeded
from app.guards.limits import COST_LIMIT, INTROSPECTION_COST_LIMIT
from app.guards.outline import Selection, outline_of
from app.guards.prices import (
    describes_schema,
    is_connection,
    is_page_items,
    list_size,
    own_cost,
    page_size,
)


@dataclass(frozen=True, slots=True)
class SelectionCost:
    """What the selections on one object cost.

    `per_item` is what a connection's selections cost for each item of its page. `by_type` is what
    is asked of objects of one type only: each object has one type, so the costliest counts.
    """

    always: int = 0
    per_item: int = 0
    by_type: Mapping[str, int] = field(default_factory=dict)

    @property
    def at_most(self) -> int:
        """Return the cost for an object of the costliest type, without its items."""
        return self.always + max(self.by_type.values(), default=0)


class PriceGuard(Guard):
    """Limit the points of an operation, counting the fields that this guard charges for."""

    code: ClassVar[str]
    counted: ClassVar[str]
    limit: ClassVar[int]

    @abstractmethod
    def charges_for(self, selection: Selection) -> bool:
        """Tell whether a field, with all that is selected on it, has a price here."""

    def find_errors(self) -> Iterator[GraphQLError]:
        """Yield an error for each operation that is too costly."""
        for operation, cost in outline_of(self.context).fold(SelectionCost(), self._add):
            if cost.at_most > self.limit:
                yield limit_exceeded(self.code, self.counted, self.limit, cost.at_most, operation)

    def _add(
        self, total: SelectionCost, selection: Selection, below: SelectionCost
    ) -> SelectionCost:
        if not isinstance(selection.node, FieldNode):
            return _add_fragment(total, selection, below)
        if not self.charges_for(selection):
            return total
        cost = own_cost(self.context.schema, selection) + below.at_most
        if is_page_items(selection):
            return replace(total, per_item=total.per_item + cost)
        if is_connection(selection.inner_type):
            cost += page_size(selection.node) * below.per_item
        return replace(total, always=total.always + cost * list_size(selection))


def _add_fragment(
    total: SelectionCost, selection: Selection, fragment: SelectionCost
) -> SelectionCost:
    per_item = total.per_item + fragment.per_item
    by_type = dict(total.by_type)
    if is_object_type(selection.inner_type):
        name = selection.inner_type.name
        by_type[name] = by_type.get(name, 0) + fragment.at_most
        return SelectionCost(total.always, per_item, by_type)
    for name, cost in fragment.by_type.items():
        by_type[name] = by_type.get(name, 0) + cost
    return SelectionCost(total.always + fragment.always, per_item, by_type)


class CostGuard(PriceGuard):
    """Limit the points of what an operation asks about the desk."""

    code = "QUERY_TOO_COMPLEX"
    counted = "Cost of the operation in points"
    limit = COST_LIMIT

    def charges_for(self, selection: Selection) -> bool:
        """Charge for every field but introspection."""
        return not describes_schema(selection.inner_type)


class IntrospectionGuard(PriceGuard):
    """Limit the points of what an operation asks about the schema.

    The specified rule on introspection's depth still lets aliases multiply lists within lists.
    """

    code = "INTROSPECTION_TOO_COMPLEX"
    counted = "Cost of the introspection in points"
    limit = INTROSPECTION_COST_LIMIT

    def charges_for(self, selection: Selection) -> bool:
        """Charge for introspection alone."""
        return describes_schema(selection.inner_type)

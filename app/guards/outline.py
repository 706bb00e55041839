"""A document as flat lists, so that a guard looks at each selection once and never recurses.

Following every spread expands a document exponentially: thirty fragments that each spread the next
one twice are 1.2 kB and never end. Here a fragment is folded into one value, once, before whatever
spreads it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar
from weakref import WeakKeyDictionary

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
    get_named_type,
    is_composite_type,
)

Value = TypeVar("Value")

_DEFINITION = 0  # the position of the operation or fragment itself; its selections follow


@dataclass(frozen=True, slots=True)
class Selection:
    """A field, an inline fragment or a spread, and where it stands.

    `holder` is the position of the selection that holds it, `inner_type` the type of what it holds
    or spreads. Types and fields that the schema does not know are None; other rules report them.
    """

    node: SelectionNode
    holder: int
    parent_type: GraphQLCompositeType | None
    inner_type: GraphQLCompositeType | None
    field: GraphQLField | None = None

    @property
    def field_name(self) -> str | None:
        """Return the name of the field, or None for a fragment."""
        return self.node.name.value if isinstance(self.node, FieldNode) else None

    @property
    def spread_name(self) -> str | None:
        """Return the name of the fragment that is spread here, if one is."""
        return self.node.name.value if isinstance(self.node, FragmentSpreadNode) else None


@dataclass(frozen=True, slots=True)
class Outline:
    """The selections of each definition, every one after the selection that holds it.

    A fragment comes after those it spreads, unless they form a cycle.
    """

    fragments: dict[str, list[Selection]]
    operations: list[tuple[OperationDefinitionNode, list[Selection]]]

    def selections(self) -> Iterator[Selection]:
        """Yield every selection as it is written, fragments unexpanded."""
        for selections in self.fragments.values():
            yield from selections
        for _, selections in self.operations:
            yield from selections

    def fold(
        self, empty: Value, add: Callable[[Value, Selection, Value], Value]
    ) -> Iterator[tuple[OperationDefinitionNode, Value]]:
        """Yield each operation with the value of all it selects.

        `add(total, selection, below)` adds a selection to the total of its siblings; `below` is
        the value of what it holds or spreads. A spread of a fragment that is unknown or part of a
        cycle spreads `empty`.
        """
        fragment_values: dict[str, Value] = {}
        for name, selections in self.fragments.items():
            fragment_values[name] = _fold(selections, fragment_values, empty, add)
        for operation, selections in self.operations:
            yield operation, _fold(selections, fragment_values, empty, add)


def _fold(
    selections: list[Selection],
    fragment_values: Mapping[str, Value],
    empty: Value,
    add: Callable[[Value, Selection, Value], Value],
) -> Value:
    totals = [empty] * (1 + len(selections))
    for position in range(len(selections), _DEFINITION, -1):
        selection = selections[position - 1]
        below = totals[position]
        if selection.spread_name is not None:
            below = fragment_values.get(selection.spread_name, empty)
        totals[selection.holder] = add(totals[selection.holder], selection, below)
    return totals[_DEFINITION]


_outlines: WeakKeyDictionary[ValidationContext, Outline] = WeakKeyDictionary()


def outline_of(context: ValidationContext) -> Outline:
    """Return the outline of the document under validation, made once for all guards."""
    outline = _outlines.get(context)
    if outline is None:
        outline = _outlines[context] = _make_outline(context)
    return outline


def _make_outline(context: ValidationContext) -> Outline:
    fragments: dict[str, list[Selection]] = {}
    operations: list[tuple[OperationDefinitionNode, list[Selection]]] = []
    for definition in context.document.definitions:
        if isinstance(definition, FragmentDefinitionNode):
            condition = _named_type(context.schema, definition.type_condition)
            selections = _flatten(context, definition.selection_set, condition)
            fragments[definition.name.value] = selections
        elif isinstance(definition, OperationDefinitionNode):
            root_type = context.schema.get_root_type(definition.operation)
            selections = _flatten(context, definition.selection_set, root_type)
            operations.append((definition, selections))
    return Outline({name: fragments[name] for name in _spread_first(fragments)}, operations)


def _flatten(
    context: ValidationContext, top: SelectionSetNode, top_type: GraphQLCompositeType | None
) -> list[Selection]:
    selections: list[Selection] = []
    pending = [(top, top_type, _DEFINITION)]
    while pending:
        selection_set, parent_type, holder = pending.pop()
        for node in selection_set.selections:
            selection = _selection(context, node, holder, parent_type)
            selections.append(selection)
            if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
                pending.append((node.selection_set, selection.inner_type, len(selections)))
    return selections


def _selection(
    context: ValidationContext,
    node: SelectionNode,
    holder: int,
    parent_type: GraphQLCompositeType | None,
) -> Selection:
    field, inner_type = None, parent_type
    if isinstance(node, FieldNode):
        field = context.schema.get_field(parent_type, node.name.value) if parent_type else None
        inner_type = _composite(get_named_type(field.type)) if field else None
    elif isinstance(node, InlineFragmentNode) and node.type_condition:
        inner_type = _named_type(context.schema, node.type_condition)
    elif isinstance(node, FragmentSpreadNode):
        fragment = context.get_fragment(node.name.value)
        inner_type = _named_type(context.schema, fragment.type_condition) if fragment else None
    return Selection(node, holder, parent_type, inner_type, field)


def _named_type(schema: GraphQLSchema, node: NamedTypeNode) -> GraphQLCompositeType | None:
    return _composite(schema.get_type(node.name.value))


def _composite(named_type: GraphQLNamedType | None) -> GraphQLCompositeType | None:
    return named_type if is_composite_type(named_type) else None


def _spread_first(fragments: Mapping[str, Iterable[Selection]]) -> Iterable[str]:
    """Return the names of fragments, each after those it spreads; cycles come last."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, selections in fragments.items():
        sorter.add(name, *fragments.keys() & {selection.spread_name for selection in selections})
    with suppress(CycleError):  # the sorter still yields what no cycle blocks
        sorter.prepare()
    ordered: list[str] = []
    while ready := sorter.get_ready():
        ordered.extend(ready)
        sorter.done(*ready)
    return dict.fromkeys([*ordered, *fragments])

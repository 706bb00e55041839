"""What changed in a field."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import strawberry

from models.viewers import ApiScope
from resolvers.audiences import same_for_audience
from resolvers.scope import Scope

# What these fields hold is somebody's name.
_WHO = ("customer", "mergedInto")


@strawberry.type(description="A field before and after, as people read it.")
class FieldChange:
    """A field before and after."""

    field: str = strawberry.field(description="The field's name.")
    before: str | None = strawberry.field(description="What it was; null for nothing.")
    after: str | None = strawberry.field(description="What it is now; null for nothing.")

    @classmethod
    def from_payload(cls, change: Mapping[str, Any]) -> Self:
        """Return the change that the event log keeps in this shape."""
        return cls(field=change["field"], before=change["before"], after=change["after"])


@same_for_audience
def shown_changes(changes: Iterable[Mapping[str, Any]], scope: Scope) -> list[FieldChange]:
    """Return changes as a viewer may read them.

    Whose a ticket turned out to be, and who a customer, is told by name to those only who may read
    all customers: it may have been somebody's claim.
    """
    if scope.viewer.may(ApiScope.CUSTOMERS_READ):
        return [FieldChange.from_payload(change) for change in changes]
    unnamed = {"before": None, "after": None}
    return [
        FieldChange.from_payload({**change, **unnamed} if change["field"] in _WHO else change)
        for change in changes
    ]

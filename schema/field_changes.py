"""What changed in a field."""

from collections.abc import Mapping
from typing import Any, Self

import strawberry


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

"""What every object with an id has in common."""

from dataclasses import dataclass
from typing import Any, Self

import strawberry

from core.ids import NodeKind, encode_global_id
from schema.fields import derived


@strawberry.interface(description="An object with an id that is unique among all objects.")
class Node:
    """An object with a global id."""

    id: strawberry.ID = strawberry.field(description="The opaque id, for `node` and for inputs.")


@dataclass(kw_only=True)
class FromRow:
    """An object type that shows a row. The row is not copied: fields read it when asked."""

    row: strawberry.Private[Any]

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """Return the object that shows `row`."""
        return cls(row=row)


def node_id(kind: NodeKind) -> Any:
    """Return the `id` field of a node."""
    return derived(
        "The opaque id, for `node` and for inputs.",
        lambda row: encode_global_id(kind, row.id),
        needs=("id",),
    )

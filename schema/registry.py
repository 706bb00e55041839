"""Which object type shows which table's rows, and which batch loads them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.ids import NodeKind
from models.base import Base
from resolvers.scope import Batch


@dataclass(frozen=True, slots=True)
class NodeEntry:
    """An object type with an id: the rows it shows, and how they are loaded."""

    object_type: Any
    model: type[Base]
    batch: Batch


_ENTRIES: dict[NodeKind, NodeEntry] = {}
_TYPES_BY_MODEL: dict[type[Base], Any] = {}


def register(kind: NodeKind, object_type: Any, model: type[Base], batch: Batch) -> None:
    """Make a kind of node known to `node(id)` and to errors that show an object."""
    _ENTRIES[kind] = NodeEntry(object_type, model, batch)
    _TYPES_BY_MODEL[model] = object_type


def entry_of(kind: NodeKind) -> NodeEntry | None:
    """Return how nodes of this kind are loaded and shown; None where the API does not show them."""
    return _ENTRIES.get(kind)


def from_row_of(kind: NodeKind) -> Callable[[Any], Any]:
    """Return what makes an object of this kind out of a row, for types that know each other."""
    from_row: Callable[[Any], Any] = _ENTRIES[kind].object_type.from_row
    return from_row


def object_of(row: object) -> Any:
    """Return the object that shows an ORM row."""
    return _TYPES_BY_MODEL[type(row)].from_row(row)  # type: ignore[index]

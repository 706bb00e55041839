"""What the lists that admins keep have in common: brands, teams, agents, topics, tags, tokens."""

from dataclasses import asdict
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from core.errors import NotAllowed, NotFound
from models.base import Base, Versioned, is_there
from models.brands import Brand
from models.event_topics import topic_of
from models.installation import Installation
from models.tags import Tag
from models.teams import Team
from models.topics import Topic
from models.viewers import Viewer
from services.changes import Edit
from services.idempotency import Once
from services.unit_of_work import UnitOfWork

RowT = TypeVar("RowT", bound=Base)

# What has a name of its own that is free once it is deleted.
Named = Brand | Team | Topic | Tag


async def take_directory(work: UnitOfWork, viewer: Viewer) -> None:
    """Let an admin change the directory. Raises NotAllowed for everybody else.

    Such changes are rare, so they queue up here, one after the other: a membership stands in the
    history of two rows, and whether an agent is the last admin depends on all agents.
    """
    if not viewer.is_admin:
        raise NotAllowed
    await take_turn_in_directory(work)


async def take_turn_in_directory(work: UnitOfWork) -> None:
    """Wait for all acts that change the directory, and let no other begin until this one ends."""
    await work.session.execute(select(Installation.id).with_for_update())


async def find(work: UnitOfWork, model: type[RowT], row_id: UUID) -> RowT:
    """Return a row of the directory, all of which admins see. Raises NotFound."""
    id_column: Any = model.id  # type: ignore[attr-defined]
    row = await work.session.scalar(select(model).where(id_column == row_id, *is_there(model)))
    if row is None:
        raise NotFound
    return row


def once_of(
    operation: str, key: str | None, new: Any, *, without: str | None = None
) -> Once | None:
    """Return the idempotency key of a creation out of the dataclass `new`, if there is a key.

    The field named by `without` does not tell two inputs apart.
    """
    if key is None:
        return None
    told_apart = {name: value for name, value in asdict(new).items() if name != without}
    return Once(key, operation, told_apart)


def record_created(work: UnitOfWork, row: Base) -> None:
    """Write the event that a row was added, into the row's own topic."""
    work.record(f"{type(row).__name__}Created", {}, topic=topic_of(row), versions=_versioned(row))


def record_changes(work: UnitOfWork, row: Base, edit: Edit) -> None:
    """Write the changed fields as one event into the row's own topic. No change, no event."""
    if edit.changes:
        work.record(
            f"{type(row).__name__}Changed",
            {"changes": [change.as_payload() for change in edit.changes]},
            topic=topic_of(row),
            versions=_versioned(row),
        )


def mark_deleted(work: UnitOfWork, row: Named) -> None:
    """Let a row stay that others refer to, and be to the API as if it had never been."""
    row.deleted_at = work.now
    row.name_key = f" {row.id.hex}"  # its name is free: no name folds to what begins with a space
    record_deleted(work, row)


def record_deleted(work: UnitOfWork, row: Base) -> None:
    """Write the event that a row was deleted, into the row's own topic."""
    work.record(f"{type(row).__name__}Deleted", {}, topic=topic_of(row), versions=_versioned(row))


def _versioned(row: Base) -> list[Versioned]:
    return [row] if isinstance(row, Versioned) else []

"""What others wrote on a ticket that somebody who is about to answer has not seen."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import or_, select

from core.errors import NewActivity
from core.pages import MAX_PAGE_SIZE
from models.event_topics import topic_of
from models.events import Event
from models.messages import Message
from models.notes import Note
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from services.unit_of_work import UnitOfWork
from services.versions import check_expected_version

# The newest entries of the log that are looked at: whoever is further behind has enough to read.
_ENTRIES = 500

WrittenT = TypeVar("WrittenT", Message, Note)


async def refuse_unseen(
    work: UnitOfWork, viewer: Viewer, ticket: Ticket, expected_version: int
) -> None:
    """Raise NewActivity with the newest of what others wrote since `expected_version`, if any.

    Raises ValidationFailed for a version that does not exist yet.
    """
    check_expected_version(expected_version, ticket.version)
    if expected_version == ticket.version:
        return
    written = await _written_since(work, ticket, expected_version)
    items: list[Message | Note] = [*await _by_others(work, Message, written["MessageAdded"])]
    if viewer.may(ApiScope.NOTES_READ):
        items += await _by_others(work, Note, written["NoteAdded"])
    if items:
        items.sort(key=lambda item: (item.created_at, item.id))
        raise NewActivity(items[-MAX_PAGE_SIZE:])


async def _written_since(work: UnitOfWork, ticket: Ticket, version: int) -> dict[str, list[UUID]]:
    """Return the ids of what was written, by the type of its event."""
    written: dict[str, list[UUID]] = {"MessageAdded": [], "NoteAdded": []}
    events = await work.session.execute(
        select(Event.type, Event.payload)
        .where(Event.topic == topic_of(ticket), Event.seq > version, Event.type.in_(written))
        .order_by(Event.seq.desc())
        .limit(_ENTRIES)
    )
    for event_type, payload in events:
        written[event_type].append(UUID(payload.get("message_id") or payload["note_id"]))
    return written


async def _by_others(
    work: UnitOfWork, model: type[WrittenT], ids: Sequence[UUID]
) -> Sequence[WrittenT]:
    """Return the rows that the actor did not write: an integration delivers what others write."""
    by_others = or_(model.author_id.is_(None), model.author_id != work.actor.id)
    wanted = select(model).where(model.id.in_(ids), by_others)
    if model is Note:
        wanted = wanted.where(Note.deleted_at.is_(None))
    found = await work.session.scalars(wanted)
    return found.all()

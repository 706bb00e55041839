"""Files on the messages and notes that the viewer sees."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, or_, select

from models import chats, notes
from models.attachments import Attachment
from models.base import Columns, project
from models.messages import Message
from models.notes import Note
from models.tickets import Ticket
from resolvers.audiences import same_for_audience
from resolvers.batches import grouped
from resolvers.scope import Scope


async def by_id(
    scope: Scope, ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Row[Any]]:
    """Return files by their ids: a file is seen by whoever sees what it stands on."""
    of_message = exists(
        select(Message.id)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(Message.id == Attachment.message_id, chats.shows_ticket(scope.viewer))
    )
    of_note = exists(
        select(Note.id).where(Note.id == Attachment.note_id, notes.visible_to(scope.viewer))
    )
    rows = await scope.fetch(
        select(*project(Attachment, columns)).where(
            Attachment.id.in_(ids), or_(of_message, of_note)
        )
    )
    return {row.id: row for row in rows}


@same_for_audience
async def by_message(
    scope: Scope, message_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the files of messages that the viewer has come to see, in the order they came."""
    return await _by_owner(scope, "message_id", message_ids, columns)


@same_for_audience
async def by_note(
    scope: Scope, note_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the files of notes that the viewer has come to see, in the order they came."""
    return await _by_owner(scope, "note_id", note_ids, columns)


async def _by_owner(
    scope: Scope, owner: str, owner_ids: Sequence[UUID], columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    wanted = None if columns is None else columns | {owner}
    rows = await scope.fetch(
        select(*project(Attachment, wanted))
        .where(getattr(Attachment, owner).in_(owner_ids))
        .order_by(Attachment.id)
    )
    return grouped(rows, owner)

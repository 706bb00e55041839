"""Files on what the viewer sees, and uploading them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select

from models import chats, notes, ticket_drafts, ticket_templates
from models.attachments import Attachment, stands_nowhere
from models.base import Columns, project
from models.delivery_requests import delivered_by, is_connector
from models.messages import Message
from models.notes import Note
from models.ticket_drafts import TicketDraft
from models.ticket_templates import TicketTemplate
from models.tickets import Ticket
from models.viewers import Viewer
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import grouped
from resolvers.scope import Scope
from services import uploads
from services.uploads import NewUpload


async def by_id(
    scope: Scope, ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Row[Any]]:
    """Return files by their ids: a file is seen by whoever sees what it stands on.

    One that stands nowhere yet is seen by who uploads it; so is, by connectors, one of a message.
    """
    rows = await scope.fetch(
        select(*project(Attachment, columns)).where(
            Attachment.id.in_(ids), or_(*_places_visible_to(scope.viewer))
        )
    )
    return {row.id: row for row in rows}


def _places_visible_to(viewer: Viewer) -> list[ColumnElement[bool]]:
    of_message = exists(
        select(Message.id)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(Message.id == Attachment.message_id, chats.shows_ticket(viewer))
    )
    of_note = exists(select(Note.id).where(Note.id == Attachment.note_id, notes.visible_to(viewer)))
    of_draft = exists(
        select(TicketDraft.id).where(
            TicketDraft.id == Attachment.draft_id, ticket_drafts.visible_to(viewer)
        )
    )
    of_template = exists(
        select(TicketTemplate.id).where(
            TicketTemplate.id == Attachment.template_id, ticket_templates.visible_to(viewer)
        )
    )
    to_deliver = exists(
        select(Message.id).where(Message.id == Attachment.message_id, delivered_by(viewer))
    )
    places: list[ColumnElement[bool]] = [of_message, to_deliver, of_note, of_draft, of_template]
    if viewer.actor is not None and viewer.actor.id is not None:
        uploaded = and_(
            Attachment.uploader_kind == viewer.actor.kind,
            Attachment.uploader_id == viewer.actor.id,
        )
        places.append(and_(stands_nowhere(), uploaded))
        if is_connector(viewer):  # it need not see the ticket of what it hands in
            handed_in = exists(
                select(Message.id).where(
                    Message.id == Attachment.message_id, Message.brand_id.in_(viewer.brand_ids)
                )
            )
            places.append(and_(uploaded, handed_in))
    return places


@same_for_audience
async def by_message(
    scope: Scope, message_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the files of messages that the viewer has come to see, in their order."""
    return await _by_owner(scope, "message_id", message_ids, columns)


@same_for_audience
async def by_note(
    scope: Scope, note_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the files of notes that the viewer has come to see, in their order."""
    return await _by_owner(scope, "note_id", note_ids, columns)


@same_for_audience
async def by_draft(
    scope: Scope, draft_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the files of drafts that the viewer has come to see, in their order."""
    return await _by_owner(scope, "draft_id", draft_ids, columns)


@same_for_audience
async def by_template(
    scope: Scope, template_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the files of templates that the viewer has come to see, in their order."""
    return await _by_owner(scope, "template_id", template_ids, columns)


async def upload(scope: Scope, new: NewUpload, idempotency_key: str | None) -> Attachment:
    """Announce a file whose bytes are to come."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await uploads.create(work, scope.viewer, new, idempotency_key=idempotency_key)


async def _by_owner(
    scope: Scope, owner: str, owner_ids: Sequence[UUID], columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    wanted = None if columns is None else columns | {owner}
    rows = await scope.fetch(
        select(*project(Attachment, wanted))
        .where(getattr(Attachment, owner).in_(owner_ids))
        .order_by(Attachment.position, Attachment.id)
    )
    return grouped(rows, owner)

"""Tags on tickets, out of those that there are. A set, never a toggle."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row, delete, insert, select

from core.errors import FieldErrorCode, FieldProblem, LimitReached, ValidationFailed
from core.text import fold
from models.base import TAG_CHARACTERS
from models.tags import Tag, TicketTag
from models.tickets import Ticket
from models.viewers import Viewer
from services.changes import FieldChange
from services.links import LinkedRows
from services.references import refer_to
from services.tickets import TicketInHand, take
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

TAGS_PER_TICKET = 50  # lists show all tags of a ticket, and its history names them all


@dataclass(frozen=True, slots=True)
class WantedTag:
    """Which tag is meant: by its id, or by its name, whatever its case and accents."""

    id: UUID | None
    name: str | None


async def add(
    work: UnitOfWork, viewer: Viewer, ticket_id: UUID, wanted: WantedTag
) -> tuple[Ticket, Tag]:
    """Put a tag on a ticket. One that stands there already changes nothing.

    Raises ValidationFailed for a tag that does not exist, LimitReached at 50 tags.
    """
    hand = await take(work, viewer, ticket_id)
    tag = await _find(work, wanted)
    await put_on(work, hand, tag)
    await hand.finish()
    return hand.ticket, tag


async def remove(
    work: UnitOfWork, viewer: Viewer, ticket_id: UUID, wanted: WantedTag
) -> tuple[Ticket, Tag]:
    """Take a tag off a ticket. One that does not stand there changes nothing.

    Raises ValidationFailed for a tag that does not exist.
    """
    hand = await take(work, viewer, ticket_id)
    tag = await _find(work, wanted)
    await take_off(work, hand, tag.id)
    await hand.finish()
    return hand.ticket, tag


async def put_on(work: UnitOfWork, hand: TicketInHand, tag: Tag) -> bool:
    """Put a tag on the ticket in hand; return whether it was not there. Raises LimitReached."""
    ticket_id = hand.ticket.id
    before = await _tags_of(work, ticket_id)
    if any(row.id == tag.id for row in before):
        return False
    if len(before) >= TAGS_PER_TICKET:
        raise LimitReached(TAGS_PER_TICKET)
    await work.session.execute(insert(TicketTag).values(ticket_id=ticket_id, tag_id=tag.id))
    _record(hand, LinkedRows.of(before), LinkedRows.of([*before, tag]))
    return True


async def take_off(work: UnitOfWork, hand: TicketInHand, tag_id: UUID) -> bool:
    """Take a tag off the ticket in hand; return whether it was there."""
    ticket_id = hand.ticket.id
    before = await _tags_of(work, ticket_id)
    after = [row for row in before if row.id != tag_id]
    if len(after) == len(before):
        return False
    await work.session.execute(
        delete(TicketTag).where(TicketTag.ticket_id == ticket_id, TicketTag.tag_id == tag_id)
    )
    _record(hand, LinkedRows.of(before), LinkedRows.of(after))
    return True


async def _find(work: UnitOfWork, wanted: WantedTag) -> Tag:
    check = InputCheck()
    if wanted.id is not None and wanted.name is not None:
        check.refuse("name", FieldErrorCode.NOT_ALLOWED_VALUE)
    elif wanted.id is None and wanted.name is None:
        check.refuse("tagId", FieldErrorCode.REQUIRED)
    field = "tagId" if wanted.name is None else "name"
    name = None if wanted.name is None else check.line("name", wanted.name, TAG_CHARACTERS)
    check.raise_problems()
    is_meant = Tag.id == wanted.id if name is None else Tag.name_key == fold(name)
    tag = await refer_to(work, Tag, is_meant)
    if tag is None:
        raise ValidationFailed(FieldProblem(("input", field), FieldErrorCode.UNKNOWN_REFERENCE))
    return tag


async def _tags_of(work: UnitOfWork, ticket_id: UUID) -> Sequence[Row[UUID, str]]:
    tags = await work.session.execute(
        select(Tag.id, Tag.name)
        .join(TicketTag, TicketTag.tag_id == Tag.id)
        .where(TicketTag.ticket_id == ticket_id)
    )
    return tags.all()


def _record(hand: TicketInHand, before: LinkedRows, after: LinkedRows) -> None:
    hand.had_tags(before.ids)
    hand.record_changes([FieldChange.between("tags", before, after)])

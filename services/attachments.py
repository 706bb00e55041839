"""Files on messages, notes, drafts and templates."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import FieldErrorCode, FieldProblem, LimitReached, ValidationFailed
from core.ids import new_id
from models.attachments import Attachment, stands_nowhere
from models.messages import Message
from models.notes import Note
from models.ticket_drafts import TicketDraft
from models.ticket_templates import TicketTemplate
from services.unit_of_work import UnitOfWork

ATTACHMENTS_PER_ITEM = 5  # product.md, part 2

Owner = Message | Note | TicketDraft | TicketTemplate

_COLUMNS: dict[type[Owner], InstrumentedAttribute[UUID | None]] = {
    Message: Attachment.message_id,
    Note: Attachment.note_id,
    TicketDraft: Attachment.draft_id,
    TicketTemplate: Attachment.template_id,
}


def refuse_too_many(attachment_ids: Sequence[UUID]) -> None:
    """Raise LimitReached for a list of more files than stand on anything."""
    if len(attachment_ids) > ATTACHMENTS_PER_ITEM:
        raise LimitReached(ATTACHMENTS_PER_ITEM)


async def attach(
    work: UnitOfWork,
    attachment_ids: Sequence[UUID],
    owner: Owner,
    *,
    listed: Sequence[UUID] | None = None,
) -> None:
    """Let these files, in this order, stand on `owner`, and no others.

    They are files that this act's actor uploaded and put nowhere yet, and those that stand on the
    owner already. What a draft or a template loses goes within a day, as every file that stands
    nowhere. The owner's row must be written already.

    Raises LimitReached for a list of more than five, ValidationFailed for a file that is not free
    to take: by its place in `listed`, where these are only some of those that the input lists.
    """
    refuse_too_many(attachment_ids)
    wanted = list(dict.fromkeys(attachment_ids))
    column = _COLUMNS[type(owner)]
    if isinstance(owner, TicketDraft | TicketTemplate):
        await _release_others(work, wanted, column, owner)
    if not wanted:
        return
    free = await _hold_takeable(work, wanted, owner)
    _refuse_missing(wanted, free, attachment_ids if listed is None else listed)
    for place, attachment_id in enumerate(wanted):
        attachment = free[attachment_id]
        setattr(attachment, column.key, owner.id)
        attachment.position = place
    await work.session.flush()


async def copy(work: UnitOfWork, attachment_ids: Sequence[UUID], owner: Owner) -> None:
    """Put copies of files behind those that stand on `owner`, in this order.

    A copy is a row of its own and shares the bytes; the act's actor counts as its uploader. That
    the viewer sees the originals is for the caller to know.

    Raises LimitReached where more than five files would stand there, ValidationFailed for an
    original that is gone.
    """
    wanted = list(dict.fromkeys(attachment_ids))
    if not wanted:
        return
    column = _COLUMNS[type(owner)]
    count, last = (
        await work.session.execute(
            select(func.count(), func.max(Attachment.position)).where(column == owner.id)
        )
    ).one()
    if count + len(wanted) > ATTACHMENTS_PER_ITEM:
        raise LimitReached(ATTACHMENTS_PER_ITEM)
    # Held until the act ends: the bytes of an original that goes meanwhile would go with it.
    found = await work.session.scalars(
        select(Attachment)
        .where(Attachment.id.in_(wanted), Attachment.awaited_until.is_(None))
        .order_by(Attachment.id)
        .with_for_update(read=True)
    )
    originals = {attachment.id: attachment for attachment in found}
    _refuse_missing(wanted, originals, attachment_ids)
    first = 0 if last is None else last + 1
    work.session.add_all(
        Attachment(
            id=new_id(),
            filename=originals[original_id].filename,
            content_type=originals[original_id].content_type,
            size=originals[original_id].size,
            storage_key=originals[original_id].storage_key,
            uploader_kind=work.actor.kind,
            uploader_id=work.actor.id,
            position=first + place,
            created_at=work.now,
            **{column.key: owner.id},
        )
        for place, original_id in enumerate(wanted)
    )
    await work.session.flush()


async def takeable(
    work: UnitOfWork, attachment_ids: Collection[UUID], owner: Owner
) -> dict[UUID, str]:
    """Return the names of those of some files that stand on `owner`, or could."""
    found = await work.session.execute(
        select(Attachment.id, Attachment.filename).where(
            Attachment.id.in_(attachment_ids), _is_takeable(work, owner)
        )
    )
    return {row.id: row.filename for row in found}


def _is_takeable(work: UnitOfWork, owner: Owner) -> ColumnElement[bool]:
    own = and_(
        stands_nowhere(),
        Attachment.uploader_kind == work.actor.kind,
        Attachment.uploader_id == work.actor.id,
    )
    stands_there = _COLUMNS[type(owner)] == owner.id
    return and_(Attachment.awaited_until.is_(None), or_(stands_there, own))


async def _hold_takeable(
    work: UnitOfWork, wanted: Sequence[UUID], owner: Owner
) -> dict[UUID, Attachment]:
    found = await work.session.scalars(
        select(Attachment)
        .where(Attachment.id.in_(wanted), _is_takeable(work, owner))
        .order_by(Attachment.id)
        .with_for_update()
    )
    return {attachment.id: attachment for attachment in found}


async def _release_others(
    work: UnitOfWork,
    kept: Sequence[UUID],
    column: InstrumentedAttribute[UUID | None],
    owner: TicketDraft | TicketTemplate,
) -> None:
    await work.session.execute(
        update(Attachment)
        .where(column == owner.id, Attachment.id.not_in(kept))
        .values({column: None, Attachment.position: None})
    )


def _refuse_missing(wanted: Iterable[UUID], found: Iterable[UUID], listed: Sequence[UUID]) -> None:
    """Raise ValidationFailed that names the places of wanted files that were not found."""
    missing = set(wanted).difference(found)
    if missing:
        raise ValidationFailed(
            *(
                FieldProblem(
                    ("input", "attachmentIds", str(place)), FieldErrorCode.UNKNOWN_REFERENCE
                )
                for place, attachment_id in enumerate(listed)
                if attachment_id in missing
            )
        )

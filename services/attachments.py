"""Files on messages and notes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from core.errors import FieldErrorCode, FieldProblem, LimitReached, ValidationFailed
from models.attachments import Attachment
from services.unit_of_work import UnitOfWork

ATTACHMENTS_PER_ITEM = 5  # product.md, part 2


async def attach(
    work: UnitOfWork,
    attachment_ids: Sequence[UUID],
    *,
    message_id: UUID | None = None,
    note_id: UUID | None = None,
) -> None:
    """Put uploaded files on a message or a note.

    Raises LimitReached for more than five, ValidationFailed for one that is not free to take.
    """
    if not attachment_ids:
        return
    if len(attachment_ids) > ATTACHMENTS_PER_ITEM:
        raise LimitReached(ATTACHMENTS_PER_ITEM)
    found = await work.session.scalars(
        select(Attachment)
        .where(
            Attachment.id.in_(attachment_ids),
            Attachment.message_id.is_(None),
            Attachment.note_id.is_(None),
        )
        .with_for_update()
    )
    free = {attachment.id: attachment for attachment in found}
    missing = [place for place, wanted in enumerate(attachment_ids) if wanted not in free]
    if missing:
        raise ValidationFailed(
            *(
                FieldProblem(
                    ("input", "attachmentIds", str(place)), FieldErrorCode.UNKNOWN_REFERENCE
                )
                for place in missing
            )
        )
    for attachment in free.values():
        attachment.message_id = message_id
        attachment.note_id = note_id

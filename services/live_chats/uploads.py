"""How much the customers of chats may upload. Anybody can become one, so all of it is counted."""

import math
from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, exists, func, or_, select

from core.errors import (
    ChatFilesOfDay,
    FieldErrorCode,
    FieldProblem,
    Unavailable,
    UnsentChatFiles,
    ValidationFailed,
)
from models.actors import ActorKind
from models.attachments import FILE_BYTES, Attachment, stands_nowhere
from models.chats import Chat, ChatSession, is_live
from models.viewers import Viewer
from services.live_chats.in_hand import take_own
from services.unit_of_work import UnitOfWork

# A message full of files, and as many that were picked and then left out: none can be taken back.
UNSENT_FILES_PER_CHAT = 10
DAY = timedelta(hours=24)
FILES_PER_DAY = 20  # four messages full: who shows more than that is asked to mail it
BYTES_PER_DAY = 5 * FILE_BYTES  # one message full of the largest files
# Strangers start as many chats as they like. This is a screenshot from each visitor of a desk at
# which chats start as fast as they may all the time; and it takes days to fill a disk. What was
# announced and has not arrived is not counted: it costs nothing, and would shut out all others. A
# file may arrive an hour after it was announced, so those of two hours are looked at.
LATELY = timedelta(hours=2)
BYTES_OF_ALL_CHATS_LATELY = 40 * 1024 * 1024 * 1024
# Smaller files count as one of so many: each is a row, and there are at most 40,960 to add up.
LEAST_BYTES_COUNTED = 1024 * 1024


async def refuse_flood(work: UnitOfWork, viewer: Viewer, ticket_id: UUID, size: int) -> None:
    """Hold the chat of the customer who is looking, and refuse a further file that is too much.

    Others who announce files in it wait until the act ends, so what is counted stays true.

    Raises NotFound once their tokens were taken away; UnsentChatFiles and ChatFilesOfDay for the
    number of files; ValidationFailed for their bytes, with what is left as the limit of `size`; and
    Unavailable as `refuse_flood_of_all`.
    """
    _, chat = await take_own(work, viewer, ticket_id)
    still_comes = or_(Attachment.awaited_until.is_(None), Attachment.awaited_until > work.now)
    files, size_of_files, unsent = (
        await work.session.execute(
            select(
                func.count(),
                func.coalesce(func.sum(Attachment.size), 0),
                func.count().filter(stands_nowhere(), still_comes),
            ).where(
                Attachment.uploader_id == chat.customer_id,  # an id is nobody else's of any kind
                Attachment.created_at > work.now - DAY,
            )
        )
    ).one()
    if unsent >= UNSENT_FILES_PER_CHAT:
        raise UnsentChatFiles(UNSENT_FILES_PER_CHAT)
    if files >= FILES_PER_DAY:
        raise ChatFilesOfDay(FILES_PER_DAY)
    left = BYTES_PER_DAY - size_of_files
    if size > left:
        out_of_range = FieldErrorCode.OUT_OF_RANGE
        raise ValidationFailed(FieldProblem(("input", "size"), out_of_range, max(left, 0), size))
    await refuse_flood_of_all(work, size)


async def refuse_flood_of_all(work: UnitOfWork, size: int) -> None:
    """Refuse a file of the customer of any chat where too much has arrived from them altogether.

    Nothing is held: it is a brake and no border. Raises Unavailable, with the seconds to wait.
    """
    is_small = Attachment.size < LEAST_BYTES_COUNTED
    counted = case((is_small, LEAST_BYTES_COUNTED), else_=Attachment.size)
    so_far, first = (
        await work.session.execute(
            select(func.coalesce(func.sum(counted), 0), func.min(Attachment.created_at)).where(
                Attachment.uploader_kind == ActorKind.CUSTOMER,
                Attachment.awaited_until.is_(None),
                Attachment.created_at > work.now - LATELY,
            )
        )
    ).one()
    if so_far + max(size, LEAST_BYTES_COUNTED) > BYTES_OF_ALL_CHATS_LATELY:
        raise Unavailable(math.ceil((first + LATELY - work.now).total_seconds()))


async def is_let_in(work: UnitOfWork, customer_id: UUID | None) -> bool:
    """Tell whether a token still opens the chat of this customer."""
    opened = select(
        exists().where(
            Chat.customer_id == customer_id,
            ChatSession.ticket_id == Chat.ticket_id,
            is_live(work.now),
        )
    )
    return bool(await work.session.scalar(opened))

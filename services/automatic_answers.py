"""When a machine may answer: never another machine, which might answer in its turn (RFC 3834)."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.messages import Message, MessageDirection


async def may_answer_automatically(session: AsyncSession, ticket_id: UUID) -> bool:
    """Tell whether a ticket's customer may be written to by no person.

    They may unless what came from them last was itself written by a machine.
    """
    is_by_machine = await session.scalar(
        select(Message.is_automatic)
        .where(Message.ticket_id == ticket_id, Message.direction == MessageDirection.INCOMING)
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(1)
    )
    return not is_by_machine

"""Taking the tokens of a chat away from whoever holds them."""

from uuid import UUID

from sqlalchemy import update

from models.chats import Chat, ChatSession
from models.viewers import Viewer
from services.live_chats.ends import end_conversation, required
from services.live_chats.in_hand import chat_of
from services.tickets import take
from services.unit_of_work import UnitOfWork


async def revoke(work: UnitOfWork, viewer: Viewer, ticket_id: UUID) -> Chat:
    """End a chat and all its tokens. Nobody gets in again, nor by starting it anew with its key.

    What was written stays, and so does the status. Revoking a chat twice is revoking it once.
    Raises NotFound where the viewer does not see the ticket, NotAllowed for who may not edit it,
    and ValidationFailed for one that is no chat.
    """
    hand = await take(work, viewer, ticket_id)
    # A start that is retried waits at the chat's row, and then finds no chat with its key.
    chat = required(await chat_of(work, hand))
    if chat.revoked_at is not None:
        return chat
    chat.revoked_at = work.now
    chat.start_key_hash = chat.start_input_hash = None
    await work.session.execute(
        update(ChatSession)
        .where(ChatSession.ticket_id == chat.ticket_id, ChatSession.ended_at.is_(None))
        .values(ended_at=work.now)
    )
    end_conversation(work, hand, chat)
    hand.record("ChatRevoked", {})
    await hand.finish()
    return chat

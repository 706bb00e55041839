"""Chats: starting one, and the one whose customer is looking."""

from dataclasses import dataclass
from uuid import UUID

from core.errors import NotAllowed
from models.event_topics import chat_topic
from models.events import read_heads
from models.viewers import Viewer
from resolvers.access import require_signed_in
from resolvers.scope import Scope
from services import chats, sessions
from services.chats import NewChat, StartedChat
from services.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class ChatRow:
    """A chat: its ticket, and the position in `topic` up to which its messages are read."""

    ticket_id: UUID
    topic: str
    position: int


def require_conversation(viewer: Viewer) -> UUID:
    """Return the ticket of the chat whose customer is looking.

    Raises Unauthenticated for strangers, and NotAllowed for others who have no chat.
    """
    require_signed_in(viewer)
    if viewer.conversation_id is None:
        raise NotAllowed
    return viewer.conversation_id


async def mine(scope: Scope) -> ChatRow:
    """Return the chat whose customer is looking."""
    ticket_id = require_conversation(scope.viewer)
    topic = chat_topic(ticket_id)
    heads = await read_heads(await scope.connection(), [topic])
    return ChatRow(ticket_id, topic, heads[topic].sequence)


async def start(scope: Scope, new: NewChat, idempotency_key: str | None) -> StartedChat:
    """Start a chat; what follows in the same operation is done by its customer.

    Where too many have started already, nobody waits for a connection to write with.
    """
    new = chats.checked(scope.viewer, new, idempotency_key)
    database, announce = scope.resources.database, scope.resources.announce
    async with scope.resources.chat_starts.one():
        async with database.reading() as connection:
            await chats.refuse_flood(connection, new, idempotency_key)
        async with unit_of_work(database, announce, scope.viewer.actor) as work:
            started = await chats.start(work, new, idempotency_key=idempotency_key)
    scope.viewer = await sessions.authenticate(
        database, f"Bearer {started.token}", language=scope.viewer.language
    )
    return started

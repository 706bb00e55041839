"""Chats: starting and ending one, the one whose customer is looking, and those of tickets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from core import clock
from core.errors import NotAllowed
from core.ids import NodeKind, encode_global_id
from models.actors import ActorKind
from models.base import Columns, project
from models.chats import Chat, ChatSide
from models.event_topics import chat_topic
from models.events import read_heads
from models.presence import PresenceState
from models.tickets import TicketStatus
from models.viewers import Viewer
from resolvers import tickets
from resolvers.access import require_row, require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.scope import Scope
from services import chats, sessions
from services.chats import NewChat, StartedChat
from services.live_chats import ends, tokens, transcript_mail
from services.live_chats.transcript_mail import WantedTranscript
from services.live_chats.transcripts import write_down, zone_named
from services.presence import ChatState
from services.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class ChatRow:
    """A chat: its ticket, how it stands, and the position in `topic` at which it is read."""

    ticket_id: UUID
    topic: str
    position: int
    started_at: datetime
    ended_at: datetime | None
    ended_by: ChatSide | None


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
    # What changes meanwhile is told after the position, and so once more.
    heads = await read_heads(await scope.connection(), [topic])
    rows = await scope.fetch(
        select(Chat.started_at, Chat.ended_at, Chat.ended_by).where(Chat.ticket_id == ticket_id)
    )
    chat = rows[0]
    return ChatRow(
        ticket_id,
        topic,
        heads[topic].sequence,
        started_at=chat.started_at,
        ended_at=chat.ended_at,
        ended_by=chat.ended_by,
    )


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


async def end(scope: Scope, ticket_id: UUID, status: TicketStatus | None) -> Chat:
    """End a chat, as its customer or for the desk."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await ends.end(work, scope.viewer, ticket_id, status)


async def revoke(scope: Scope, ticket_id: UUID) -> Chat:
    """Take the tokens of a chat away."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await tokens.revoke(work, scope.viewer, ticket_id)


async def transcript(scope: Scope, ticket_id: str, time_zone: str) -> str:
    """Return the conversation of a chat that the viewer sees.

    Raises NotFound, and Unavailable where too many ask for theirs.
    """
    zone = zone_named(time_zone, "timeZone")
    async with scope.resources.transcripts.one():
        row_id = await require_row(scope, tickets.by_id, NodeKind.TICKET, ticket_id, "ticketId")
        return (await write_down(await scope.connection(), row_id, zone, until=clock.now())).text


async def send_transcript(
    scope: Scope, wanted: WantedTranscript, idempotency_key: str | None
) -> None:
    """Let the conversation of the viewer's chat be mailed."""
    ticket_id = require_conversation(scope.viewer)
    async with scope.unit_of_work() as work:
        await transcript_mail.ask_for(
            work, scope.viewer, ticket_id, wanted, idempotency_key=idempotency_key
        )


async def say(scope: Scope, state: ChatState) -> None:
    """Let the customer of a chat say what they are doing in it."""
    ticket_id = require_conversation(scope.viewer)
    resource = encode_global_id(NodeKind.TICKET, ticket_id)
    presence = scope.resources.streams.presence
    await presence.say(resource, scope.viewer, state.presence, None)


@same_for_audience
async def by_ticket(
    scope: Scope, ticket_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Row[Any]]:
    """Return the chats of tickets that the viewer has come to see; others have none."""
    needed = None if columns is None else columns | {"ticket_id"}
    rows = await scope.fetch(select(*project(Chat, needed)).where(Chat.ticket_id.in_(ticket_ids)))
    return {row.ticket_id: row for row in rows}


@same_for_audience
async def customers_here(
    scope: Scope, ticket_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, bool]:
    """Return which chats, of tickets that the viewer has come to see, their customers look at."""
    resources = {key: encode_global_id(NodeKind.TICKET, key) for key in ticket_ids}
    found = await scope.resources.streams.presence.present(resources.values())
    return {
        key: any(
            present.actor_kind is ActorKind.CUSTOMER and present.state is not PresenceState.AWAY
            for present in found[resource]
        )
        for key, resource in resources.items()
    }

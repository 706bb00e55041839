"""What happens in a chat, live, for its customer."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.ids import NodeKind, encode_global_id
from resolvers import agents, chats, messages
from schema.agents import Agent
from schema.chat_changes import ChatEnded, ChatResumed
from schema.events import EventFields, StreamReady, StreamReset
from schema.fields import Info, column, relation
from schema.live import Live
from schema.messages import Message
from schema.nodes import FromRow
from schema.row_events import showing
from schema.scalars import EventCursor
from subscriptions.chats import ChatSource, ChatTypingSource


@strawberry.type(description="The customer has written, or was answered.")
class ChatMessageAdded(EventFields):
    """The customer has written, or was answered."""

    message: Message = relation("The message.", messages.by_id, key="message_id")


ChatEvent = Annotated[
    StreamReady | StreamReset | ChatMessageAdded | ChatEnded | ChatResumed,
    strawberry.union("ChatEvent", description="What the customer of a chat is told."),
]

_SHAPES: dict[str, Any] = {
    "ChatMessageAdded": ChatMessageAdded,
    "ChatEnded": ChatEnded,
    "ChatResumed": ChatResumed,
}


@dataclass(frozen=True, slots=True)
class _Typing:
    """Who types to the customer, as the fields below read it."""

    agent_id: UUID | None

    @property
    def is_typing(self) -> bool:
        return self.agent_id is not None


@strawberry.type(description="Whether somebody at the desk is typing a message to the customer.")
class ChatTyping(FromRow):
    """Whether somebody at the desk is typing a message to the customer."""

    is_typing: bool = column("Whether somebody is typing.")
    agent: Agent | None = relation(
        "Who is; where several are, who began first.", agents.at_work, key="agent_id"
    )


def _show_typing(item: Any) -> ChatTyping:
    return ChatTyping(row=_Typing(next(iter(item.value), None)))


@strawberry.type
class ChatSubscription:
    """Chats, live."""

    @strawberry.subscription(
        description="The messages of the chat whose token was sent, in order and once, and that it "
        "ended or goes on. For chat customers, whom the agents see in `presence` of the ticket "
        "while it lasts. Begins with StreamReady, or with what was written since `after`."
    )
    async def chat_events(
        self,
        info: Info,
        after: Annotated[
            EventCursor | None,
            strawberry.argument(description="Where to go on: the last cursor you got."),
        ] = None,
    ) -> AsyncIterable[ChatEvent]:
        """Follow the viewer's chat."""
        viewer, streams = info.context.viewer, info.context.resources.streams
        ticket_id = chats.require_conversation(viewer)
        attend = streams.presence.attendance(encode_global_id(NodeKind.TICKET, ticket_id), viewer)
        shown = showing(_SHAPES, ticket_id=ticket_id)
        return Live(ChatSource(streams, ticket_id), shown, after, attend)

    @strawberry.subscription(
        description="Whether somebody at the desk is typing a message in the chat whose token was "
        "sent: at once, then at each change. For chat customers. It ends by itself 6 seconds after "
        "the last key; when their message comes, take it away. Of notes it tells nothing."
    )
    async def chat_typing(self, info: Info) -> AsyncIterable[ChatTyping]:
        """Follow who types to the viewer."""
        ticket_id = chats.require_conversation(info.context.viewer)
        return Live(ChatTypingSource(info.context.resources.streams, ticket_id), _show_typing)

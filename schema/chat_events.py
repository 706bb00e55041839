"""What happens in a chat, live, for its customer."""

from collections.abc import AsyncIterable
from typing import Annotated, Any

import strawberry

from resolvers import chats, messages
from schema.events import EventFields, StreamReady, StreamReset
from schema.fields import Info, relation
from schema.live import Live
from schema.messages import Message
from schema.row_events import showing
from schema.scalars import EventCursor
from subscriptions.chats import ChatSource


@strawberry.type(description="The customer has written, or was answered.")
class ChatMessageAdded(EventFields):
    """The customer has written, or was answered."""

    message: Message = relation("The message.", messages.by_id, key="message_id")


ChatEvent = Annotated[
    StreamReady | StreamReset | ChatMessageAdded,
    strawberry.union("ChatEvent", description="What the customer of a chat is told."),
]

_SHAPES: dict[str, Any] = {"ChatMessageAdded": ChatMessageAdded}


@strawberry.type
class ChatSubscription:
    """Chats, live."""

    @strawberry.subscription(
        description="The messages of the chat whose token was sent, in order and once. For chat "
        "customers. Begins with StreamReady, or with what was written since `after`."
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
        ticket_id = chats.require_conversation(info.context.viewer)
        source = ChatSource(info.context.resources.streams, ticket_id)
        return Live(source, showing(_SHAPES), after)

"""Chats of customers."""

from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from resolvers import chats, tickets
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from schema.errors import (
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    Unavailable,
    ValidationFailed,
)
from schema.fields import Info, derived_in_scope, relation
from schema.nodes import FromRow
from schema.scalars import EventCursor
from schema.tickets import Ticket
from services.chats import NewChat
from subscriptions.log.cursors import encode_cursor


def _cursor(row: Any, scope: Scope) -> str:
    return encode_cursor(scope.resources.epoch, {row.topic: row.position})


@strawberry.type(description="A chat, as its customer has it on the screen.")
class Chat(FromRow):
    """A chat, as its customer has it on the screen."""

    ticket: Ticket = relation("The ticket that holds it.", tickets.by_id, key="ticket_id")
    event_cursor: EventCursor = derived_in_scope(
        "Where its events stand now: give it to `chatEvents` as `after` to miss nothing.",
        _cursor,
        needs=("topic", "position"),
    )


@strawberry.type
class ChatQuery:
    """The chat of whoever is looking."""

    @strawberry.field(description="The chat whose token was sent. For chat customers.")
    async def chat(self, info: Info) -> Chat:
        """Load the viewer's chat."""
        return Chat.from_row(await chats.mine(info.context))


@strawberry.input(description="Who wants to chat, and with whom.")
class ChatStartInput:
    """Who wants to chat, and with whom."""

    brand_id: strawberry.ID = strawberry.field(description="The brand they write to.")
    name: str | None = strawberry.field(
        default=None,
        description="What the customer wants to be called, at most 200 characters; “Visitor” if "
        "they do not say.",
    )
    language: str | None = strawberry.field(
        default=None, description="The language they write in, if it is `en`, `tr` or `el`."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="Send the same key again to be sure that a retry starts no second chat: it is "
        "answered with another token for the same one. Kept for 72 hours. Whoever knows the key "
        "gets in, so make it random, such as a UUID; 20 to 255 characters.",
    )


@strawberry.type(description="The chat has started.")
class ChatStartSuccess(FromRow):
    """The chat has started."""

    token: str = strawberry.field(
        description="Lets the customer into this chat and nowhere else: send it as "
        "`Authorization: Bearer …`. It is shown this once, and ends 30 days after its last use."
    )
    ticket: Ticket = relation("The ticket that holds it.", tickets.by_id, key="ticket_id")


ChatStartResult = Annotated[
    ChatStartSuccess
    | ValidationFailed
    | NotAllowed
    | LimitReached
    | IdempotencyKeyReused
    | Unavailable,
    strawberry.union(
        "ChatStartResult",
        description="The chat, or why there is none. Where too many have started within a minute, "
        "or start at this moment, the answer is `Unavailable`.",
    ),
]


@strawberry.type
class ChatMutation:
    """Starting chats."""

    @strawberry.mutation(
        description="Start a chat, as a customer; no token is needed. Once in an operation, which "
        "may ask for nothing that a chat customer may not see.",
        metadata={"at_most": 1},
    )
    async def chat_start(self, info: Info, input: ChatStartInput) -> ChatStartResult:
        """Start a chat."""
        brand_id = row_id_of(input.brand_id, NodeKind.BRAND, "input", "brandId")
        new = NewChat(brand_id, input.name, input.language)
        started = await chats.start(info.context, new, input.idempotency_key)
        return ChatStartSuccess(row=started, token=started.token)

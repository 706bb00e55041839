"""Chats of customers."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models.chats import ChatSide
from models.tickets import TicketStatus
from resolvers import chats, tickets
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from schema.errors import (
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from schema.fields import Info, column, derived_in_scope, relation
from schema.inputs import IDEMPOTENCY_KEY
from schema.nodes import FromRow
from schema.scalars import EventCursor
from schema.tickets import Ticket
from services.chats import NewChat
from services.live_chats.transcript_mail import WantedTranscript
from services.presence import ChatState
from subscriptions.log.cursors import encode_cursor

_UTC = "UTC"
_TIME_ZONE = "Whose clock counts, by its IANA name, such as `Europe/Istanbul`."


def _cursor(row: Any, scope: Scope) -> str:
    return encode_cursor(scope.resources.epoch, {row.topic: row.position})


@strawberry.type(description="A chat, as its customer has it on the screen.")
class Chat(FromRow):
    """A chat, as its customer has it on the screen."""

    ticket: Ticket = relation("The ticket that holds it.", tickets.by_id, key="ticket_id")
    started_at: datetime = column("When it was started.")
    ended_at: datetime | None = column(
        "When it ended; null while it goes on. Writing in it lets it go on again."
    )
    ended_by: ChatSide | None = column("Who ended it; null while it goes on.")
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

    @strawberry.field(
        description="The conversation of a chat as a text to keep, in the language of its brand: "
        "who wrote what and when, and the names of files. For the customer of the chat, and for "
        "those who see its ticket; all of them read the same, and never a note. Of more than 1,000 "
        "messages, or 500,000 characters, it holds the newest.",
        metadata={"at_most": 1},
    )
    async def chat_transcript(
        self,
        info: Info,
        ticket_id: Annotated[
            strawberry.ID, strawberry.argument(description="The ticket that holds the chat.")
        ],
        time_zone: Annotated[str, strawberry.argument(description=_TIME_ZONE)] = _UTC,
    ) -> str:
        """Write a chat down."""
        return await chats.transcript(info.context, ticket_id, time_zone)


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


@strawberry.input(description="A chat that is to end.")
class ChatEndInput:
    """A chat that is to end."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket that holds it.")
    status: TicketStatus | None = strawberry.field(
        default=None,
        description="What the ticket is to be from then on: RESOLVED unless you say otherwise. "
        "Customers may say nothing here: a ticket of theirs that is NEW or OPEN is RESOLVED then, "
        "but stays as it is where they have asked something that nobody has answered.",
    )


@strawberry.type(description="The chat has ended. Writing in it lets it go on again.")
class ChatEndSuccess(FromRow):
    """The chat has ended."""

    ticket: Ticket = relation("The ticket that holds it.", tickets.by_id, key="ticket_id")
    ended_at: datetime = column("When it ended, perhaps before.")


ChatEndResult = Annotated[
    ChatEndSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("ChatEndResult", description="When the chat ended, or why it did not."),
]


@strawberry.input(description="A chat that its customer is to be shut out of.")
class ChatRevokeInput:
    """A chat that its customer is to be shut out of."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket that holds it.")


@strawberry.type(description="The chat has ended, and no token opens it any more.")
class ChatRevokeSuccess(FromRow):
    """No token opens the chat any more."""

    ticket: Ticket = relation("The ticket that holds it.", tickets.by_id, key="ticket_id")
    revoked_at: datetime = column("When the tokens ended, perhaps before.")


ChatRevokeResult = Annotated[
    ChatRevokeSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("ChatRevokeResult", description="When it was done, or why it was not."),
]


@strawberry.input(description="What the customer of a chat is doing.")
class ChatStateSetInput:
    """What the customer of a chat is doing."""

    state: ChatState = strawberry.field(
        description="Send TYPING again every few seconds while keys are pressed; VIEWING when the "
        "text was sent or emptied, and when the page is shown again; AWAY when it is hidden."
    )


@strawberry.type(description="The agents see what the customer is doing.")
class ChatStateSetSuccess:
    """The agents see what the customer is doing."""

    state: ChatState = strawberry.field(description="What they see.")


ChatStateSetResult = Annotated[
    ChatStateSetSuccess | NotAllowed,
    strawberry.union(
        "ChatStateSetResult", description="What the agents see. For customers of chats."
    ),
]


@strawberry.input(description="Where the conversation of the chat is to be sent.")
class ChatTranscriptSendInput:
    """Where the conversation of the chat is to be sent."""

    email: str = strawberry.field(description="The address, which is kept nowhere else.")
    time_zone: str = strawberry.field(default=_UTC, description=_TIME_ZONE)
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.type(description="The conversation is on its way.")
class ChatTranscriptSendSuccess:
    """The conversation is on its way."""

    email: str = strawberry.field(description="Where it goes, as it was typed.")


ChatTranscriptSendResult = Annotated[
    ChatTranscriptSendSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | IdempotencyKeyReused
    | Unavailable,
    strawberry.union(
        "ChatTranscriptSendResult",
        description="Where it goes, or why it does not: `NotAllowed` until an agent has answered "
        "in the chat, `Unavailable` for the second one within an hour.",
    ),
]


@strawberry.type
class ChatMutation:
    """Starting chats, ending them, and what a customer is doing meanwhile."""

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

    @strawberry.mutation(
        description="End a chat: as its customer, or as somebody who may edit its ticket. Both "
        "sides are told. Ending it again changes nothing but the status, where the desk gives "
        "another one."
    )
    async def chat_end(self, info: Info, input: ChatEndInput) -> ChatEndResult:
        """End a chat."""
        ticket_id = row_id_of(input.ticket_id, NodeKind.TICKET, "input", "ticketId")
        return ChatEndSuccess(row=await chats.end(info.context, ticket_id, input.status))

    @strawberry.mutation(
        description="Shut the customer of a chat out, such as somebody who insults: the chat ends, "
        "and all its tokens end for good; their connections are closed within 5 seconds. What was "
        "written stays. For those who may edit the ticket. Doing it again changes nothing."
    )
    async def chat_revoke(self, info: Info, input: ChatRevokeInput) -> ChatRevokeResult:
        """Take the tokens of a chat away."""
        ticket_id = row_id_of(input.ticket_id, NodeKind.TICKET, "input", "ticketId")
        return ChatRevokeSuccess(row=await chats.revoke(info.context, ticket_id))

    @strawberry.mutation(
        description="Say what you are doing in the chat whose token was sent: the agents see it in "
        "`presence` of the ticket. It stands for 30 seconds, or as long as you subscribe to "
        "`chatEvents`; TYPING fades to VIEWING after 6 seconds. It is kept in no history."
    )
    async def chat_state_set(self, info: Info, input: ChatStateSetInput) -> ChatStateSetResult:
        """Say what the customer of a chat is doing."""
        await chats.say(info.context, input.state)
        return ChatStateSetSuccess(state=input.state)

    @strawberry.mutation(
        description="Have the conversation of the chat whose token was sent mailed to an address, "
        "as it stands now: what `chatTranscript` shows, under a fixed subject. For customers of "
        "chats in which an agent has answered; once in an hour."
    )
    async def chat_transcript_send(
        self, info: Info, input: ChatTranscriptSendInput
    ) -> ChatTranscriptSendResult:
        """Have a conversation mailed."""
        wanted = WantedTranscript(input.email, input.time_zone)
        await chats.send_transcript(info.context, wanted, input.idempotency_key)
        return ChatTranscriptSendSuccess(email=input.email)

"""Writing to customers, and taking in what they write."""

from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models.actors import ActorKind
from models.channels import Channel
from resolvers import authors, messages, tickets
from resolvers.global_ids import row_id_of
from schema.customers import Customer
from schema.errors import (
    IdempotencyKeyReused,
    LimitReached,
    NewActivity,
    NotAllowed,
    NotFound,
    TooLate,
    Unavailable,
    ValidationFailed,
)
from schema.fields import Info, derived, relation
from schema.inputs import IDEMPOTENCY_KEY, attachment_row_ids
from schema.messages import Message, refuse_hidden_ticket
from schema.nodes import FromRow
from schema.tickets import Ticket
from services.incoming_messages import IncomingMessage
from services.messages import OutgoingMessage

_TICKET = "The ticket it stands in; null where the viewer may not read it."


@strawberry.input(description="An answer to a customer.")
class MessageSendInput:
    """An answer to a customer."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket to answer in.")
    body: str = strawberry.field(
        description="The text, at most 100,000 characters; it may be empty where there are files."
    )
    attachment_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Uploaded files, five at most."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The ticket's `version` you have seen: if somebody else wrote since, the "
        "answer is `NewActivity` and nothing is sent. Absent or null sends in any case. Not for "
        "chat customers.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.type(description="The message is on its way.")
class MessageSendSuccess(FromRow):
    """The message is on its way."""

    message: Message = derived("The message.", Message.from_row, needs=())
    ticket: Ticket | None = relation(_TICKET, tickets.by_id, key="ticket_id")


MessageSendResult = Annotated[
    MessageSendSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | LimitReached
    | NewActivity
    | IdempotencyKeyReused
    | Unavailable,
    strawberry.union("MessageSendResult", description="The message, or why it was not sent."),
]


@strawberry.input(description="Which message to take back.")
class MessageUndoInput:
    """Which message to take back."""

    message_id: strawberry.ID = strawberry.field(
        description="The message, which has not gone out yet."
    )


@strawberry.type(description="The message does not go out, and stays where it was written.")
class MessageUndoSuccess(FromRow):
    """The message does not go out, and stays where it was written."""

    message: Message = derived("The message, not sent.", Message.from_row, needs=())
    ticket: Ticket | None = relation(_TICKET, tickets.by_id, key="ticket_id")


MessageUndoResult = Annotated[
    MessageUndoSuccess | ValidationFailed | NotFound | NotAllowed | TooLate,
    strawberry.union("MessageUndoResult", description="The message, or why it goes out."),
]


@strawberry.input(description="Which message to send anew.")
class MessageRetryInput:
    """Which message to send anew."""

    message_id: strawberry.ID = strawberry.field(description="The message that has failed.")


@strawberry.type(description="The message is on its way, or there already.")
class MessageRetrySuccess(FromRow):
    """The message is on its way, or there already."""

    message: Message = derived("The message.", Message.from_row, needs=())
    ticket: Ticket | None = relation(_TICKET, tickets.by_id, key="ticket_id")


MessageRetryResult = Annotated[
    MessageRetrySuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("MessageRetryResult", description="The message, or why it stays failed."),
]


@strawberry.input(description="What a customer wrote on a channel.")
class MessageReceiveInput:
    """What a customer wrote on a channel."""

    brand_id: strawberry.ID = strawberry.field(description="The brand they wrote to.")
    channel: Channel = strawberry.field(
        description="The channel they wrote on; nobody writes on INTERNAL."
    )
    handle: str = strawberry.field(
        description="Who they are on this channel: their address, number or user name."
    )
    body: str = strawberry.field(
        description="The text, at most 100,000 characters; it may be empty where there are files."
    )
    external_id: str | None = strawberry.field(
        default=None,
        description="The channel's own id of the message, unique within the brand and channel: "
        "the same one again is the same message, and of another handle it is refused.",
    )
    name: str | None = strawberry.field(
        default=None, description="Their name, for a customer who is new."
    )
    email: str | None = strawberry.field(
        default=None,
        description="The address they say is theirs: a claim, kept on their channel profile.",
    )
    phone: str | None = strawberry.field(
        default=None,
        description="The number they say is theirs: a claim, kept on their channel profile.",
    )
    subject: str | None = strawberry.field(
        default=None, description="The subject of a mail: an open ticket of it goes on."
    )
    attachment_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Uploaded files, five at most."
    )
    is_automatic: bool = strawberry.field(
        default=False,
        description="Whether the channel says that no person wrote it, such as a note of absence: "
        "no rule answers it, and it wakes no ticket that was put aside. Where all tickets of the "
        "handle are closed it begins one, at which nobody waits for an answer.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def message(self) -> IncomingMessage:
        """Return the message to take in. Raises ValidationFailed for wrong ids."""
        return IncomingMessage(
            channel=self.channel,
            handle=self.handle,
            body=self.body,
            brand_id=row_id_of(self.brand_id, NodeKind.BRAND, "input", "brandId"),
            external_id=self.external_id,
            name=self.name,
            email=self.email,
            phone=self.phone,
            subject=self.subject,
            attachment_ids=attachment_row_ids(self.attachment_ids),
            is_automatic=self.is_automatic,
        )


def _customer(author: tuple[ActorKind, Any] | None) -> Customer | None:
    """Return the customer who wrote a message; None for whom the viewer does not see."""
    row = None if author is None else author[1]
    return None if row is None else Customer.from_row(row)


@strawberry.type(description="The message was taken in, now or before.")
class MessageReceiveSuccess(FromRow):
    """The message was taken in, now or before."""

    message: Message = derived("The message.", Message.from_row, needs=())
    ticket: Ticket | None = relation(_TICKET, tickets.by_id, key="ticket_id")
    customer: Customer | None = relation(
        "Who wrote it; null where the viewer does not see them.",
        authors.by_message,
        key=("author_kind", "author_id", "ticket_id"),
        wrap=_customer,
    )
    is_first_contact: bool = relation(
        "Whether it is the first message ever of this customer, on any channel and to any brand.",
        messages.first_contacts,
        key="id",
        wrap=bool,
    )


MessageReceiveResult = Annotated[
    MessageReceiveSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union("MessageReceiveResult", description="The message, or why it was refused."),
]


@strawberry.type
class MessageMutation:
    """Writing to customers, and taking in what they write."""

    @strawberry.mutation(
        description="Answer a customer. A new ticket is open from then on. With a chat's token: "
        "write to those who answer, 30 times a minute at most; a ticket that was put aside or "
        "closed is open from then on."
    )
    async def message_send(self, info: Info, input: MessageSendInput) -> MessageSendResult:
        """Send a message."""
        outgoing = OutgoingMessage(
            ticket_id=row_id_of(input.ticket_id, NodeKind.TICKET, "input", "ticketId"),
            body=input.body,
            attachment_ids=attachment_row_ids(input.attachment_ids),
            expected_version=input.expected_version,
        )
        message = await messages.send(info.context, outgoing, input.idempotency_key)
        return MessageSendSuccess(row=message)

    @strawberry.mutation(
        description="Take back an answer by mail before it goes out. It stays in the conversation, "
        "marked as not sent, and answers nobody. `TooLate` once `undoUntil` has passed or its "
        "delivery has begun, as that of a connector does at once; one that was put off can be "
        "taken back until it is tried again. `NotAllowed` for what has no `delivery`. Taking it "
        "back twice is once. For who may answer on the ticket."
    )
    async def message_undo(self, info: Info, input: MessageUndoInput) -> MessageUndoResult:
        """Take back a message."""
        return MessageUndoSuccess(row=await messages.undo(info.context, input.message_id))

    @strawberry.mutation(
        description="Send a message whose delivery has failed, to the address that it failed for, "
        "or to the customer's where there was none; without any it stays failed. What was put off "
        "is tried now. What is on its way or sent stays as it is. `NotAllowed` for what was taken "
        "back, or has no `delivery`. Connectors are asked once more. For who may answer on the "
        "ticket."
    )
    async def message_retry(self, info: Info, input: MessageRetryInput) -> MessageRetryResult:
        """Send a message anew."""
        return MessageRetrySuccess(row=await messages.retry(info.context, input.message_id))

    @strawberry.mutation(
        description="Take in what a customer wrote: into the ticket of their handle on the channel "
        "that is not closed, or a new one. The order of a conversation is that in which its "
        "messages were taken in. For agents, and API tokens with the scope MESSAGES_WRITE; "
        "`ticket` and `message.ticket` need TICKETS_READ as well, and `customer` needs that or "
        "CUSTOMERS_READ."
    )
    async def message_receive(self, info: Info, input: MessageReceiveInput) -> MessageReceiveResult:
        """Take in a message."""
        refuse_hidden_ticket(info, "message")
        message = await messages.receive(info.context, input.message(), input.idempotency_key)
        return MessageReceiveSuccess(row=message)

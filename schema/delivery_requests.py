"""Connectors: what they are asked to deliver, and what they say became of it."""

from collections.abc import AsyncIterable
from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models.channels import CONNECTOR_CHANNELS, Channel
from resolvers import brands, delivery_requests, tickets
from resolvers.global_ids import row_id_of
from schema.brands import Brand
from schema.errors import NotAllowed, NotFound, ValidationFailed
from schema.events import EventFields, StreamReady, StreamReset
from schema.fields import Info, connection_columns, derived, relation
from schema.live import Live
from schema.messages import Message, refuse_hidden_ticket
from schema.nodes import FromRow
from schema.pages import After, Before, Connection, First, Last, connection_of, page_arguments
from schema.row_events import showing
from schema.scalars import EventCursor
from schema.tickets import Ticket
from services.delivery_confirmations import Confirmation, DeliveryOutcome
from subscriptions.delivery_requests import DeliveryRequestSource

_CHANNELS = ", ".join(channel.value for channel in CONNECTOR_CHANNELS)
_CHANNEL = f"One of those that connectors deliver on: {_CHANNELS}. On others nothing is asked."
_TICKET = "The ticket it stands in; null where the token may not read tickets."

ChannelArgument = Annotated[Channel, strawberry.argument(description=_CHANNEL)]


@strawberry.type(
    description="An answer is to be delivered to a customer. While `message.delivery.state` is "
    "QUEUED, nobody has said that it was."
)
class DeliveryRequested(EventFields):
    """An answer is to be delivered to a customer."""

    message: Message = relation(
        "What to deliver, as it stands now.", delivery_requests.message_by_id, key="message_id"
    )
    recipient: str = relation(
        "The customer's handle on the channel, as it was given to `messageReceive`. It was fixed "
        "when the message was written.",
        delivery_requests.recipients,
        key="message_id",
        wrap=lambda handle: handle,
    )
    brand: Brand = relation("The brand in whose name it is sent.", brands.by_id, key="brand_id")
    ticket: Ticket | None = relation(_TICKET, tickets.by_id, key="ticket_id")
    attempt: int = derived(
        "Which request of this message it is: 1, or more after `messageRetry`.",
        lambda row: row.payload["attempt"],
        needs=("payload",),
    )


DeliveryRequestEvent = Annotated[
    StreamReady | StreamReset | DeliveryRequested,
    strawberry.union("DeliveryRequestEvent", description="What a connector is told."),
]

_SHAPES: dict[str, Any] = {"DeliveryRequested": DeliveryRequested}


@strawberry.type
class DeliveryRequestSubscription:
    """What is to be delivered, live."""

    @strawberry.subscription(
        description="The answers to be delivered on a channel, in order and once. For API tokens "
        "with the scope MESSAGES_WRITE, each for its brands. Begins with StreamReady, or with what "
        "was asked since `after`. After StreamReady and StreamReset fetch `pendingDeliveries`. A "
        "token whose brands or scopes change hears StreamReset."
    )
    async def delivery_requests(
        self,
        info: Info,
        channel: ChannelArgument,
        after: Annotated[
            EventCursor | None,
            strawberry.argument(description="Where to go on: the last cursor you got."),
        ] = None,
    ) -> AsyncIterable[DeliveryRequestEvent]:
        """Follow what is to be delivered."""
        viewer = info.context.viewer
        delivery_requests.require_connector(viewer)
        refuse_hidden_ticket(info, "message")
        source = DeliveryRequestSource(info.context.resources.streams, channel, viewer)
        return Live(source, showing(_SHAPES), after)


@strawberry.type
class DeliveryRequestQuery:
    """What is still to be delivered."""

    @strawberry.field(
        description="The answers on a channel of which nobody has said what became of them, oldest "
        "first: what a connector does when it starts, and after StreamReset. For API tokens with "
        "the scope MESSAGES_WRITE, each for its brands."
    )
    async def pending_deliveries(
        self,
        info: Info,
        channel: ChannelArgument,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Message]:
        """Load a page of what is still to be delivered."""
        for path in (("nodes",), ("edges", "node")):
            refuse_hidden_ticket(info, *path)
        arguments = page_arguments(info, first, after, last, before)
        columns = connection_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        page = await delivery_requests.pending(info.context, channel, arguments, columns)
        return connection_of(page, Message.from_row)


@strawberry.input(description="What has become of a message that a connector was to deliver.")
class DeliveryConfirmInput:
    """What has become of a message."""

    message_id: strawberry.ID = strawberry.field(description="The message.")
    outcome: DeliveryOutcome = strawberry.field(description="What has become of it.")
    external_id: str | None = strawberry.field(
        default=None,
        description="The channel's own id of the message, unique within the brand and channel. The "
        "first one that is given of an attempt stays; that of a later attempt takes its place.",
    )
    detail: str | None = strawberry.field(
        default=None,
        description="What the channel said to a failure; agents read it. 500 characters are kept.",
    )
    attempt: int | None = strawberry.field(
        default=None,
        description="The request that it is about, as `DeliveryRequested` told it: a failure of an "
        "earlier one, or SENT, changes nothing. Absent or null means the newest.",
    )

    def confirmation(self) -> Confirmation:
        """Return what the connector says. Raises ValidationFailed for a wrong id."""
        return Confirmation(
            message_id=row_id_of(self.message_id, NodeKind.MESSAGE, "input", "messageId"),
            outcome=self.outcome,
            external_id=self.external_id,
            detail=self.detail,
            attempt=self.attempt,
        )


@strawberry.type(description="It is written down, now or before.")
class DeliveryConfirmSuccess(FromRow):
    """It is written down, now or before."""

    message: Message = derived("The message, as it stands now.", Message.from_row, needs=())
    ticket: Ticket | None = relation(_TICKET, tickets.by_id, key="ticket_id")


DeliveryConfirmResult = Annotated[
    DeliveryConfirmSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("DeliveryConfirmResult", description="The message, or why it was refused."),
]


@strawberry.type
class DeliveryRequestMutation:
    """Saying what has become of messages."""

    @strawberry.mutation(
        description="Say what has become of a message. It comes forward only: SENT after READ, and "
        "anything said twice, changes nothing. A failure is believed until the message is "
        "delivered; what failed and is DELIVERED or READ after all was a mistake, and so is SENT "
        "where it had failed for NOT_CONFIRMED. Of an attempt before the newest, DELIVERED and "
        "READ are believed alone. An agent is told of a failure. What nobody "
        "confirms within 24 hours fails by itself. For API tokens with the scope MESSAGES_WRITE, "
        "each for its brands."
    )
    async def delivery_confirm(
        self, info: Info, input: DeliveryConfirmInput
    ) -> DeliveryConfirmResult:
        """Confirm a delivery."""
        refuse_hidden_ticket(info, "message")
        message = await delivery_requests.confirm(info.context, input.confirmation())
        return DeliveryConfirmSuccess(row=message)

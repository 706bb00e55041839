"""Messages between customers and agents."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import messages as rows
from models.channels import Channel
from models.messages import DeliveryState, MessageDirection
from resolvers import actors, attachments, favorites, messages
from resolvers import tickets as ticket_batches
from schema.actors import Actor, wrap_actor
from schema.attachments import Attachment
from schema.fields import column, derived, relation
from schema.nodes import FromRow, Node, node_id
from schema.registry import register

if TYPE_CHECKING:
    from schema.favorites import Favorite
    from schema.tickets import Ticket


@strawberry.type(description="How far an outgoing message has come.")
class Delivery:
    """How far an outgoing message has come."""

    state: DeliveryState = strawberry.field(description="Queued, sent or failed.")
    recipient: str | None = strawberry.field(
        description="Where it goes: fixed when the message was sent."
    )


def _delivery(row: rows.Message) -> Delivery | None:
    if row.delivery_state is None:
        return None
    return Delivery(state=row.delivery_state, recipient=row.recipient)


@strawberry.type(description="What a customer or an agent wrote to the other.")
class Message(FromRow, Node):
    """What a customer or an agent wrote to the other."""

    id: strawberry.ID = node_id(NodeKind.MESSAGE)
    ticket: Annotated["Ticket", strawberry.lazy("schema.tickets")] = relation(
        "The ticket it belongs to.", ticket_batches.by_id, key="ticket_id"
    )
    author: Actor = relation(
        "Who wrote it.", actors.by_key, key=("author_kind", "author_id"), wrap=wrap_actor
    )
    channel: Channel = column("The way it came or went.")
    direction: MessageDirection = column("From the customer, or to them.")
    body: str = column("The text.")
    body_html: str | None = column("The text as sanitised HTML, where the mail had some.")
    created_at: datetime = column("When it was written.")
    attachments: list[Attachment] = relation(
        "The files that came or went with it.", attachments.by_message, key="id"
    )
    delivery: Delivery | None = derived(
        "How far it has come on its way out; null for what came in.",
        _delivery,
        needs=("delivery_state", "recipient"),
    )
    favorite: Annotated["Favorite", strawberry.lazy("schema.favorites")] | None = relation(
        "Its star, if somebody starred it.", favorites.by_item, key="id"
    )


register(NodeKind.MESSAGE, Message, rows.Message, messages.by_id)

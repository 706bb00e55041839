"""The live chat that a ticket holds, as the desk sees it."""

from datetime import datetime

import strawberry

from models.chats import ChatSide
from resolvers import chats
from schema.fields import column, relation
from schema.nodes import FromRow


@strawberry.type(description="The live chat that a ticket holds, as the desk sees it.")
class TicketChat(FromRow):
    """The live chat that a ticket holds."""

    started_at: datetime = column("When the customer started it.")
    ended_at: datetime | None = column(
        "When it ended; null while it goes on. It goes on again when the customer writes."
    )
    ended_by: ChatSide | None = column("Who ended it; null while it goes on.")
    revoked_at: datetime | None = column(
        "When the customer was shut out by `chatRevoke`; null where they were not."
    )
    customer_is_here: bool = relation(
        "Whether the customer has the chat open and is looking. `presence` of the ticket tells it "
        "live, and that they are typing.",
        chats.customers_here,
        key="ticket_id",
        wrap=bool,
    )

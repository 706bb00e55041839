"""What becomes of a chat, as both sides are told it."""

from typing import Any

import strawberry

from models.chats import ChatSide
from resolvers import ticket_changes, tickets
from schema.events import EventFields
from schema.fields import derived, relation
from schema.ticket_changes import TicketChange
from schema.tickets import Ticket


def _ticket_now() -> Any:
    return relation(
        "The ticket as it is now, which may be after later events.", tickets.by_id, key="ticket_id"
    )


def _change() -> Any:
    return derived(
        "The event as the ticket's `changes` and `timeline` show it. For the desk.",
        lambda row: TicketChange.from_row(ticket_changes.TicketChange.of(row.record)),
        needs=("record",),
    )


@strawberry.type(description="The chat has ended. It goes on when the customer writes again.")
class ChatEnded(EventFields):
    """The chat has ended."""

    ended_by: ChatSide = derived(
        "Who ended it.", lambda row: ChatSide(row.payload["ended_by"]), needs=("payload",)
    )
    ticket: Ticket = _ticket_now()
    change: TicketChange = _change()


@strawberry.type(description="The chat had ended, and goes on: the customer has written.")
class ChatResumed(EventFields):
    """The chat goes on."""

    ticket: Ticket = _ticket_now()
    change: TicketChange = _change()


@strawberry.type(description="The customer was shut out of the chat: `chatRevoke`.")
class ChatRevoked(EventFields):
    """The customer was shut out."""

    ticket: Ticket = _ticket_now()
    change: TicketChange = _change()

"""Whether a message is the first that a customer ever wrote, whatever the channel and the brand."""

from functools import cache

from sqlalchemy import ColumnElement, and_, exists, literal, or_, tuple_
from sqlalchemy.orm import aliased

from models.messages import Message, MessageDirection
from models.tickets import Ticket


@cache  # every message that comes in asks several times; building it takes longer than asking
def is_first_of_customer(*, of_profile: bool = False) -> ColumnElement[bool]:
    """Limit messages to incoming ones before which their ticket's customer wrote none.

    Who has been merged with, or linked to, somebody who wrote before is known. With `of_profile`
    only what came by the same profile counts, so that a claim tells nothing of somebody else.
    """
    earlier, its_ticket, ticket = aliased(Message), aliased(Ticket), aliased(Ticket)
    wrote_before = (
        exists()
        .where(
            ticket.id == Message.ticket_id,
            its_ticket.customer_id == ticket.customer_id,
            earlier.ticket_id == its_ticket.id,
            or_(
                literal(not of_profile),
                ticket.profile_id.is_(None),
                its_ticket.profile_id == ticket.profile_id,
            ),
            earlier.direction == MessageDirection.INCOMING,
            tuple_(earlier.created_at, earlier.id) < tuple_(Message.created_at, Message.id),
        )
        .correlate(Message)
    )
    return and_(Message.direction == MessageDirection.INCOMING, ~wrote_before)

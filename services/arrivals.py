"""A customer's message in its ticket: what it wakes, unless rules put it aside at once."""

from collections.abc import Sequence
from uuid import UUID

from models.messages import Message
from models.tickets import TicketStatus
from services.automation.foresight import foresee
from services.messages import NewMessage, append
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork


async def take_in(
    work: UnitOfWork,
    hand: TicketInHand,
    new: NewMessage,
    *,
    wakes: Sequence[TicketStatus],
    row_id: UUID | None = None,
) -> Message:
    """Add a customer's message; a ticket that has one of the states in `wakes` is open from now on.

    A machine's message wakes none. A ticket that rules are about to put aside is put aside already,
    be it woken or new: agents hear of it once, and not of a state that lasts a moment.
    """
    message = await append(work, hand, new, row_id=row_id)
    ticket = hand.ticket
    is_woken = ticket.status in wakes and not new.is_automatic
    if not hand.is_new and not is_woken:
        return message
    wanted = ticket.status if hand.is_new else TicketStatus.OPEN
    # The ticket's row is written once, with its version: nothing here reads what changed on it.
    with work.session.no_autoflush:
        foreseen = await foresee(work.session, ticket, message, wanted)
    if foreseen is None:
        _put(hand, wanted)
        return message
    hand.say_more("MessageAdded", foreseen.as_payload())
    hand.rely_on_rules()
    with work.led_by(1):  # the status is what a rule is about to set
        _put(hand, foreseen.status)
    return message


def _put(hand: TicketInHand, status: TicketStatus) -> None:
    if hand.is_new:
        hand.begin_as(status)
    else:
        hand.set_status(status)


async def expect_words(work: UnitOfWork, hand: TicketInHand) -> None:
    """Put a ticket aside whose chat has just begun, where rules would do so at the first word.

    Nobody has said anything yet; a first word that they do not put aside opens it.
    """
    foreseen = await foresee(work.session, hand.ticket, None, hand.ticket.status)
    if foreseen is not None:
        hand.begin_as(foreseen.status)

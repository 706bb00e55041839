"""Telling tickets that it was found out, or taken back, who writes: rules are tried after that."""

from sqlalchemy import select

from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.tickets import FINISHED_STATUSES, Ticket
from services.changes import FieldChange
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork

# Each is two events, and a profile has a few tickets under way; the newest are those that matter.
TICKETS_TOLD = 25


async def tell_tickets(
    work: UnitOfWork,
    profile: ChannelProfile,
    before: ProfileLinkState,
    *,
    hand: TicketInHand | None = None,
) -> None:
    """Write into the newest tickets under way by a profile how sure it is now who writes.

    It was `before` that sure until now. A ticket in hand is that of the rule which links by a claim
    on it, and which says itself what becomes of it.
    """
    if profile.link_state is before:
        return
    change = FieldChange("profile", before, profile.link_state)
    in_hand = None if hand is None else hand.ticket.id
    newest = (
        select(Ticket.id)
        .where(Ticket.profile_id == profile.id, Ticket.status.not_in(FINISHED_STATUSES))
        .order_by(Ticket.id.desc())
        .limit(TICKETS_TOLD)
    )
    tickets = await work.session.scalars(
        select(Ticket)
        .where(Ticket.id.in_(newest), Ticket.id != in_hand)
        .order_by(Ticket.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for ticket in tickets.all():
        told = TicketInHand(work, ticket)
        told.record_changes([change])
        await told.finish()

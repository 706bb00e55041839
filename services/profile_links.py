"""Links: making a profile over to the customer it turned out to be of, and taking that back.

A link moves the profile with what came in by it, and no more. Where nothing is left of the customer
it came with, they are hidden and their id leads on. All is written down by
`services.merging.moves`, so that unlinking restores both customers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select

from core.errors import NotAllowed, NotFound, Unavailable
from models.channel_profiles import ChannelProfile, ProfileLinkState, visible_to
from models.claims import seen_as
from models.customer_moves import CustomerMove, CustomerMoveKind
from models.customers import Customer
from models.profile_links import ProfileLink
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from services.channel_profiles import record
from services.handles import phone_of
from services.identity.telling import tell_tickets
from services.merging import moves
from services.merging.holding import hold_for_link, hold_profiles
from services.merging.undo_order import refuse_unlink
from services.tickets import TicketInHand
from services.turns import take_turn_to_move
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class HeldProfile:
    """A profile that the act has locked, and the move that made it over, if it is linked."""

    profile: ChannelProfile
    link: ProfileLink | None = None
    move: CustomerMove | None = None


async def link(
    work: UnitOfWork, viewer: Viewer, profile_id: UUID, customer_id: UUID
) -> ChannelProfile:
    """Link a profile to a customer, unverified, instead of whom it is linked to.

    It is theirs already: nothing happens. It came with them: it is unlinked. Raises NotFound for
    what the viewer does not see, and NewerMerge and NewerLink as `unlink` does.
    """
    held = await hold_visible(work, viewer, profile_id)
    target_id = await work.session.scalar(select(Customer.id).where(seen_as(viewer, customer_id)))
    if target_id is None:
        raise NotFound
    await make_over(work, held, target_id, ProfileLinkState.CLAIMED, viewer=viewer)
    return held.profile


async def unlink(work: UnitOfWork, viewer: Viewer, profile_id: UUID) -> ChannelProfile:
    """Give a profile, with what came in by it since, back to the customer that it came with.

    One that is not linked stays as it is. Raises NotFound for one that the viewer does not see,
    and NewerMerge or NewerLink where that customer is somebody else by now.
    """
    held = await hold_visible(work, viewer, profile_id)
    if held.move is None:
        return held.profile
    before = held.profile.link_state
    people = await hold_people(work, held)
    await _take_back(work, held, people, viewer)
    await tell_tickets(work, held.profile, before)
    return held.profile


async def seen(work: UnitOfWork, viewer: Viewer, profile_id: UUID) -> ChannelProfile:
    """Return a profile, not locked, of which the viewer may say whose it is.

    Raises NotFound where they do not see it, else NotAllowed.
    """
    found = await work.session.scalar(
        select(ChannelProfile).where(visible_to(viewer), ChannelProfile.id == profile_id)
    )
    if found is None:
        raise NotFound
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    return found


async def hold_visible(work: UnitOfWork, viewer: Viewer, profile_id: UUID) -> HeldProfile:
    """Lock a profile. Raises NotFound where the viewer does not see it, else NotAllowed."""
    profile = await seen(work, viewer, profile_id)
    return await hold(work, profile.id)


async def hold_alone(work: UnitOfWork, profile_id: UUID) -> ChannelProfile:
    """Lock a profile that is not to be linked: whoever writes by it waits, and nobody else."""
    return await work.session.get_one(
        ChannelProfile, profile_id, with_for_update=True, populate_existing=True
    )


async def hold(work: UnitOfWork, profile_id: UUID) -> HeldProfile:
    """Lock a profile, before any customer: whoever writes by it waits, and so do other links.

    The others of whom it came with are locked with it, in the order of their ids: links take them
    all, and so does a link that takes an earlier one back first. The turn keeps who that is.
    """
    await take_turn_to_move(work)
    found: Any = await work.session.execute(
        select(ChannelProfile.customer_id, ProfileLink, CustomerMove)
        .outerjoin(ProfileLink, ProfileLink.profile_id == ChannelProfile.id)
        .outerjoin(CustomerMove, CustomerMove.id == ProfileLink.move_id)
        .where(ChannelProfile.id == profile_id)
    )
    owner_id, link_row, move = found.one()
    await hold_profiles(work, profile_id, owner_id if move is None else move.source_id)
    profile = await work.session.get_one(ChannelProfile, profile_id, populate_existing=True)
    return HeldProfile(profile, link_row, move)


async def make_over(
    work: UnitOfWork,
    held: HeldProfile,
    target_id: UUID,
    state: ProfileLinkState,
    *,
    viewer: Viewer | None = None,
    hand: TicketInHand | None = None,
) -> bool:
    """Link a held profile to a customer; return False where it is theirs already.

    Who it came with gets it back as it was. `hand` is a ticket that the act has locked already, and
    changes besides. Raises NewerMerge or NewerLink, before it changes anything, where the profile
    cannot be taken from whom it is linked to: they name what the `viewer` sees.
    """
    if held.profile.customer_id == target_id:
        return False
    people = await hold_people(work, held, target_id)
    await make_over_held(work, held, people, target_id, state, viewer=viewer, hand=hand)
    return True


async def make_over_held(
    work: UnitOfWork,
    held: HeldProfile,
    people: Mapping[UUID, Customer],
    target_id: UUID,
    state: ProfileLinkState,
    *,
    viewer: Viewer | None = None,
    hand: TicketInHand | None = None,
) -> None:
    """Link a held profile, of somebody else, to one of the people whom `hold_people` has locked."""
    profile, before = held.profile, held.profile.link_state
    if held.move is not None:
        await _take_back(work, held, people, viewer)
    if profile.customer_id != target_id:
        source, target = people[profile.customer_id], people[target_id]
        await _move(work, profile, source, target, state, hand)
    await tell_tickets(work, profile, before, hand=hand)


async def _move(
    work: UnitOfWork,
    profile: ChannelProfile,
    source: Customer,
    target: Customer,
    state: ProfileLinkState,
    hand: TicketInHand | None,
) -> None:
    if target.merged_into_id is not None:
        raise Unavailable  # somebody was quicker: who they are now is found by trying again
    is_all = await _is_all_of(work, profile, source)
    moved = await moves.move(
        work,
        CustomerMoveKind.LINK,
        source,
        target,
        profile_ids=None if is_all else [profile.id],
        hand=hand,
    )
    work.session.add(
        ProfileLink(
            profile_id=profile.id,
            move_id=moved.id,
            state_before=profile.link_state,
            linked_at_before=profile.linked_at,
        )
    )
    profile.link_state, profile.linked_at = state, work.now
    record(work, "ProfileUnlinked", profile, source, came_with=True)
    record(work, "ProfileLinked", profile, target)


async def _take_back(
    work: UnitOfWork, held: HeldProfile, people: Mapping[UUID, Customer], viewer: Viewer | None
) -> None:
    profile, link_row, move = held.profile, held.link, held.move
    if link_row is None or move is None:
        return
    source, holder = people[move.source_id], people[profile.customer_id]
    await refuse_unlink(work, viewer, move, source, holder)
    await work.session.delete(link_row)
    await moves.undo(work, move, source, holder)
    record(work, "ProfileUnlinked", profile, holder)
    profile.link_state = link_row.state_before
    profile.linked_at = link_row.linked_at_before
    record(work, "ProfileLinked", profile, source)
    await work.session.flush()


async def hold_people(
    work: UnitOfWork, held: HeldProfile, *target_ids: UUID
) -> dict[UUID, Customer]:
    """Lock all whom a link has to do with, and taking back before it the one that stands."""
    home_id = held.profile.customer_id if held.move is None else held.move.source_id
    return await hold_for_link(work, home_id, held.move, held.profile.customer_id, *target_ids)


async def _is_all_of(work: UnitOfWork, profile: ChannelProfile, customer: Customer) -> bool:
    """Tell whether a customer is nobody but this profile: nothing else tells them apart."""
    is_phone_of_handle = customer.phone == phone_of(profile.channel, profile.handle)
    if customer.email is not None or not (customer.phone is None or is_phone_of_handle):
        return False
    has_other_profile = exists().where(
        ChannelProfile.customer_id == customer.id, ChannelProfile.id != profile.id
    )
    has_other_ticket = exists().where(
        Ticket.customer_id == customer.id, Ticket.profile_id.is_distinct_from(profile.id)
    )
    is_more = await work.session.scalar(select(or_(has_other_profile, has_other_ticket)))
    return not is_more

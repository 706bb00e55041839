"""Links: making a profile over to the customer it turned out to be of, and taking that back.

A link moves the profile with what came in by it, and no more. Where nothing is left of the customer
it came with, they are hidden and their id leads on. All is written down by
`services.merging.moves`, so that unlinking restores both customers.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select

from core.errors import NotAllowed, NotFound, Unavailable
from models import customers as customer_rows
from models.channel_profiles import ChannelProfile, ProfileLinkState, visible_to
from models.customer_moves import CustomerMove, CustomerMoveKind, went_along
from models.customers import Customer
from models.event_topics import topic_of
from models.interactions import Interaction
from models.profile_links import ProfileLink
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from services.handles import phone_of
from services.merging import moves
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
    target_id = await work.session.scalar(
        select(Customer.id).where(
            customer_rows.visible_to(viewer), customer_rows.is_known_as(customer_id)
        )
    )
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
    await _take_back(work, held, viewer)
    return held.profile


async def hold_visible(work: UnitOfWork, viewer: Viewer, profile_id: UUID) -> HeldProfile:
    """Lock a profile. Raises NotFound where the viewer does not see it, else NotAllowed."""
    found = await work.session.scalar(
        select(ChannelProfile.id).where(visible_to(viewer), ChannelProfile.id == profile_id)
    )
    if found is None:
        raise NotFound
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    return await hold(work, profile_id)


async def hold(work: UnitOfWork, profile_id: UUID) -> HeldProfile:
    """Lock a profile, before any customer: whoever writes by it waits, and so do other links.

    The others of its customer are locked with it, in the order of their ids: links take them all.
    """
    await take_turn_to_move(work)
    owner = select(ChannelProfile.customer_id).where(ChannelProfile.id == profile_id)
    of_owner = ChannelProfile.customer_id == owner.scalar_subquery()
    await work.session.execute(
        select(ChannelProfile.id)
        .where(or_(ChannelProfile.id == profile_id, of_owner))
        .order_by(ChannelProfile.id)
        .with_for_update()
    )
    profile = await work.session.get_one(ChannelProfile, profile_id, populate_existing=True)
    found: Any = await work.session.execute(
        select(ProfileLink, CustomerMove)
        .join(CustomerMove, CustomerMove.id == ProfileLink.move_id)
        .where(ProfileLink.profile_id == profile_id)
    )
    row = found.one_or_none()
    return HeldProfile(profile) if row is None else HeldProfile(profile, *row)


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
    profile = held.profile
    if profile.customer_id == target_id:
        return False
    await hold_people(work, held, target_id)
    if held.move is not None:
        await _take_back(work, held, viewer)
    if profile.customer_id != target_id:
        await _move(work, profile, target_id, hand)
        profile.link_state = state
    return True


async def _move(
    work: UnitOfWork, profile: ChannelProfile, target_id: UUID, hand: TicketInHand | None
) -> None:
    source, target = await moves.hold(work, profile.customer_id, target_id)
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
    profile.linked_at = work.now
    _tell(work, profile, whose=source, becomes=target)


async def _take_back(work: UnitOfWork, held: HeldProfile, viewer: Viewer | None) -> None:
    profile, link_row, move = held.profile, held.link, held.move
    if link_row is None or move is None:
        return
    source, holder = await moves.hold_for_undo(work, move)
    await refuse_unlink(work, viewer, move, source, holder)
    await work.session.delete(link_row)
    await moves.undo(work, move)
    profile.link_state = link_row.state_before
    profile.linked_at = link_row.linked_at_before
    _tell(work, profile, whose=holder, becomes=source)
    await work.session.flush()


async def hold_people(work: UnitOfWork, held: HeldProfile, *target_ids: UUID) -> None:
    """Lock interactions and all customers whom a link, and taking one back before, has to do with.

    They are locked together here, in the order that docs/architecture.md says, as the two steps by
    themselves would lock theirs one after the other.
    """
    home_id = held.profile.customer_id if held.move is None else held.move.source_id
    which: ColumnElement[bool] = Interaction.customer_id == home_id
    if held.move is not None:
        which = or_(which, went_along(held.move, Interaction))
    await work.session.execute(
        select(Interaction.id).where(which).order_by(Interaction.id).with_for_update()
    )
    people = (home_id, held.profile.customer_id, *target_ids)
    await work.session.execute(
        select(Customer.id)
        .where(Customer.id.in_(people))
        .order_by(Customer.id)
        .with_for_update(key_share=True)
    )


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


def _tell(work: UnitOfWork, profile: ChannelProfile, *, whose: Customer, becomes: Customer) -> None:
    payload = {"profile_id": profile.id.hex}
    for event_type, customer in (("ProfileUnlinked", whose), ("ProfileLinked", becomes)):
        work.record(event_type, payload, topic=topic_of(customer), versions=[customer])

"""What is undone first, where merges and links are stacked on the same people.

An undo puts rows back where they were. It is refused while a newer move stands that took along the
same profile, or that hid who is to get the rows back: what is undone in another order could not be
put back exactly. The newest is undone first, and the error names it.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from core.errors import NewerLink, NewerMerge
from models import channel_profiles, customer_moves
from models.channel_profiles import ChannelProfile
from models.customer_moves import CustomerMove, CustomerMoveKind, written_down
from models.customers import Customer
from models.profile_links import ProfileLink
from models.viewers import Viewer
from services.unit_of_work import UnitOfWork


async def refuse_unmerge(work: UnitOfWork, viewer: Viewer, move: CustomerMove) -> None:
    """Raise NewerMerge or NewerLink where a merge is not to be undone yet.

    So it is while one of the two is merged again, as the fields of both are restored; while a link
    hides the target; and while a profile that the merge took along is linked to somebody else.
    """
    both = (move.source_id, move.target_id)
    merged_again = and_(
        CustomerMove.kind == CustomerMoveKind.MERGE,
        or_(CustomerMove.source_id.in_(both), CustomerMove.target_id.in_(both)),
    )
    hides_target = and_(CustomerMove.is_whole, CustomerMove.source_id == move.target_id)
    made_by_merge = [UUID(profile_id) for profile_id in move.kept["profiles"]]
    took_profile = CustomerMove.id.in_(
        select(ProfileLink.move_id)
        .join(ChannelProfile, ChannelProfile.id == ProfileLink.profile_id)
        .where(or_(written_down(move, ChannelProfile), ChannelProfile.id.in_(made_by_merge)))
    )
    newer = await _newest(
        work, CustomerMove.id > move.id, or_(merged_again, hides_target, took_profile)
    )
    if newer is not None:
        raise await _first(work, viewer, newer)


async def refuse_unlink(
    work: UnitOfWork, viewer: Viewer | None, move: CustomerMove, source: Customer, holder: Customer
) -> None:
    """Raise NewerMerge or NewerLink where a link is not to be undone yet.

    So it is while whom the profile came with is somebody else by another move, and while they and
    whoever has the profile are one. Without a `viewer` the error names nothing.
    """
    if source.merged_into_id is not None and not move.is_whole:
        hidden_id = source.id
    elif source.id == holder.id:
        hidden_id = move.target_id
    else:
        return
    newer = await _newest(work, and_(CustomerMove.is_whole, CustomerMove.source_id == hidden_id))
    if newer is not None:
        raise await _first(work, viewer, newer)


async def since_when_hidden(work: UnitOfWork, customer: Customer) -> CustomerMove:
    """Return the move since which the id of a customer leads to somebody else, as it does."""
    hides = and_(CustomerMove.is_whole, CustomerMove.source_id == customer.id)
    found = await _newest(work, hides)
    if found is None:
        raise LookupError(customer.id)
    return found


async def _newest(work: UnitOfWork, *which: ColumnElement[bool]) -> CustomerMove | None:
    """Return the newest of some moves that stand."""
    return await work.session.scalar(
        select(CustomerMove)
        .where(CustomerMove.undone_at.is_(None), *which)
        .order_by(CustomerMove.id.desc())
        .limit(1)
    )


async def _first(
    work: UnitOfWork, viewer: Viewer | None, newer: CustomerMove
) -> NewerMerge | NewerLink:
    """Return the error that names what is undone first, where the viewer may see it."""
    if newer.kind is CustomerMoveKind.MERGE:
        if viewer is None:
            return NewerMerge(None)
        seen = select(CustomerMove).where(
            customer_moves.merges_visible_to(viewer), CustomerMove.id == newer.id
        )
        return NewerMerge(await work.session.scalar(seen))
    if viewer is None:
        return NewerLink(None)
    linked = (
        select(ChannelProfile)
        .join(ProfileLink, ProfileLink.profile_id == ChannelProfile.id)
        .where(channel_profiles.visible_to(viewer), ProfileLink.move_id == newer.id)
    )
    return NewerLink(await work.session.scalar(linked))

"""What merges and links lock before they write: see "Locks" in docs/architecture.md.

Each act holds all the people that it has to do with at once. Two steps that lock theirs one after
the other would lock customers before profiles, and wait in a circle with who writes meanwhile.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from core.errors import NotFound
from models.channel_profiles import ChannelProfile
from models.customer_moves import CustomerMove, went_along, written_down
from models.customers import Customer
from models.interactions import Interaction
from models.tickets import Ticket
from services.unit_of_work import UnitOfWork


async def hold(work: UnitOfWork, source_id: UUID, target_id: UUID) -> tuple[Customer, Customer]:
    """Lock two customers who become one, and before them what of the source others lock before it.

    Raises NotFound where one of them does not exist.
    """
    await _lock(work, ChannelProfile, ChannelProfile.customer_id == source_id)
    await _lock(work, Interaction, Interaction.customer_id == source_id)
    return await _lock_both(work, source_id, target_id, Customer.merged_into_id == source_id)


async def hold_for_undo(work: UnitOfWork, move: CustomerMove) -> tuple[Customer, Customer]:
    """Lock the source of a move, and who has its rows now; and before them as `hold` does."""
    await _lock(work, ChannelProfile, went_along(move, ChannelProfile))
    await _lock(work, Interaction, went_along(move, Interaction))
    holder_id = await work.session.scalar(
        select(func.coalesce(Customer.merged_into_id, Customer.id)).where(
            Customer.id == move.target_id
        )
    )
    along = written_down(move, Customer)
    return await _lock_both(work, move.source_id, holder_id or move.target_id, along)


async def hold_profiles(work: UnitOfWork, profile_id: UUID, home_id: UUID) -> None:
    """Lock a profile that is to be linked, with all others of the customer that it came with."""
    of_home = ChannelProfile.customer_id == home_id
    await _lock(work, ChannelProfile, or_(ChannelProfile.id == profile_id, of_home))


async def hold_for_link(
    work: UnitOfWork, home_id: UUID, move: CustomerMove | None, *people: UUID
) -> dict[UUID, Customer]:
    """Lock whom a link has to do with, and taking back before it the `move` that stands.

    That is whom the profile came with and who was merged into them, whoever has it, and whoever
    gets it; before them the interactions. The act holds the profiles. Returns them by their ids.
    """
    interactions: ColumnElement[bool] = Interaction.customer_id == home_id
    which = or_(Customer.id.in_((home_id, *people)), Customer.merged_into_id == home_id)
    if move is not None:
        interactions = or_(interactions, went_along(move, Interaction))
        which = or_(which, written_down(move, Customer))
    await _lock(work, Interaction, interactions)
    return await _lock_customers(work, which)


async def lock_tickets(work: UnitOfWork, *customer_ids: UUID) -> None:
    """Lock all tickets of customers, whom the act has locked, in the order that all acts keep."""
    await _lock(work, Ticket, Ticket.customer_id.in_(customer_ids))


async def lock_tickets_by(work: UnitOfWork, profile_id: UUID) -> None:
    """Lock all tickets that came by a profile, whose customer the act has locked, in that order."""
    await _lock(work, Ticket, Ticket.profile_id == profile_id)


async def _lock(work: UnitOfWork, model: type[Any], which: ColumnElement[bool]) -> None:
    """Lock rows in the order of their ids, without reading them."""
    held = select(model.id).where(which).order_by(model.id).with_for_update().subquery()
    await work.session.execute(select(func.count()).select_from(held))


async def _lock_both(
    work: UnitOfWork, source_id: UUID, target_id: UUID, along: ColumnElement[bool]
) -> tuple[Customer, Customer]:
    """Lock two customers, and those who go along since they were merged into one of them."""
    found = await _lock_customers(work, or_(Customer.id.in_([source_id, target_id]), along))
    if not {source_id, target_id} <= found.keys():
        raise NotFound
    return found[source_id], found[target_id]


async def _lock_customers(work: UnitOfWork, which: ColumnElement[bool]) -> dict[UUID, Customer]:
    rows = await work.session.scalars(
        select(Customer)
        .where(which)
        .order_by(Customer.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {customer.id: customer for customer in rows}

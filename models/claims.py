"""Links on somebody's word alone, and how little they show.

Whoever writes may say to be anybody. Who reads no customers but those of their tickets is shown,
wherever a claim would lead them to the known customer, the one with whom the profile came.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select, true

from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.customer_moves import CustomerMove, MovedRow
from models.customers import CAME_BY_CLAIM, Customer, is_known_as, visible_to
from models.profile_links import ProfileLink
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer


def claimed_homes() -> Select[UUID, UUID]:
    """Return the profiles that are linked by a claim, each with the customer it came with."""
    return (
        select(ProfileLink.profile_id, CustomerMove.source_id.label("customer_id"))
        .join(CustomerMove, CustomerMove.id == ProfileLink.move_id)
        .join(ChannelProfile, ChannelProfile.id == ProfileLink.profile_id)
        .where(ChannelProfile.link_state == ProfileLinkState.CLAIMED)
    )


def is_home_of_seen(viewer: Viewer) -> ColumnElement[bool]:
    """Limit to the customers who are shown as those of claimed tickets that a viewer sees."""
    if not viewer.may(ApiScope.TICKETS_READ):
        return false()
    homes = (
        claimed_homes()
        .join(Ticket, Ticket.profile_id == ProfileLink.profile_id)
        .where(Ticket.brand_id.in_(viewer.brand_ids))
    )
    return Customer.id.in_(homes.with_only_columns(CustomerMove.source_id))


def is_hidden_by_claim() -> ColumnElement[bool]:
    """Limit to customers whose id leads to a known one by a claim: theirs, or of whom they are."""
    went_along = exists().where(
        MovedRow.move_id == CustomerMove.id,
        MovedRow.table_name == Customer.__tablename__,
        MovedRow.row_id == Customer.id,
    )
    hides = claimed_homes().where(
        ChannelProfile.customer_id == Customer.merged_into_id,
        CustomerMove.is_whole,
        or_(CustomerMove.source_id == Customer.id, went_along),
    )
    return hides.correlate(Customer).exists()


def leads_on(viewer: Viewer) -> ColumnElement[bool]:
    """Limit customers to those whose id leads a viewer to who they are now."""
    return true() if viewer.may(ApiScope.CUSTOMERS_READ) else ~is_hidden_by_claim()


def seen_as(viewer: Viewer, customer_id: Any) -> ColumnElement[bool]:
    """Limit to the customer to whom an id leads a viewer who sees them."""
    given = select(Customer.id).where(Customer.id == customer_id, leads_on(viewer))
    is_given = given.correlate(None).exists()
    return and_(visible_to(viewer), is_known_as(customer_id), is_given)


def is_shown_of_customer(viewer: Viewer) -> ColumnElement[bool]:
    """Limit tickets to those that a viewer is shown as ones of their customer."""
    return true() if viewer.may(ApiScope.CUSTOMERS_READ) else ~CAME_BY_CLAIM

"""The ids by which channels know messages: one message of a brand and channel has one."""

from uuid import UUID

from sqlalchemy import and_, func, or_, select

from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.channels import Channel
from models.customers import Customer
from models.messages import Message, MessageDirection
from models.tickets import Ticket
from services.handles import has_handle
from services.turns import take_turn
from services.unit_of_work import UnitOfWork


async def known_message(
    work: UnitOfWork, brand_id: UUID, channel: Channel, external_id: str | None
) -> Message | None:
    """Return the message if it is known; a second act with its id waits here for the first one."""
    if external_id is None:
        return None
    await take_turn(work, f"message:{brand_id.hex}:{channel}:{external_id}")
    return await work.session.scalar(
        select(Message).where(
            Message.brand_id == brand_id,
            Message.channel == channel,
            Message.external_id == external_id,
        )
    )


async def is_written_by(work: UnitOfWork, message: Message, channel: Channel, handle: str) -> bool:
    """Tell whether a message came in from a handle, whomever that is linked to now.

    A conversation is one handle's. Where it is not, since mail comes into tickets that began
    otherwise and old tickets name no handle, whoever has the handle must have written the message.
    Whoever merely says to be the customer who wrote it did not.
    """
    if message.direction is not MessageDirection.INCOMING:
        return False
    author = select(func.coalesce(Customer.merged_into_id, Customer.id)).where(
        Customer.id == message.author_id
    )
    is_theirs = and_(
        ChannelProfile.customer_id == author.scalar_subquery(),
        ChannelProfile.link_state != ProfileLinkState.CLAIMED,
    )
    if channel is not Channel.EMAIL:
        is_theirs = and_(is_theirs, Ticket.profile_id.is_(None))
    found = await work.session.scalar(
        select(ChannelProfile.id)
        .join(Ticket, Ticket.id == message.ticket_id)
        .where(
            has_handle(channel, handle),
            or_(ChannelProfile.id == Ticket.profile_id, is_theirs),
        )
        .limit(1)
    )
    return found is not None

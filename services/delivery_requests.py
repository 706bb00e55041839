"""Answers on the channels of connectors: asked for in the log, and confirmed by who delivers them.

A connector is a program that knows a channel. It hears in the log of what is to be delivered, and
says how that ended; what it has not confirmed stays queued, so that nothing it missed is lost.
"""

from sqlalchemy import and_, or_, select

from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.event_topics import deliveries_topic
from models.messages import Message
from models.tickets import Ticket
from services.unit_of_work import UnitOfWork


async def handle_of(work: UnitOfWork, ticket: Ticket) -> str | None:
    """Return the handle to which the answers of a ticket go: that by which its customer wrote.

    Where no handle began it, the one of theirs on the channel that was linked last.
    """
    began_it = ChannelProfile.id == ticket.profile_id
    is_theirs = ChannelProfile.customer_id == ticket.customer_id
    # Who merely says to be the customer gets no answers to what they did not write.
    is_sure = ChannelProfile.link_state != ProfileLinkState.CLAIMED
    return await work.session.scalar(
        select(ChannelProfile.handle)
        .where(
            ChannelProfile.channel == ticket.channel,
            or_(began_it, and_(is_theirs, is_sure)),
        )
        .order_by(
            began_it.is_(True).desc(), ChannelProfile.linked_at.desc(), ChannelProfile.id.desc()
        )
        .limit(1)
    )


def ask(work: UnitOfWork, message: Message) -> None:
    """Ask the connectors of a message's channel to deliver it."""
    message.delivery_begun += 1
    message.delivery_requested_at = work.now
    message.delivery_sent_at = None
    work.record(
        "DeliveryRequested",
        {
            "message_id": message.id.hex,
            "brand_id": message.brand_id.hex,
            "ticket_id": message.ticket_id.hex,
            "attempt": message.delivery_begun,
        },
        topic=deliveries_topic(message.channel, message.brand_id),
    )

"""Reports of mail servers that a mail of ours did not arrive."""

from uuid import UUID

from sqlalchemy import select

from core.text import address_key
from models.brands import Brand
from models.channels import Channel
from models.messages import (
    DELIVERY_DETAIL_CHARACTERS,
    DeliveryFailure,
    DeliveryState,
    Message,
    MessageDirection,
)
from models.tickets import Ticket
from services import notifications, posting
from services.mail.bounces import Bounce, BounceAction
from services.unit_of_work import UnitOfWork


class DeliveryGoesOn(Exception):
    """The mail is being sent, or was a moment ago: its end must be written down first."""


async def heed_bounce(work: UnitOfWork, bounce: Bounce, ticket_id: UUID | None) -> Message | None:
    """Let a message have failed that a report says did not arrive, and return it.

    One that only is delayed stays as it is. `ticket_id` is whose reply address the report was sent
    to. Anybody can write a report: it is believed where it was sent there, or names the recipient
    beside the id of the mail, which only they were told. None for what is not believed. Raises
    DeliveryGoesOn.
    """
    if bounce.message_id is None:
        return None
    found = await work.session.scalars(
        select(Message.id).where(
            Message.brand_id.in_(select(Brand.id)),  # the index begins with it
            Message.external_id == bounce.message_id,
            Message.channel == Channel.EMAIL,
            Message.direction == MessageDirection.OUTGOING,
            Message.delivery_state.is_not(None),
        )
    )
    message_id = found.first()
    if message_id is None:
        return None
    ticket, message = await posting.hold(work, message_id)
    if ticket.id != ticket_id and not _names_recipient(bounce, message):
        return None
    if bounce.action is BounceAction.DELAYED:
        return message
    if message.delivery_state is DeliveryState.QUEUED:
        raise DeliveryGoesOn
    if message.delivery_state is DeliveryState.SENT:
        await _note(work, ticket, message, bounce)
    return message


def _names_recipient(bounce: Bounce, message: Message) -> bool:
    if bounce.recipient is None or message.recipient is None:
        return False
    return address_key(bounce.recipient) == address_key(message.recipient)


async def _note(work: UnitOfWork, ticket: Ticket, message: Message, bounce: Bounce) -> None:
    message.delivery_state = DeliveryState.FAILED
    message.delivery_failure = DeliveryFailure.BOUNCED
    words = bounce.diagnostic or bounce.status or ""
    message.delivery_detail = words[:DELIVERY_DETAIL_CHARACTERS] or None
    await notifications.tell_undelivered(work, ticket, message)
    await posting.tell(work, ticket, message)

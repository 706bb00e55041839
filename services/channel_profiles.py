"""Who writes on a channel: the profile of a handle, and the customer it is linked to."""

from dataclasses import dataclass

from sqlalchemy import select

from core.errors import AlreadyExists
from core.ids import new_id
from core.text import address_key
from models.base import NAME_CHARACTERS
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.customers import Customer
from models.event_topics import topic_of
from services import customers
from services.customers import NewCustomer
from services.turns import take_turn
from services.unit_of_work import UnitOfWork
from services.validation import e164

# Here the network vouches for the handle, and the handle is a telephone number.
_PHONE_CHANNELS = (Channel.PHONE, Channel.WHATSAPP, Channel.VIBER)


@dataclass(frozen=True, slots=True)
class Sender:
    """What a channel tells of somebody who writes.

    Only the handle is proven; e-mail address and phone number are what they say of themselves.
    """

    channel: Channel
    handle: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None


async def hold_customer(work: UnitOfWork, sender: Sender) -> Customer:
    """Find or make the customer behind a handle; others who want the handle wait until the end."""
    known = await _hold(work, sender)
    if known is not None:
        return known
    await take_turn(work, f"{sender.channel}:{address_key(sender.handle)}")
    return await _hold(work, sender) or await _introduce(work, sender)


async def mail_address(work: UnitOfWork, customer: Customer, channel: Channel) -> str | None:
    """Return the address at which a customer is answered by mail; None where there is none.

    Whoever filled in a web form is answered at the address that stands in the form: a claim opens
    nothing to them but the answer to what they wrote.
    """
    if customer.email is not None or channel is not Channel.WEB:
        return customer.email
    return await work.session.scalar(
        select(ChannelProfile.claimed_email)
        .where(
            ChannelProfile.customer_id == customer.id,
            ChannelProfile.channel == Channel.WEB,
            ChannelProfile.claimed_email.is_not(None),
        )
        .order_by(ChannelProfile.linked_at.desc(), ChannelProfile.id.desc())
        .limit(1)
    )


async def _hold(work: UnitOfWork, sender: Sender) -> Customer | None:
    found = await work.session.execute(
        select(ChannelProfile, Customer)
        .join(Customer, Customer.id == ChannelProfile.customer_id)
        .where(
            ChannelProfile.channel == sender.channel,
            ChannelProfile.handle_key == address_key(sender.handle),
        )
        .with_for_update(of=ChannelProfile)
    )
    row = found.one_or_none()
    if row is None:
        return None
    profile: ChannelProfile = row.ChannelProfile
    customer: Customer = row.Customer
    claims = (sender.email or profile.claimed_email, sender.phone or profile.claimed_phone)
    if claims != (profile.claimed_email, profile.claimed_phone):
        profile.claimed_email, profile.claimed_phone = claims
        _record(work, "ProfileChanged", profile, customer)
    return customer


async def _introduce(work: UnitOfWork, sender: Sender) -> Customer:
    customer = await _customer_of(work, sender)
    profile = ChannelProfile(
        id=new_id(),
        customer_id=customer.id,
        channel=sender.channel,
        handle=sender.handle,
        handle_key=address_key(sender.handle),
        verified=False,
        linked_at=work.now,
        claimed_email=sender.email,
        claimed_phone=sender.phone,
    )
    work.session.add(profile)
    _record(work, "ProfileLinked", profile, customer)
    await customers.index(work, customer)
    return customer


def _record(work: UnitOfWork, event_type: str, profile: ChannelProfile, customer: Customer) -> None:
    work.record(
        event_type,
        {"profile_id": profile.id.hex},
        topic=topic_of(customer),
        versions=[customer],
    )


async def _customer_of(work: UnitOfWork, sender: Sender) -> Customer:
    """Return the customer of a handle that is new.

    A mail's sender is the customer with this address. Anybody can claim an address or a number:
    by a claim nobody becomes, or ever takes the place of, the customer who has it.
    """
    name = (sender.name or sender.handle)[:NAME_CHARACTERS]
    if sender.channel in _PHONE_CHANNELS:
        return await customers.insert(work, NewCustomer(name, phone=e164(sender.handle)))
    if sender.channel is not Channel.EMAIL:
        return await customers.insert(work, NewCustomer(name))
    try:
        return await customers.insert(work, NewCustomer(name, email=sender.handle))
    except AlreadyExists:
        owner = await customers.by_email(work, sender.handle)
        if owner is None:
            raise
        return owner

"""Who writes on a channel: the profile of a handle, and the customer it is linked to."""

from dataclasses import dataclass, replace

from sqlalchemy import select

from core.errors import AlreadyExists
from core.ids import new_id
from core.text import address_key
from models.base import NAME_CHARACTERS
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.customers import Customer
from services import customers
from services.customers import NewCustomer
from services.turns import take_turn
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Sender:
    """What a channel tells of somebody who writes. Only the handle is proven."""

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


async def _hold(work: UnitOfWork, sender: Sender) -> Customer | None:
    return await work.session.scalar(
        select(Customer)
        .join(ChannelProfile, ChannelProfile.customer_id == Customer.id)
        .where(
            ChannelProfile.channel == sender.channel,
            ChannelProfile.handle_key == address_key(sender.handle),
        )
        .with_for_update(of=ChannelProfile)
    )


async def _introduce(work: UnitOfWork, sender: Sender) -> Customer:
    customer = await _customer_of(work, sender)
    work.session.add(
        ChannelProfile(
            id=new_id(),
            customer_id=customer.id,
            channel=sender.channel,
            handle=sender.handle,
            handle_key=address_key(sender.handle),
            verified=False,
            linked_at=work.now,
        )
    )
    await customers.index(work, customer)
    return customer


async def _customer_of(work: UnitOfWork, sender: Sender) -> Customer:
    """Return the customer of a handle that is new.

    A mail's sender is the customer with this address. On other channels an address is a claim and
    no proof: whoever has it already keeps it, and the handle is a new customer's.
    """
    email = sender.handle if sender.channel is Channel.EMAIL else sender.email
    new = NewCustomer((sender.name or sender.handle)[:NAME_CHARACTERS], email, sender.phone)
    try:
        return await customers.insert(work, new)
    except AlreadyExists:
        owner = await customers.by_email(work, email or "")
    if owner is not None and sender.channel is Channel.EMAIL:
        return owner
    return await customers.insert(work, replace(new, email=None))

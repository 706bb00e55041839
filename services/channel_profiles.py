"""Who writes on a channel: the profile of a handle, and the customer it is linked to."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, not_, select

from core.errors import AlreadyExists
from core.ids import new_id
from models.base import NAME_CHARACTERS
from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.channels import Channel
from models.customers import CAME_BY_CLAIM, Customer
from models.event_topics import topic_of
from models.tickets import Ticket
from services import customers
from services.customer_lists import State, state_of
from services.customers import NewCustomer
from services.handles import handle_key, has_handle, likeliest_first, phone_of, spelled
from services.turns import take_turn
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# For customers without an address: by a ticket's channel, the profiles that tell one, and where.
_ADDRESSES = {
    Channel.WEB: (Channel.WEB, ChannelProfile.claimed_email),
    Channel.INTERNAL: (Channel.EMAIL, ChannelProfile.handle),
}


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
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody who writes on a channel: the customer, and the profile of the handle."""

    customer: Customer
    profile: ChannelProfile


async def hold_customer(work: UnitOfWork, sender: Sender) -> Writer:
    """Find or make the customer behind a handle; others who want the handle wait until the end."""
    known = await _hold(work, sender)
    if known is not None:
        return known
    await take_handle(work, sender)
    return await _hold(work, sender) or await _introduce(work, sender)


async def take_handle(work: UnitOfWork, sender: Sender) -> None:
    """Let others who want to link this handle wait until the act ends.

    It comes before the act writes a customer: their address may be what the others want, too.
    """
    await take_turn(work, f"{sender.channel}:{handle_key(sender.channel, sender.handle)}")


async def owner_of(work: UnitOfWork, channel: Channel, handle: str) -> Customer | None:
    """Return the customer whom a channel knows by this handle.

    Where it knows nobody, whoever writes a mail is the customer with this address, and whoever
    calls the customer with this number, unless several customers have it.
    """
    linked = await _linked_to(work, channel, handle)
    return linked or await _contact_of(work, channel, handle)


async def profile_of(work: UnitOfWork, channel: Channel, handle: str) -> ChannelProfile | None:
    """Return the profile of a handle, if the channel knows one."""
    return await work.session.scalar(
        select(ChannelProfile)
        .where(has_handle(channel, handle))
        .order_by(likeliest_first(channel, handle))
        .limit(1)
    )


async def link_unless_known(
    work: UnitOfWork, customer: Customer, sender: Sender, before: State | None
) -> bool:
    """Link a handle, which the act has taken, unless it is known to be somebody else's.

    The act has locked the customer, whom lists show in the state `before`. Returns whether it is
    theirs now.
    """
    linked = await _linked_to(work, sender.channel, sender.handle)
    owner = linked or await _contact_of(work, sender.channel, sender.handle)
    if owner is not None and owner.id != customer.id:
        return False
    if linked is None:
        await link(work, customer, sender, before)
    return True


async def _linked_to(work: UnitOfWork, channel: Channel, handle: str) -> Customer | None:
    return await work.session.scalar(
        select(Customer)
        .join(ChannelProfile, ChannelProfile.customer_id == Customer.id)
        .where(has_handle(channel, handle))
        .order_by(likeliest_first(channel, handle))
        .limit(1)
    )


async def _contact_of(work: UnitOfWork, channel: Channel, handle: str) -> Customer | None:
    """Return whose address or number a handle is; a number proves nothing where several have it."""
    if channel is Channel.EMAIL:
        return await customers.by_email(work, handle)
    phone = phone_of(channel, handle)
    if phone is None:
        return None
    having = await work.session.scalars(
        select(Customer).where(Customer.phone == phone, Customer.merged_into_id.is_(None)).limit(2)
    )
    found = having.all()
    return found[0] if len(found) == 1 else None


async def link(
    work: UnitOfWork, customer: Customer, sender: Sender, before: State | None
) -> ChannelProfile:
    """Make a handle one of a customer, whom lists show in the state `before`, if at all yet."""
    profile = ChannelProfile(
        id=new_id(),
        customer_id=customer.id,
        channel=sender.channel,
        handle=spelled(sender.channel, sender.handle),
        handle_key=handle_key(sender.channel, sender.handle),
        link_state=ProfileLinkState.OWN,
        linked_at=work.now,
        claimed_email=sender.email or _address_of_form(sender),
        claimed_phone=sender.phone,
    )
    work.session.add(profile)
    record(work, "ProfileLinked", profile, customer)
    await customers.show(work, customer, before)
    return profile


def record(
    work: UnitOfWork,
    event_type: str,
    profile: ChannelProfile,
    customer: Customer,
    *,
    came_with: bool = False,
) -> None:
    """Tell who looks at a customer what became of a profile of theirs.

    What is theirs by a claim alone, as the profile stands now, is told to those only who read
    customers; but not where it `came_with` this customer, whom all see who see what came by it.
    """
    is_claimed = profile.link_state is ProfileLinkState.CLAIMED and not came_with
    claimed = {"is_claimed": True} if is_claimed else {}
    work.record(
        event_type,
        {"profile_id": profile.id.hex} | claimed,
        topic=topic_of(customer),
        versions=[customer],
    )


async def mail_address(
    work: UnitOfWork, customer: Customer, channel: Channel, profile_id: UUID | None = None
) -> str | None:
    """Return the address at which a customer is answered by mail; None where there is none.

    Whoever filled in a web form is answered at the address that stands in the form: a claim opens
    nothing to them but the answer to what they wrote. To whom agents write first they write where
    the customer has written from. What came by a profile that is linked on somebody's word alone,
    `profile_id`, is answered there and nowhere else; and nothing else is answered there.
    """
    claimed = await _claimed_profile(work, profile_id)
    if claimed is not None:
        return claimed.handle if claimed.channel is Channel.EMAIL else claimed.claimed_email
    if customer.email is not None or channel not in _ADDRESSES:
        return customer.email
    source, address = _ADDRESSES[channel]
    return await work.session.scalar(
        select(address)
        .where(
            ChannelProfile.customer_id == customer.id,
            ChannelProfile.channel == source,
            ChannelProfile.link_state != ProfileLinkState.CLAIMED,
            address.is_not(None),
        )
        .order_by(ChannelProfile.linked_at.desc(), ChannelProfile.id.desc())
        .limit(1)
    )


def mails_may_go_on(profile: ChannelProfile) -> ColumnElement[bool]:
    """Limit a customer's tickets to those in which mails from an address may go on.

    Who is linked on their word alone is a stranger: they go on with what they began, and nobody
    else's mail goes where its answer would be sent to them.
    """
    if profile.link_state is ProfileLinkState.CLAIMED:
        return Ticket.profile_id == profile.id
    return not_(CAME_BY_CLAIM)


async def is_claimed(work: UnitOfWork, profile_id: UUID | None) -> bool:
    """Tell whether a profile is linked on somebody's word alone: who writes by it is a stranger."""
    return await _claimed_profile(work, profile_id) is not None


async def _claimed_profile(work: UnitOfWork, profile_id: UUID | None) -> ChannelProfile | None:
    profile = None if profile_id is None else await work.session.get(ChannelProfile, profile_id)
    is_claim = profile is not None and profile.link_state is ProfileLinkState.CLAIMED
    return profile if is_claim else None


async def _hold(work: UnitOfWork, sender: Sender) -> Writer | None:
    found = await work.session.execute(
        select(ChannelProfile, Customer)
        .join(Customer, Customer.id == ChannelProfile.customer_id)
        .where(has_handle(sender.channel, sender.handle))
        .order_by(likeliest_first(sender.channel, sender.handle))
        .limit(1)
        .with_for_update(of=ChannelProfile)
    )
    row = found.one_or_none()
    if row is None:
        return None
    profile: ChannelProfile = row.ChannelProfile
    customer: Customer = row.Customer
    claimed_email = sender.email or profile.claimed_email or _address_of_form(sender)
    claims = (claimed_email, sender.phone or profile.claimed_phone)
    if claims != (profile.claimed_email, profile.claimed_phone):
        # Whose version this changes is locked before their ticket, as by everybody who locks both.
        await customers.lock(work, customer)
        profile.claimed_email, profile.claimed_phone = claims
        record(work, "ProfileChanged", profile, customer)
    return Writer(customer, profile)


def _address_of_form(sender: Sender) -> str | None:
    """Return the address by which a web form tells people apart: there they are answered."""
    if sender.channel is not Channel.WEB:
        return None
    check = InputCheck()
    address = check.email("handle", sender.handle)
    return None if check.problems else address


async def _introduce(work: UnitOfWork, sender: Sender) -> Writer:
    customer, before = await _customer_of(work, sender)
    return Writer(customer, await link(work, customer, sender, before))


async def _customer_of(work: UnitOfWork, sender: Sender) -> tuple[Customer, State | None]:
    """Return the customer of a handle that is new, and the state in which lists show them.

    A mail's sender is the customer with this address. Anybody can claim an address or a number:
    by a claim nobody becomes, or ever takes the place of, the customer who has it.
    """
    name = (sender.name or sender.handle)[:NAME_CHARACTERS]
    if phone := phone_of(sender.channel, sender.handle):
        return await customers.insert(work, NewCustomer(name, phone=phone)), None
    if sender.channel is not Channel.EMAIL:
        return await customers.insert(work, NewCustomer(name, language=sender.language)), None
    try:
        return await customers.insert(work, NewCustomer(name, email=sender.handle)), None
    except AlreadyExists:
        owner = await customers.by_email(work, sender.handle)
        if owner is None:
            raise
        await customers.lock(work, owner)
        return owner, await state_of(work, owner)

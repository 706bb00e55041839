"""What somebody says of themselves on a channel, and the known customer whom that may mean.

A claim proves nothing, so it moves only a profile of which nothing else is known: one that nobody
has linked, or verified, and whose customer has no e-mail address. All others keep the claim, and
agents are shown whom it may mean (`ChannelProfile.suggestions`).
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import or_, select

from core.text import address_key
from models.brands import Brand
from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.channels import Channel
from models.customers import Customer
from models.event_topics import topic_of
from models.tickets import Ticket
from services import customers, profile_links
from services.handles import handle_key
from services.identity.claims_in_text import Claims
from services.profile_links import HeldProfile, make_over
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork


async def hold_for_claims(work: UnitOfWork, ticket_id: UUID, said: Sequence[Claims]) -> None:
    """Lock what `link_by_claim` locks besides the ticket, which comes after it.

    `said` is what it will be called with, message by message: each can mean other people.
    """
    profile_id = await work.session.scalar(select(Ticket.profile_id).where(Ticket.id == ticket_id))
    if profile_id is None:
        return
    held = await profile_links.hold(work, profile_id)
    brand_id = await work.session.scalar(select(Ticket.brand_id).where(Ticket.id == ticket_id))
    brand = await work.session.get_one(Brand, brand_id)
    known: set[UUID] = set()
    for claims in said:
        own = _without_address_of(brand, claims)
        known.update(await known_by(work, own, but=held.profile.customer_id))
    await profile_links.hold_people(work, held, *known)


async def link_by_claim(work: UnitOfWork, hand: TicketInHand, said: Claims) -> bool:
    """Keep the first address and the first number that were said as claims of the profile.

    Where exactly one known customer has them, the profile is linked to that customer, unverified,
    and those are kept by which the customer is known.
    Returns whether anything changed. The caller has called `hold_for_claims` before it locked the
    ticket, and finishes it.
    """
    ticket = hand.ticket
    if ticket.profile_id is None:
        return False
    held = await profile_links.hold(work, ticket.profile_id)
    brand = await work.session.get_one(Brand, ticket.brand_id)
    claims = _without_address_of(brand, said)
    target_id = await _meant(work, held, claims)
    if target_id is None:
        return await _keep(work, held.profile, claims)
    await _keep(work, held.profile, await _telling(work, claims, held.profile.customer_id))
    return await make_over(work, held, target_id, ProfileLinkState.CLAIMED, hand=hand)


async def known_by(work: UnitOfWork, claims: Claims, *, but: UUID) -> list[UUID]:
    """Return the known customers who have one of these addresses or numbers, but for this one.

    Of many the first ones are returned: it is only asked whether there is one.
    """
    by_profile = select(ChannelProfile.customer_id).where(
        ChannelProfile.channel == Channel.EMAIL,
        ChannelProfile.handle_key.in_([handle_key(Channel.EMAIL, each) for each in claims.emails]),
        ChannelProfile.link_state != ProfileLinkState.CLAIMED,
    )
    found = await work.session.scalars(
        select(Customer.id)
        .where(
            or_(
                Customer.email_key.in_([address_key(each) for each in claims.emails]),
                Customer.phone.in_(claims.phones),
                Customer.id.in_(by_profile),
            ),
            Customer.merged_into_id.is_(None),
            Customer.id != but,
        )
        .order_by(Customer.id)
        .limit(2)
    )
    return list(found)


def _without_address_of(brand: Brand, said: Claims) -> Claims:
    """Return what was said without the brand's address: who writes to it does not claim it."""
    of_brand = address_key(brand.email) if brand.email else None
    emails = (each for each in said.emails if address_key(each) != of_brand)
    return replace(said, emails=tuple(emails))


async def _keep(work: UnitOfWork, profile: ChannelProfile, claims: Claims) -> bool:
    """Keep the first address and the first number as what the customer said last."""
    email = claims.emails[0] if claims.emails else profile.claimed_email
    phone = claims.phones[0] if claims.phones else profile.claimed_phone
    if (_key(email), phone) == (_key(profile.claimed_email), profile.claimed_phone):
        return False
    customer = await work.session.get_one(Customer, profile.customer_id)
    await customers.lock(work, customer)
    profile.claimed_email, profile.claimed_phone = email, phone
    work.record(
        "ProfileChanged",
        {"profile_id": profile.id.hex},
        topic=topic_of(customer),
        versions=[customer],
    )
    return True


async def _telling(work: UnitOfWork, claims: Claims, speaker_id: UUID) -> Claims:
    """Put first what names a known customer: "my address is not a@…, it is b@…"."""
    if len(claims.emails) + len(claims.phones) == 1:
        return claims

    async def is_known(claim: Claims) -> bool:
        return bool(await known_by(work, claim, but=speaker_id))

    emails = [each for each in claims.emails if await is_known(Claims(emails=(each,)))]
    phones = [each for each in claims.phones if await is_known(Claims(phones=(each,)))]
    return Claims((*emails, *claims.emails), (*phones, *claims.phones))


def _key(email: str | None) -> str | None:
    return None if email is None else address_key(email)


async def _meant(work: UnitOfWork, held: HeldProfile, claims: Claims) -> UUID | None:
    """Return the one customer whom claims can mean, where they may move the profile at all."""
    profile = held.profile
    if held.link is not None or profile.link_state is not ProfileLinkState.OWN:
        return None
    owner = await work.session.get_one(Customer, profile.customer_id)
    if owner.email is not None:
        return None
    known = await known_by(work, claims, but=owner.id)
    return known[0] if len(known) == 1 else None

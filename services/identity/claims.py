"""What somebody says of themselves on a channel, and the known customer whom that may mean.

A claim proves nothing, so it moves only a profile of which nothing else is known: one that nobody
has linked, or verified, or unlinked from that very customer, and whose customer has no e-mail
address. All others keep the claim, and agents are shown whom it may mean: see
`ChannelProfile.suggestions`.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased

from core.text import address_key
from models.brands import Brand
from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.customer_moves import CustomerMove, CustomerMoveKind, MovedRow
from models.customers import Customer
from models.tickets import Ticket
from services import channel_profiles, profile_links
from services.identity.claims_in_text import Claims
from services.identity.known_people import known_by_contacts
from services.merging.holding import lock_tickets_by
from services.profile_links import HeldProfile, make_over_held
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork

# Whether one customer has an address or a number, or several do.
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class HeldClaims:
    """What was said, by whom, and the one customer whom it means, if it may move the profile."""

    profile: HeldProfile
    people: Mapping[UUID, Customer]
    claims: Claims
    target_id: UUID | None


async def hold_for_claims(work: UnitOfWork, ticket_id: UUID, said: Claims) -> HeldClaims | None:
    """Lock what `link_by_claim` changes, but for a ticket whose profile it does not move.

    None where the ticket came by no profile, as old ones did.
    """
    found = await work.session.execute(
        select(Ticket.profile_id, Ticket.brand_id).where(Ticket.id == ticket_id)
    )
    ticket = found.one()
    if ticket.profile_id is None:
        return None
    held = await profile_links.hold(work, ticket.profile_id)
    brand = await work.session.get_one(Brand, ticket.brand_id)
    claims = _without_address_of(brand, said)
    known = await known_by(work, claims, but=held.profile.customer_id)
    target_id = await _meant(work, held, known)
    standing = (_key(held.profile.claimed_email), held.profile.claimed_phone)
    claims = _putting_first(claims, known if target_id else standing)
    people = await profile_links.hold_people(work, held, *filter(None, (target_id,)))
    if target_id is not None:
        await lock_tickets_by(work, held.profile.id)
    return HeldClaims(held, people, claims, target_id)


async def link_by_claim(work: UnitOfWork, hand: TicketInHand, held: HeldClaims) -> bool:
    """Keep the first address and the first number that were said as claims of the profile.

    Where exactly one known customer has them, the profile is linked to that customer, unverified,
    and those are kept by which the customer is known. Else what is kept already stays where it was
    said again: it may be why the profile is linked.
    Returns whether anything changed. The caller has locked the ticket, and finishes it.
    """
    profile = held.profile.profile
    is_new = _keep(work, profile, held.people[profile.customer_id], held.claims)
    if held.target_id is None:
        return is_new
    claimed = ProfileLinkState.CLAIMED
    await make_over_held(work, held.profile, held.people, held.target_id, claimed, hand=hand)
    return True


async def known_by(work: UnitOfWork, claims: Claims, *, but: UUID) -> Mapping[str, Sequence[UUID]]:
    """Return the customers who have these addresses or numbers, but for this one, by their keys.

    Of many who share one the first are returned: it is only asked whether there is one.
    """
    emails = [address_key(each) for each in claims.emails]
    found = known_by_contacts(emails, claims.phones).subquery()
    place = func.row_number().over(partition_by=found.c.key, order_by=found.c.customer_id)
    others = select(found, place.label("place")).where(found.c.customer_id != but).subquery()
    rows = await work.session.execute(
        select(others.c.key, others.c.customer_id)
        .where(others.c.place <= _ENOUGH)
        .order_by(others.c.customer_id)
    )
    known: dict[str, list[UUID]] = defaultdict(list)
    for key, customer_id in rows:
        known[key].append(customer_id)
    return known


def _without_address_of(brand: Brand, said: Claims) -> Claims:
    """Return what was said without the brand's address: who writes to it does not claim it."""
    of_brand = address_key(brand.email) if brand.email else None
    emails = (each for each in said.emails if address_key(each) != of_brand)
    return replace(said, emails=tuple(emails))


def _keep(work: UnitOfWork, profile: ChannelProfile, customer: Customer, claims: Claims) -> bool:
    """Keep the first address and the first number as what the customer said last."""
    email = claims.emails[0] if claims.emails else profile.claimed_email
    phone = claims.phones[0] if claims.phones else profile.claimed_phone
    if (_key(email), phone) == (_key(profile.claimed_email), profile.claimed_phone):
        return False
    profile.claimed_email, profile.claimed_phone = email, phone
    channel_profiles.record(work, "ProfileChanged", profile, customer)
    return True


def _putting_first(claims: Claims, keys: Collection[str | None]) -> Claims:
    """Put first what has one of these keys: "my address is not a@…, it is b@…"."""
    emails = [each for each in claims.emails if address_key(each) in keys]
    phones = [each for each in claims.phones if each in keys]
    return Claims((*emails, *claims.emails), (*phones, *claims.phones))


def _key(email: str | None) -> str | None:
    return None if email is None else address_key(email)


async def _meant(
    work: UnitOfWork, held: HeldProfile, known: Mapping[str, Sequence[UUID]]
) -> UUID | None:
    """Return the one customer whom claims can mean, where they may move the profile at all.

    From whom it was unlinked it is no more: somebody has found out that they are not that customer,
    or not to be taken for them.
    """
    profile = held.profile
    meant = {customer_id for each in known.values() for customer_id in each}
    if len(meant) != 1 or held.link is not None or profile.link_state is not ProfileLinkState.OWN:
        return None
    owner = await work.session.get_one(Customer, profile.customer_id)
    target_id = meant.pop()
    if owner.email is not None or await _was_unlinked(work, profile, target_id):
        return None
    return target_id


async def _was_unlinked(work: UnitOfWork, profile: ChannelProfile, customer_id: UUID) -> bool:
    """Tell whether a profile was taken from a customer, or from who is one with them by now."""
    source, target = aliased(Customer), aliased(Customer)
    undone = (
        select(CustomerMove.id)
        .join(source, source.id == CustomerMove.source_id)
        .join(target, target.id == CustomerMove.target_id)
        .where(
            CustomerMove.kind == CustomerMoveKind.LINK,
            CustomerMove.undone_at.is_not(None),
            or_(source.id == profile.customer_id, source.merged_into_id == profile.customer_id),
            or_(target.id == customer_id, target.merged_into_id == customer_id),
            exists().where(
                MovedRow.move_id == CustomerMove.id,
                MovedRow.table_name == ChannelProfile.__tablename__,
                MovedRow.row_id == profile.id,
            ),
        )
    )
    return bool(await work.session.scalar(select(undone.exists())))

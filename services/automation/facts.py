"""What rules look at: a ticket as it stands, and the event after which they are tried."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core.text import address_key, fold
from models.brands import Brand
from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.channels import Channel
from models.claims import claimed_homes
from models.customer_moves import CustomerMove
from models.customers import Customer
from models.first_contacts import is_first_of_customer
from models.messages import MESSAGE_CHARACTERS, Message, MessageDirection
from models.profile_links import ProfileLink
from models.rules import RuleRun
from models.tags import TicketTag
from models.tickets import Ticket, TicketPriority, TicketStatus
from services.identity.claims_in_text import Claims, emails_in, phones_in

Reader = AsyncConnection | AsyncSession

_IS_LINKED = func.coalesce(ChannelProfile.link_state != ProfileLinkState.OWN, false())


@dataclass(frozen=True)
class Words:
    """A message that was written. What is looked for in it is looked for once.

    Telephone numbers are written as in the country of the `known_phone` of the customer whom the
    profile came with, or of their `language`, or the brand's. `claimed_email` and `claimed_phone`
    are what was claimed last by the profile, which may be linked. Beyond what an agent could send
    nothing is read of a mail.
    """

    id: UUID | None
    body: str
    direction: MessageDirection = MessageDirection.INCOMING
    is_automatic: bool = False
    is_first_contact: bool = False
    language: str | None = None
    created_at: datetime | None = None
    known_phone: str | None = None
    brand_email: str | None = None
    claimed_email: str | None = None
    claimed_phone: str | None = None
    is_linked: bool = False

    @cached_property
    def folded(self) -> str:
        """The text as it is compared."""
        return fold(self.body[:MESSAGE_CHARACTERS])

    @cached_property
    def emails(self) -> Sequence[str]:
        """The valid e-mail addresses in it; that of the brand is nobody's."""
        of_brand = address_key(self.brand_email or "")
        return [each for each in emails_in(self.body) if address_key(each) != of_brand]

    @cached_property
    def phones(self) -> Sequence[str]:
        """The valid telephone numbers in it."""
        return phones_in(self.body, self.language, self.known_phone)

    @property
    def claims(self) -> Claims:
        """What somebody may be saying in it of themselves; if nothing, what was claimed before."""
        return Claims(tuple(self.emails), tuple(self.phones)) or self.kept

    @property
    def kept(self) -> Claims:
        """What was claimed before by the profile by which it came, while that is not linked.

        The number that the handle is, and which a channel tells besides, claims nothing.
        """
        if self.is_linked:
            return Claims()
        phone = None if self.claimed_phone == self.known_phone else self.claimed_phone
        emails, phones = (() if each is None else (each,) for each in (self.claimed_email, phone))
        return Claims(emails, phones)

    @property
    def claims_anew(self) -> bool:
        """Whether it claims addresses or numbers, and what was claimed last is not among them.

        A rule is paused for whoever claims anew again and again, and a stranger sees that. So it
        is the same for somebody who is linked by what they claim, and says it again.
        """
        emails = {address_key(each) for each in self.claims.emails}
        phones = set(self.claims.phones)
        is_new_email = bool(emails) and address_key(self.claimed_email or "") not in emails
        return is_new_email or (bool(phones) and self.claimed_phone not in phones)


@dataclass(frozen=True, slots=True)
class Person:
    """The customer of a ticket, as rules see them, and the brand, as rules speak of it.

    `is_linked` tells that the ticket's profile is theirs because somebody linked or verified it.
    """

    brand_name: str
    has_email: bool
    has_phone: bool
    is_linked: bool = False


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of a rule on the ticket; only those count that changed something."""

    rule_id: UUID
    event_id: UUID
    started_at: datetime
    changed: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a condition may look at. `changed` are the names of the fields that have changed.

    `runs` are those of the ticket's rules as far back as conditions count them.
    """

    now: datetime
    channel: Channel
    status: TicketStatus
    priority: TicketPriority
    person: Person
    team_id: UUID | None = None
    assignee_id: UUID | None = None
    topic_id: UUID | None = None
    tag_ids: frozenset[UUID] = frozenset()
    message: Words | None = None
    changed: frozenset[str] = frozenset()
    runs: Sequence[PastRun] = field(default_factory=tuple)

    @classmethod
    def of(cls, ticket: Any, now: datetime, person: Person, tag_ids: Collection[UUID]) -> Self:
        """Return the facts of a ticket, or of a row of its columns, without those of an event."""
        return cls(
            now=now,
            channel=ticket.channel,
            status=ticket.status,
            priority=ticket.priority,
            person=person,
            team_id=ticket.team_id,
            assignee_id=ticket.assignee_id,
            topic_id=ticket.topic_id,
            tag_ids=frozenset(tag_ids),
        )


async def read_person(reader: Reader, ticket_id: UUID) -> Person:
    """Read who the customer of a ticket is."""
    rows = await reader.execute(_select_person().where(Ticket.id == ticket_id))
    return Person(*rows.one())


@cache  # every message that comes in asks for it; building it takes longer than asking
def _select_person() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Brand.name.label("brand_name"),
            Customer.email.is_not(None).label("has_email"),
            Customer.phone.is_not(None).label("has_phone"),
            _IS_LINKED,
        )
        .select_from(Ticket)
        .join(Customer, Customer.id == _came_with())
        .join(Brand, Brand.id == Ticket.brand_id)
        .outerjoin(ChannelProfile, ChannelProfile.id == Ticket.profile_id)
    )


async def read_tags(reader: Reader, ticket_id: UUID) -> set[UUID]:
    """Read which tags a ticket has."""
    rows = await reader.execute(select(TicketTag.tag_id).where(TicketTag.ticket_id == ticket_id))
    return {row.tag_id for row in rows}


async def read_words(reader: Reader, message_ids: Collection[UUID]) -> Mapping[UUID, Words]:
    """Read messages."""
    if not message_ids:
        return {}
    rows = await reader.execute(_select_words().where(Message.id.in_(message_ids)))
    return {row.id: Words(*row) for row in rows}


@cache  # as its part that tells who writes first
def _select_words() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Message.id,
            Message.body,
            Message.direction,
            Message.is_automatic,
            # Whether the one they claim to be has written before is not for them to find out.
            case(
                (
                    ChannelProfile.link_state == ProfileLinkState.CLAIMED,
                    is_first_of_customer(of_profile=True),
                ),
                else_=is_first_of_customer(),
            ),
            func.coalesce(Customer.language, Brand.language).label("language"),
            Message.created_at,
            Customer.phone.label("known_phone"),
            Brand.email.label("brand_email"),
            ChannelProfile.claimed_email,
            ChannelProfile.claimed_phone,
            _IS_LINKED,
        )
        .join(Ticket, Ticket.id == Message.ticket_id)
        .join(Customer, Customer.id == _came_with())
        .join(Brand, Brand.id == Ticket.brand_id)
        .outerjoin(ChannelProfile, ChannelProfile.id == Ticket.profile_id)
    )


def _came_with() -> ColumnElement[UUID]:
    """Return the id of a ticket's customer, as rules see them: on a claim they are who they were.

    Rules would otherwise tell a stranger whom the desk knows: one asks only those of whom it knows
    no address, another reads numbers as those of the customer's country.
    """
    home = (
        claimed_homes()
        .with_only_columns(CustomerMove.source_id)
        .where(ProfileLink.profile_id == Ticket.profile_id)
        .correlate(Ticket)
    )
    return func.coalesce(home.scalar_subquery(), Ticket.customer_id)


async def read_runs(
    reader: Reader,
    ticket_id: UUID,
    now: datetime,
    back: timedelta,
    event_ids: Collection[UUID] = (),
) -> list[PastRun]:
    """Read the runs of a ticket's rules so far back, and all that came after these events."""
    rows = await reader.execute(
        select(RuleRun.rule_id, RuleRun.event_id, RuleRun.started_at, RuleRun.changed).where(
            RuleRun.ticket_id == ticket_id,
            or_(RuleRun.started_at > now - back, RuleRun.event_id.in_(event_ids)),
        )
    )
    return [PastRun(*row) for row in rows]


async def read_ticket(reader: Reader, ticket_id: UUID) -> Any:
    """Read a ticket's row; None where there is none."""
    return (
        await reader.execute(select(Ticket.__table__).where(Ticket.id == ticket_id))
    ).one_or_none()

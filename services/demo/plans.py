"""How many tickets of which kind the demo has, and who opens them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

from models.brands import Brand
from models.channels import Channel
from models.tickets import TicketPriority, TicketStatus
from services.demo.customers import Person
from services.demo.phrasebook import Subject
from services.demo.staff import SHARED_BRAND, Staff

# With what agents open for customers (internal_tickets.py): 500 tickets, 6,000 messages.
TICKETS = 497
MESSAGES = 5_994
FAVORITES = 200

# Status: the number of tickets, and at most how many days ago the last thing happened to them.
_STATUSES = {
    TicketStatus.NEW: (45, 1.5),
    TicketStatus.OPEN: (92, 5),
    TicketStatus.PENDING: (60, 10),
    TicketStatus.ON_HOLD: (30, 20),
    TicketStatus.RESOLVED: (110, 30),
    TicketStatus.CLOSED: (160, 85),
}
_PRIORITIES = {
    TicketPriority.LOW: 15,
    TicketPriority.MEDIUM: 55,
    TicketPriority.HIGH: 22,
    TicketPriority.URGENT: 8,
}
_CHANNELS = {
    Channel.EMAIL: 50,
    Channel.LIVE_CHAT: 14,
    Channel.WHATSAPP: 11,
    Channel.WEB: 9,
    Channel.TELEGRAM: 5,
    Channel.VIBER: 4,
    Channel.INSTAGRAM: 4,
    Channel.FACEBOOK: 3,
}
_MESSENGERS = (Channel.WHATSAPP, Channel.TELEGRAM, Channel.VIBER, Channel.INSTAGRAM)
# Customer's language: the brands that they write to, by weight.
_BRANDS = {
    "tr": {"Lodos Ev": 60, SHARED_BRAND: 40},
    "el": {"Μελτέμι": 60, SHARED_BRAND: 40},
    "en": {SHARED_BRAND: 80, "Lodos Ev": 10, "Μελτέμι": 10},
}
# One conversation goes on for weeks, about one thing after another: there favourites pay.
_LONG_CONVERSATION = 200
_FAVORITES_OF_LONG_CONVERSATION = 14
_SHORTEST, _LONGEST = 5, 44
_STARRED_FROM_LENGTH = 9
# In each round some tickets get one favourite.
_FAVORITE_ROUNDS = 3
_ENDS_WITH_AGENT = (TicketStatus.PENDING, TicketStatus.ON_HOLD)
_ANY_LENGTH = (TicketStatus.OPEN, TicketStatus.RESOLVED, TicketStatus.CLOSED)

Picked = TypeVar("Picked")


@dataclass(slots=True)
class Plan:
    """A ticket to be told: `length` is its number of messages, `age` the end before now."""

    person: Person
    brand: Brand
    channel: Channel
    subject: Subject
    status: TicketStatus
    priority: TicketPriority
    age: timedelta
    length: int
    favorites: int = 0


def plan_tickets(rng: Random, staff: Staff, people: list[Person]) -> list[Plan]:
    """Return the tickets of the demo; every customer has at least one."""
    statuses = [status for status, (count, _) in _STATUSES.items() for _ in range(count)]
    authors = [*people, *rng.choices(people, k=TICKETS - len(people))]
    rng.shuffle(authors)
    taken: set[tuple[UUID, str, Channel]] = set()
    plans = [
        _plan(rng, staff, person, status, taken)
        for person, status in zip(authors, statuses, strict=True)
    ]
    long_one = next(plan for plan in plans if _could_go_on_for_weeks(plan))
    long_one.subject = Subject.ORDER
    long_one.length = _LONG_CONVERSATION
    others = [plan for plan in plans if plan is not long_one]
    _fit_lengths(rng, others, MESSAGES - _LONG_CONVERSATION)
    long_one.favorites = _FAVORITES_OF_LONG_CONVERSATION
    _spread_favorites(rng, others, FAVORITES - _FAVORITES_OF_LONG_CONVERSATION)
    return plans


def _plan(
    rng: Random,
    staff: Staff,
    person: Person,
    status: TicketStatus,
    taken: set[tuple[UUID, str, Channel]],
) -> Plan:
    brand = staff.brands[_pick(rng, _BRANDS[person.language])]
    return Plan(
        person=person,
        brand=brand,
        channel=_channel(rng, person, brand, taken),
        subject=rng.choice(list(Subject)),
        status=status,
        priority=_pick(rng, _PRIORITIES),
        # Most of what is finished was finished lately.
        age=timedelta(days=_STATUSES[status][1]) * rng.random() ** 1.3,
        length=_length(rng, status),
    )


def _channel(
    rng: Random, person: Person, brand: Brand, taken: set[tuple[UUID, str, Channel]]
) -> Channel:
    """Pick a channel. But for mail, whoever writes again goes on in the ticket of the channel."""
    free = {
        channel: weight
        for channel, weight in _CHANNELS.items()
        if channel in person.handles and (person.customer.id, brand.name, channel) not in taken
    }
    channel = _pick(rng, free)
    if channel is not Channel.EMAIL:
        taken.add((person.customer.id, brand.name, channel))
    return channel


def _length(rng: Random, status: TicketStatus) -> int:
    if status is TicketStatus.NEW:
        return rng.choices((1, 2), (80, 20))[0]
    length = min(_LONGEST, _SHORTEST + int(rng.gammavariate(2, 4)))
    return length + length % 2 if status in _ENDS_WITH_AGENT else length


def _could_go_on_for_weeks(plan: Plan) -> bool:
    return (
        plan.status is TicketStatus.OPEN
        and plan.channel in _MESSENGERS
        and plan.person.language == "tr"
        and plan.brand.name == SHARED_BRAND
    )


def _fit_lengths(rng: Random, plans: list[Plan], messages: int) -> None:
    """Make single tickets a message longer or shorter until there are as many as wanted."""
    adjustable = [plan for plan in plans if plan.status in _ANY_LENGTH]
    missing = messages - sum(plan.length for plan in plans)
    step = 1 if missing > 0 else -1
    while missing:
        plan = rng.choice(adjustable)
        if _SHORTEST <= plan.length + step <= _LONGEST:
            plan.length += step
            missing -= step


def _spread_favorites(rng: Random, plans: list[Plan], favorites: int) -> None:
    worth_it = [plan for plan in plans if plan.length >= _STARRED_FROM_LENGTH]
    for _ in range(_FAVORITE_ROUNDS):
        for plan in rng.sample(worth_it, favorites // _FAVORITE_ROUNDS):
            plan.favorites += 1


def _pick(rng: Random, weights: Mapping[Picked, int]) -> Picked:
    return rng.choices(list(weights), list(weights.values()))[0]

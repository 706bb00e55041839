"""Tickets that the demo's agents opened for customers: one of each brand, by its template."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from models.actors import AUTOMATION, Actor, ActorKind
from models.brands import Brand
from models.channels import Channel
from services.demo.customers import Person
from services.demo.journal import Act
from services.demo.openings import open_for_customer
from services.demo.phrasebook import Subject, phrasebook
from services.demo.schedule import Pace
from services.demo.staff import LANGUAGES
from services.demo.story import Deed, DemoDesk
from services.demo.ticket_file import TicketFile

TICKETS = len(LANGUAGES)
MESSAGES = 2 * TICKETS
_SUBJECT = Subject.DELIVERY
_PACES = (Pace.AGENT, Pace.AT_ONCE, Pace.AT_ONCE, Pace.AT_ONCE, Pace.CUSTOMER)
_AGE = timedelta(hours=20)


def tell_internal(
    rng: Random, desk: DemoDesk, people: Sequence[Person]
) -> Iterator[tuple[datetime, Deed]]:
    """Give what happens in these tickets, and when."""
    for brand in desk.staff.brands.values():
        person = next(
            one for one in people if one.language == brand.language and Channel.EMAIL in one.handles
        )
        moments = desk.calendar.moments(rng, Channel.EMAIL, _PACES, _AGE)
        yield from zip(moments, _InternalStory(desk, brand, person).deeds(), strict=True)


class _InternalStory:
    """An agent opens a ticket, takes it and writes to the customer, who answers."""

    def __init__(self, desk: DemoDesk, brand: Brand, person: Person) -> None:
        staff = desk.staff
        self._desk = desk
        self._brand = brand
        self._person = person
        self._book = phrasebook(brand.language)
        self._team = staff.team(brand, _SUBJECT)
        self._agent = staff.agents(brand, self._team, brand.language)[0]
        self._file: TicketFile

    def deeds(self) -> list[Deed]:
        """Return all that happens, in its order."""
        name, book = self._person.customer.name, self._book
        texts = book.internal
        greeting = book.agent_greeting.format(customer=name)
        mail = f"{greeting}\n\n{texts.mail}\n\n{book.agent_sign_off}\n{self._agent.name}"
        answer = f"{book.greeting[0]}\n\n{texts.answer}\n\n{book.sign_off[0]}\n{name}"
        return [
            self._open,
            lambda moment: self._file.transfer(self._act(moment), None, self._team, self._agent),
            lambda moment: self._file.sort(
                self._act(moment),
                self._desk.staff.topic(self._brand, _SUBJECT),
                self._file.ticket.priority,
            ),
            lambda moment: self._file.send(self._act(moment), mail),
            lambda moment: self._file.receive(Act(AUTOMATION, moment), answer),
        ]

    def _open(self, moment: datetime) -> None:
        self._file = open_for_customer(
            self._desk.journal,
            self._act(moment),
            self._person,
            self._brand,
            self._desk.staff.templates[self._brand.name],
            next(self._desk.numbers),
        )

    def _act(self, moment: datetime) -> Act:
        return Act(Actor(ActorKind.AGENT, self._agent.id), moment)

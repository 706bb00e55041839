"""The story of one ticket: who does what in it, one act after the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random

from models.actors import AUTOMATION, Actor, ActorKind
from models.channels import Channel
from models.companies import Company
from models.customers import Customer
from models.notes import NoteKind
from models.tickets import TicketStatus
from services.demo.conversations import Line, converse
from services.demo.interactions import Contact, close_interaction, open_interaction
from services.demo.journal import Act, Journal
from services.demo.openings import NewTicket, open_ticket
from services.demo.phrasebook import phrasebook
from services.demo.plans import Plan
from services.demo.schedule import Calendar, Pace
from services.demo.staff import Staff
from services.demo.ticket_file import MAIL_CHANNELS, NewNote, TicketFile

# How often something happens in a ticket that agents have answered.
_ASSIGNED = 0.8
_SORTED = 0.85
_TAGGED = 0.4
_HANDED_OVER = 0.08
_CALLED = 0.12
_INLINE_NOTES = 0.6
_TICKET_NOTES = 0.35
_CUSTOMER_NOTES = 0.15
_COMPANY_NOTES = 0.2
_REMINDED = 0.5
_WITH_TODOS = 0.5
_STARRED_BY_COLLEAGUE = 0.3

_STILL_OPEN = (TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.ON_HOLD)
_REMINDERS_WITHIN = timedelta(days=9)

Deed = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class DemoDesk:
    """Where the stories happen. `numbers` gives tickets their numbers as they are opened."""

    journal: Journal
    calendar: Calendar
    staff: Staff
    numbers: Iterator[int]


@dataclass(frozen=True, slots=True)
class _Step:
    pace: Pace
    deed: Deed


def tell(rng: Random, desk: DemoDesk, plan: Plan) -> list[tuple[datetime, Deed]]:
    """Return what happens in a ticket, and when."""
    steps = _Story(rng, desk, plan).steps()
    moments = desk.calendar.moments(rng, plan.channel, [step.pace for step in steps], plan.age)
    return [(moment, step.deed) for moment, step in zip(moments, steps, strict=True)]


class _Story:
    """Chance decides everything when the story is made up, nothing while it happens.

    Stories are interwoven by the clock, so that chance would depend on when the demo is made.
    """

    def __init__(self, rng: Random, desk: DemoDesk, plan: Plan) -> None:
        person = plan.person
        self._rng = rng
        self._desk = desk
        self._plan = plan
        self._book = phrasebook(person.language)
        self._team = desk.staff.team(plan.brand, plan.subject)
        able = desk.staff.agents(plan.brand, self._team, person.language)
        self._agent = rng.choice(able)
        self._colleague = rng.choice(desk.staff.colleagues(plan.brand, self._team, self._agent))
        self._is_assigned = rng.random() < _ASSIGNED
        self._talk = converse(
            rng,
            self._book,
            plan.subject,
            address=(person.street, person.city),
            status=plan.status,
            length=plan.length,
        )
        self._file: TicketFile
        self._contact: Contact

    def steps(self) -> list[_Step]:
        """Return all that happens, in its order."""
        first, *rest = self._talk.lines
        opening = _Step(Pace.CUSTOMER, partial(self._open, self._as_written(first)))
        spoken = [[self._says(line)] for line in rest]
        if self._plan.status is TicketStatus.NEW:
            return [opening, *(step for block in spoken for step in block)]
        for block in self._extras():
            # After the first answer, so that the ticket is in somebody's hands.
            spoken.insert(self._rng.randint(1, len(spoken)), block)
        for _ in range(self._plan.favorites):
            spoken.insert(self._rng.randint(len(spoken) // 2, len(spoken)), [self._stars()])
        middle = [step for block in spoken for step in block]
        return [opening, *self._beginning(), *middle, *self._ending()]

    def _beginning(self) -> list[_Step]:
        deeds: list[Deed] = []
        if self._is_assigned:
            deeds.append(self._take)
            if self._plan.channel is Channel.LIVE_CHAT:
                deeds.append(partial(self._open_interaction, Channel.LIVE_CHAT))
        if self._rng.random() < _SORTED:
            deeds.append(self._sort)
        if self._rng.random() < _TAGGED:
            tags = self._rng.sample(self._desk.staff.tags, self._rng.randint(1, 3))
            deeds.append(lambda moment: self._file.tag(self._by_agent(moment), tags))
        return [
            _Step(Pace.AT_ONCE if place else Pace.AGENT, deed) for place, deed in enumerate(deeds)
        ]

    def _ending(self) -> Iterator[_Step]:
        status = self._plan.status
        if status is TicketStatus.CLOSED:
            yield self._reaches(Pace.AT_ONCE, TicketStatus.RESOLVED)
            yield self._reaches(Pace.AGENT, TicketStatus.CLOSED)
        elif status is not TicketStatus.OPEN:
            yield self._reaches(Pace.AT_ONCE, status)
        is_chat = self._is_assigned and self._plan.channel is Channel.LIVE_CHAT
        if is_chat and status not in _STILL_OPEN:
            yield self._closes_interaction()

    def _extras(self) -> Iterator[list[_Step]]:
        """Give what happens beside the conversation; the steps of each stay together."""
        person, texts = self._plan.person, self._book.notes
        yield from self._noted(_INLINE_NOTES, NoteKind.INLINE, texts.inline)
        yield from self._noted(_TICKET_NOTES, NoteKind.TICKET, texts.ticket)
        yield from self._noted(
            _CUSTOMER_NOTES, NoteKind.CUSTOMER, texts.customer, owner=person.customer
        )
        if person.company is not None:
            yield from self._noted(
                _COMPANY_NOTES, NoteKind.COMPANY, texts.company, owner=person.company
            )
        if self._is_assigned and self._rng.random() < _HANDED_OVER:
            yield [_Step(Pace.AT_ONCE, self._hand_over)]
        if self._plan.channel in MAIL_CHANNELS and self._rng.random() < _CALLED:
            calls = partial(self._open_interaction, Channel.PHONE)
            yield [_Step(Pace.AGENT, calls), self._closes_interaction()]

    def _says(self, line: Line) -> _Step:
        text = self._as_written(line)
        if line.by_agent:
            return _Step(Pace.AGENT, partial(self._answer, text))
        return _Step(
            Pace.CUSTOMER, lambda moment: self._file.receive(Act(AUTOMATION, moment), text)
        )

    def _noted(
        self,
        likelihood: float,
        kind: NoteKind,
        variants: Sequence[str],
        *,
        owner: Customer | Company | None = None,
    ) -> Iterator[list[_Step]]:
        """Give a note, perhaps; what is still to be done stands on the note of an open ticket."""
        if self._rng.random() >= likelihood:
            return
        note = NewNote(kind, self._rng.choice(variants), owner)
        if kind is NoteKind.TICKET and self._plan.status in _STILL_OPEN:
            note = replace(note, todos=self._todos(), remind_at=self._reminder())
        yield [_Step(Pace.AT_ONCE, partial(self._note, note))]

    def _todos(self) -> Sequence[str]:
        todos = self._book.notes.todos
        is_needed = self._rng.random() < _WITH_TODOS
        return self._rng.sample(todos, self._rng.randint(1, len(todos))) if is_needed else ()

    def _reminder(self) -> datetime | None:
        is_needed = self._rng.random() < _REMINDED
        return (
            self._desk.calendar.now + _REMINDERS_WITHIN * self._rng.random() if is_needed else None
        )

    def _stars(self) -> _Step:
        by_colleague = self._rng.random() < _STARRED_BY_COLLEAGUE
        place = self._rng.random()
        return _Step(Pace.AT_ONCE, partial(self._star, by_colleague=by_colleague, place=place))

    def _reaches(self, pace: Pace, status: TicketStatus) -> _Step:
        return _Step(pace, lambda moment: self._file.set_status(self._by_agent(moment), status))

    def _closes_interaction(self) -> _Step:
        notes = self._book.notes
        tags = self._rng.sample(notes.interaction_tags, self._rng.randint(1, 3))
        summary = self._rng.choice(notes.summaries)
        return _Step(Pace.AT_ONCE, partial(self._close_interaction, tags, summary))

    def _as_written(self, line: Line) -> str:
        """Return a line as it stands in a mail, but for the agent's name, or in a chat."""
        book, name = self._book, self._plan.person.customer.name
        if self._plan.channel not in MAIL_CHANNELS:
            return line.text
        if line.by_agent:
            greeting = book.agent_greeting.format(customer=name)
            return f"{greeting}\n\n{line.text}\n\n{book.agent_sign_off}"
        greeting = self._rng.choice(book.greeting)
        return f"{greeting}\n\n{line.text}\n\n{self._rng.choice(book.sign_off)}\n{name}"

    def _open(self, body: str, moment: datetime) -> None:
        self._file = open_ticket(
            self._desk.journal,
            Act(AUTOMATION, moment),
            self._plan.person,
            self._plan.brand,
            NewTicket(next(self._desk.numbers), self._plan.channel, self._talk.title, body),
        )

    def _answer(self, text: str, moment: datetime) -> None:
        signature = f"\n{self._agent.name}" if self._plan.channel in MAIL_CHANNELS else ""
        self._file.send(self._by_agent(moment), text + signature)

    def _take(self, moment: datetime) -> None:
        self._file.transfer(self._by_agent(moment), None, self._team, self._agent)

    def _hand_over(self, moment: datetime) -> None:
        act = self._by_agent(moment)
        self._agent, self._colleague = self._colleague, self._agent
        self._file.transfer(act, self._colleague, None, self._agent)

    def _sort(self, moment: datetime) -> None:
        topic = self._desk.staff.topic(self._plan.brand, self._plan.subject)
        self._file.sort(self._by_agent(moment), topic, self._plan.priority)

    def _note(self, draft: NewNote, moment: datetime) -> None:
        body = draft.body.format(**self._talk.facts, colleague=self._colleague.name)
        mentions = [self._colleague] if "{colleague}" in draft.body else []
        self._file.add_note(self._by_agent(moment), replace(draft, body=body, mentions=mentions))

    def _star(self, moment: datetime, *, by_colleague: bool, place: float) -> None:
        agent = self._colleague if by_colleague else self._agent
        self._file.star(Act(Actor(ActorKind.AGENT, agent.id), moment), place)

    def _open_interaction(self, channel: Channel, moment: datetime) -> None:
        self._contact = open_interaction(
            self._desk.journal,
            self._by_agent(moment),
            self._file.ticket,
            self._plan.person.customer,
            self._agent,
            channel,
        )

    def _close_interaction(self, tags: Sequence[str], summary: str, moment: datetime) -> None:
        close_interaction(self._desk.journal, self._by_agent(moment), self._contact, tags, summary)

    def _by_agent(self, moment: datetime) -> Act:
        return Act(Actor(ActorKind.AGENT, self._agent.id), moment)

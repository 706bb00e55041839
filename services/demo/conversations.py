"""What is written in a ticket: a question, what the agent asks back, the solution, the thanks."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from models.tickets import FINISHED_STATUSES, TicketStatus
from services.demo.phrasebook import Exchange, Phrasebook, Subject

# Small talk about waiting comes after the customer has told all that was asked.
_EXCHANGES_BEFORE_WAITING = 3


@dataclass(frozen=True, slots=True)
class Line:
    """What one of the two says."""

    by_agent: bool
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A title, what is said, and the facts (numbers, dates, addresses) that it is about."""

    title: str
    lines: list[Line]
    facts: dict[str, str]


def converse(
    rng: Random,
    book: Phrasebook,
    subject: Subject,
    *,
    address: tuple[str, str],
    status: TicketStatus,
    length: int,
) -> Conversation:
    """Make up a conversation of `length` messages that leaves its ticket in `status`.

    A new ticket has at most as many messages as there are nudges and one; a pending one or one on
    hold ends with the agent, so its length is even; a finished one has at least three messages.
    """
    talk = _Talk(rng, book, subject, address)
    title = talk.title
    facts = talk.facts
    lines = [Line(by_agent=False, text=talk.opening)]
    if status is TicketStatus.NEW:
        nudges = rng.sample(book.smalltalk.nudges, length - 1)
        lines += [Line(by_agent=False, text=nudge) for nudge in nudges]
    elif status in FINISHED_STATUSES:
        lines += talk.exchanges((length - 3) // 2)
        lines += talk.ending(with_farewell=length % 2 == 0)
    else:
        lines += talk.exchanges((length - 1) // 2)
        if length % 2 == 0:
            lines.append(talk.last_word(on_hold=status is TicketStatus.ON_HOLD))
    return Conversation(title, lines, facts)


class _Talk:
    """A conversation as it goes on, from one subject to the next if it is long."""

    def __init__(
        self, rng: Random, book: Phrasebook, subject: Subject, address: tuple[str, str]
    ) -> None:
        self._rng = rng
        self._book = book
        self._address = address
        self._begin(subject)

    def exchanges(self, count: int) -> list[Line]:
        """Return the next turns, an agent's and a customer's each."""
        lines = []
        for _ in range(count):
            agent, customer = self._turn()
            lines += [Line(by_agent=True, text=agent), Line(by_agent=False, text=customer)]
        return lines

    def ending(self, *, with_farewell: bool) -> list[Line]:
        """Return the solution and the customer's thanks."""
        small = self._book.smalltalk
        lines = [
            Line(by_agent=True, text=self._say(self._texts.outcomes)),
            Line(by_agent=False, text=self._say(small.thanks)),
        ]
        if with_farewell:
            lines.append(Line(by_agent=True, text=self._say(small.farewells)))
        return lines

    def last_word(self, *, on_hold: bool) -> Line:
        """Return what the agent said last, while the ticket is still open."""
        text = self._say(self._book.smalltalk.holds) if on_hold else self._turn()[0]
        return Line(by_agent=True, text=text)

    def _begin(self, subject: Subject) -> None:
        self._subject = subject
        self._texts = self._book.subjects[subject]
        self.facts = self._make_facts()
        opening = self._rng.choice(self._texts.openings)
        self.title = opening.title.format_map(self.facts)
        self.opening = opening.text.format_map(self.facts)
        own = self._texts.exchanges
        waits = self._rng.sample(
            self._book.smalltalk.waits, self._rng.randrange(len(self._book.smalltalk.waits) + 1)
        )
        self._steps: deque[Exchange] = deque(
            (*own[:_EXCHANGES_BEFORE_WAITING], *waits, *own[_EXCHANGES_BEFORE_WAITING:])
        )

    def _turn(self) -> tuple[str, str]:
        if self._steps:
            step = self._steps.popleft()
            return self._say(step.agent), self._say(step.customer)
        small = self._book.smalltalk
        agent = f"{self._say(self._texts.outcomes)} {self._say(small.anything_else)}"
        self._begin(self._rng.choice([other for other in Subject if other is not self._subject]))
        return agent, f"{self._say(small.one_more_thing)} {self.opening}"

    def _say(self, variants: Sequence[str]) -> str:
        return self._rng.choice(variants).format_map(self.facts)

    def _make_facts(self) -> dict[str, str]:
        rng, book = self._rng, self._book
        street, city = self._address
        return {
            "order": f"4{rng.randrange(10**6):06}",
            "invoice": f"INV-{rng.randrange(10**6):06}",
            "tracking": f"TK{rng.randrange(10**10):010}",
            "return_code": f"R{rng.randrange(10**5):05}",
            "serial": f"SN{rng.randrange(10**8):08}",
            "amount": book.amount.format(
                whole=rng.randrange(1, 10), thousand=f"{rng.randrange(100):02}"
            ),
            "product": rng.choice(book.products),
            "weekday": rng.choice(book.weekdays),
            "street": street,
            "city": city,
        }

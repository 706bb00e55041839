"""What is written to a busy desk, and by that what each rule must do: known before it happens."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from bench.incoming_rules import (
    ANSWERED,
    ASK,
    ASK_AGAIN,
    CALLBACK,
    CHATS,
    COMPLAINT,
    FIRST_CONTACT,
    HAND_OVER,
    HAS_PHONE,
    HIGH_TAG,
    HOURS,
    INSISTS,
    LINK,
    NOTED,
    NOTIFIED,
    TAGGED,
    TEAM_TAG,
    URGENT,
    URGENT_TEAM,
    Theme,
)
from models.channels import Channel

CHANNELS = [channel for channel in Channel if channel is not Channel.INTERNAL]
# A conversation is five messages, one every six seconds (in the beginning, when few are under way,
# one a second): its rules have done by then what they do. Every fifth message is a first one.
MESSAGES_OF_HANDLE = 5
MESSAGES_BETWEEN = 100
SENT_TWICE_EACH = 20  # one message of so many comes a second time
MOST_OF_ONE_THEME = 3  # a rule that acts a fourth time on a ticket within ten minutes is paused
MOST_ANSWERS = 5  # as is one with which a ticket would send an eleventh message
REMINDERS = 3

_NAMES = ("Işıl Çağlayan", "Οδυσσέας Παπαδόπουλος", "Gülşen Öztürk", "Ευαγγελία Νικολάου")
_GREETINGS = ("Merhaba!", "Καλησπέρα σας!")
_ANSWERING = frozenset([ASK, ASK_AGAIN, LINK, *(theme.rule for theme in ANSWERED)])
_TAGS_ONLY = frozenset(theme.rule for theme in TAGGED)


@dataclass(slots=True)
class Person:
    """Who writes by one handle, and what rules have come to so far. Half are known from before."""

    place: int
    channel: Channel
    is_known: bool
    language: int
    said: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    is_asked: bool = False
    replies: int = 0

    @property
    def handle(self) -> str:
        """The handle."""
        match self.channel:
            case Channel.EMAIL:
                return f"kisi{self.place}@posta.example.com"
            case Channel.PHONE:
                return f"+90532111{self.place:04}"
            case Channel.WHATSAPP:
                return f"+30691222{self.place:04}"
        return f"{self.channel.lower()}-{self.place}"

    @property
    def patience(self) -> int:
        """How many replies they write without the address that they are asked for."""
        return self.place % 5

    def writes(self, body: str, external_id: str | None = None) -> dict[str, Any]:
        """Return what the channel hands in."""
        return {
            "channel": self.channel.value,
            "handle": self.handle,
            "name": _NAMES[self.place % len(_NAMES)],
            "subject": "Siparişim" if self.channel is Channel.EMAIL else None,
            "body": body,
            "externalId": external_id,
        }


@dataclass(frozen=True, slots=True)
class Planned:
    """A message, the rules that are to run after it, and how many answers they send.

    `is_first` says that nobody has written by its handle before, `repeats` that it is handed in a
    second time: at the same moment, or once it is taken in.
    """

    number: int
    person: Person
    body: str
    rules: Sequence[str]
    answers: int
    is_first: bool
    repeats: str | None

    @property
    def external_id(self) -> str:
        """The channel's id."""
        return f"bench:{self.number}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All messages in the order in which they are written, and what comes of them."""

    people: Sequence[Person]
    messages: Sequence[Planned]

    @property
    def known(self) -> list[Person]:
        """Those who wrote before."""
        return [person for person in self.people if person.is_known]

    def updates(self) -> Counter[str]:
        """Return how often each rule is to run after what other rules change."""
        said = [(person, person.said) for person in self.people]
        urgent = sum(bool(words[URGENT.rule]) for _, words in said)
        in_team = sum(bool(words[URGENT.rule] or words[CALLBACK.rule]) for _, words in said)
        high = sum(bool(words[COMPLAINT.rule]) for _, words in said)
        return +Counter({URGENT_TEAM: urgent, TEAM_TAG: in_team, HIGH_TAG: high})


def make_plan(messages: int) -> Plan:
    """Return a plan of so many messages, the same each time. Conversations begin all the time."""
    dice = random.Random(6)
    people = [
        Person(place, channel, is_known=bool(place // len(CHANNELS) % 2), language=place % 2)
        for place, channel in zip(
            range(-(-messages // MESSAGES_OF_HANDLE)), cycle(CHANNELS), strict=False
        )
    ]
    turns = sorted(
        (begins * MESSAGES_OF_HANDLE + turn * MESSAGES_BETWEEN, person.place)
        for begins, person in enumerate(dice.sample(people, len(people)))
        for turn in range(MESSAGES_OF_HANDLE)
    )
    planned = [
        _plan(dice, number, people[place]) for number, (_, place) in enumerate(turns[:messages])
    ]
    return Plan(people, planned)


def _plan(dice: random.Random, number: int, person: Person) -> Planned:
    sentences = [_GREETINGS[person.language]]
    rules = [*_identity(person, sentences), *_forms(dice, person, sentences)]
    for theme in _themes(dice, person):
        sentences.append(theme.sentences[person.language])
        rules += _rules_about(person, theme)
    is_first = not person.messages
    person.messages += 1
    repeats = None
    if number % SENT_TWICE_EACH == 0:
        repeats = "later" if number // SENT_TWICE_EACH % 2 else "at once"
    body = f"{' '.join(sentences)} ({number})"
    answers = sum(rule in _ANSWERING for rule in rules)
    return Planned(number, person, body, tuple(rules), answers, is_first, repeats)


def _forms(dice: random.Random, person: Person, sentences: list[str]) -> Iterator[str]:
    """Give the rules for what comes in by forms, mail and telephone."""
    if person.channel in CHATS:
        return
    yield person.channel.value
    if not person.messages and not person.is_known:
        yield FIRST_CONTACT
    if person.channel is not Channel.PHONE and dice.random() < 0.3:
        sentences.append(f"Numaram 0532 333 {person.place % 100:02} 44.")
        yield HAS_PHONE


def _rules_about(person: Person, theme: Theme) -> Iterator[str]:
    """Give the rules for what somebody speaks of."""
    if theme.channels and person.channel not in theme.channels:
        return
    person.said[theme.rule] += 1
    yield theme.rule
    if theme is HOURS and person.said[theme.rule] > 1:
        yield INSISTS


def _identity(person: Person, sentences: list[str]) -> Iterator[str]:
    """Give the rule that asks who writes, or hears the answer; let an answer be written."""
    if person.channel not in CHATS or person.is_known:
        return
    if not person.messages:
        person.is_asked = True
        yield ASK
        return
    if not person.is_asked:
        return
    if person.replies < person.patience:
        person.replies += 1
        if person.replies > REMINDERS:
            person.is_asked = False
            yield HAND_OVER
            return
        yield ASK_AGAIN
        return
    person.is_asked = False
    # Every other one is known by mail since before.
    known = person.place - person.place % len(CHANNELS) + len(CHANNELS)
    address = f"kisi{known if person.place % 2 else person.place}@posta.example.com"
    sentences.append(f"Adresim {address}.")
    yield LINK


def _themes(dice: random.Random, person: Person) -> Iterator[Theme]:
    """Give what somebody speaks of now; nothing so often that a rule would run into a limit."""
    important = URGENT if person.place % 4 else COMPLAINT
    possible = [*TAGGED, *TAGGED, important, NOTED, NOTIFIED, CALLBACK]
    if sum(person.said[theme.rule] for theme in ANSWERED) < MOST_ANSWERS:
        possible.append(dice.choice(ANSWERED))
    wanted = dice.sample(possible, dice.choice((0, 1, 1, 2)))
    for theme in dict.fromkeys(wanted):
        if theme.rule in _TAGS_ONLY or person.said[theme.rule] < MOST_OF_ONE_THEME:
            yield theme

"""Whatever two to five people save at once, no accepted text is lost without a word or an entry."""

import asyncio
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise, zip_longest
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import clock
from core.ids import NodeKind, encode_global_id, new_id
from core.text import fold
from models.topics import Topic
from models.viewers import ApiScope
from tests.support.companies import create as create_company
from tests.support.customers import add_company, customer_of
from tests.support.desk import Client, World
from tests.support.editors import (
    ACTS,
    COMPANY,
    CUSTOMER,
    TICKET,
    Editor,
    Form,
    Model,
    Refused,
    Saved,
    Typed,
    conflict,
    read_log,
    states_in_log,
)

pytestmark = pytest.mark.both_databases

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

# The same histories in each run, so that what fails here fails everywhere. All share one desk, on
# which each edits a thing of its own.
HISTORIES = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

SAVES, AS_LOADED = 0.7, 0.15  # the share of steps that save, and of fields that are sent unchanged

TOPICS = ("İade", "Παράδοση")
COMPANIES = ("Tekstil A.Ş.", "Ναυτιλιακή")


def same(*values: str | None) -> list[Typed]:
    """Return values that are saved as they are typed."""
    return [Typed(value, value) for value in values]


NOTHING = [Typed(None, None), Typed("", None), Typed("  ", None)]
LINES = [
    *same("Sipariş ISI", "sipariş ısı", "ΟΔΟΣ Αθηνάς", "οδός Αθηνάς"),
    Typed("  Sipariş \n ISI ", "Sipariş ISI"),
    Typed(unicodedata.normalize("NFD", "Çağrı Öztürk"), "Çağrı Öztürk"),
]
LETTERS = "aıIİişΣσςό"
TEXTS = [
    *same(*(f"{one} \n{other}" for one, other in pairwise(LETTERS))),
    Typed("Kargo\r\ngelmedi", "Kargo\ngelmedi"),
    Typed(unicodedata.normalize("NFD", "ό \nÇ"), "ό \nÇ"),
]
# What must be unique has a `#`, which becomes the number of the thing that is edited.
ADDRESSES = [
    *same("elif.#@example.com", "νίκος.#@example.com"),
    Typed("Elif.#@Example.COM", "Elif.#@example.com"),
]
NUMBERS = [
    *same("+905321234567", "+302101234567"),
    Typed("0532 123 45 67", "+905321234567"),
]
DOMAINS = [
    Typed([], ""),
    Typed(None, ""),
    Typed(["a#.example"], "a#.example"),
    Typed(["B#.example", "a#.example", "a#.example"], "a#.example, b#.example"),
]
FIELDS: Mapping[str, Mapping[str, Sequence[Typed]]] = {
    "Ticket": {
        "title": LINES,
        "description": [*TEXTS, *NOTHING],
        "status": same("NEW", "OPEN", "PENDING", "RESOLVED", "CLOSED"),
        "priority": same("LOW", "MEDIUM", "URGENT"),
        "topic": same(*TOPICS, None),
    },
    "Customer": {
        "name": LINES,
        "email": [*ADDRESSES, *NOTHING],
        "phone": [*NUMBERS, *NOTHING],
        "language": same("tr", "el", None),
        "company": same(*COMPANIES, None),
    },
    "Company": {"name": same("Işık #", "ışık #", "ΦΩΣ #", "Φως #"), "domains": DOMAINS},
}


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody loads, saves, saves again what was refused, or acts.

    A field that is saved as None is sent as it was loaded, as forms do that send all their fields.
    """

    editor: int
    deed: str
    typed: Mapping[str, Typed | None]


@dataclass(frozen=True, slots=True)
class History:
    """What a few people do to a thing, one after the other."""

    form: Form
    steps: Sequence[Step]

    def rounds(self) -> Iterator[Sequence[Step]]:
        """Give the steps again, those of several people at a time."""
        of_each: dict[int, list[Step]] = {}
        for step in self.steps:
            of_each.setdefault(step.editor, []).append(step)
        for steps in zip_longest(*of_each.values()):
            yield [step for step in steps if step is not None]


@st.composite
def a_history(draw: st.DrawFn) -> History:
    """Draw a history. Its length is drawn apart, so that a failure is cut short."""
    length = draw(st.integers(1, 16))
    chance = draw(st.randoms(use_true_random=True))
    form = chance.choice([TICKET, CUSTOMER, COMPANY])
    people = chance.randint(2, 5)
    return History(form, [a_step(chance, form, people) for _ in range(length)])


def a_step(chance: Random, form: Form, people: int) -> Step:
    editor = chance.randrange(people)
    if chance.random() < SAVES:
        fields = FIELDS[form.type]
        names = chance.sample(sorted(fields), chance.randint(1, len(fields)))
        typed = {
            name: None if chance.random() < AS_LOADED else chance.choice(fields[name])
            for name in names
        }
        return Step(editor, "save", typed)
    return Step(editor, chance.choice(["load", "retry", *(ACTS if form is TICKET else ())]), {})


class Office:
    """A desk with five screens, one of them the second of the same person."""

    def __init__(self, world: World, clients: Sequence[tuple[str, Client]]) -> None:
        self.world = world
        self._clients = clients
        self._numbers = count(1)
        self._number = 0
        self._references: dict[str, str] = {}

    async def furnish(self) -> None:
        """Add what forms refer to."""
        for name in COMPANIES:
            self._references[name] = await add_company(self.world, name)
        async with self.world.desk.database.transaction() as session:
            for name in TOPICS:
                topic = Topic(
                    id=new_id(),
                    brand_id=self.world.acme.id,
                    name=name,
                    name_key=fold(name),
                    created_at=clock.now(),
                )
                session.add(topic)
                self._references[name] = encode_global_id(NodeKind.TOPIC, topic.id)

    async def open(self, form: Form) -> tuple[str, Sequence[Editor]]:
        """Make something new and open it on all screens."""
        self._number = next(self._numbers)
        row_id = await self._make(form)
        editors = [Editor(client, name, form, row_id) for name, client in self._clients]
        await editors[0].load()
        for editor in editors[1:]:
            editor.version, editor.values = editors[0].version, editors[0].values
        return row_id, editors

    def fit(self, step: Step, editor: Editor) -> dict[str, Typed]:
        """Return what a step saves of the thing that is open."""
        return {
            name: self._as_loaded(name, editor) if value is None else self._fit(value)
            for name, value in step.typed.items()
        }

    async def _make(self, form: Form) -> str:
        if form is COMPANY:
            company: str = (await create_company(self.world, f"Company {self._number}"))["company"][
                "id"
            ]
            return company
        _message, ticket = await self.world.receive(handle=f"{self._number}@example.com")
        return ticket if form is TICKET else await customer_of(self.world, ticket)

    def _as_loaded(self, name: str, editor: Editor) -> Typed:
        shown = editor.values[name]
        if name == "domains":
            return Typed(shown.split(", ") if shown else [], shown)
        return Typed(self._references.get(shown or "", shown), shown)

    def _fit(self, value: Typed) -> Typed:
        def fit(text: Any) -> Any:
            if isinstance(text, list):
                return [fit(one) for one in text]
            return text and self._references.get(text, text.replace("#", str(self._number)))

        return Typed(fit(value.sent), value.shown and value.shown.replace("#", str(self._number)))


@pytest.fixture
async def office(world: World) -> Office:
    integration = await world.integration(*ApiScope, brands=[world.acme])
    people = [(name.title(), getattr(world, name)) for name in ("ayse", "nikos", "admin", "ayse")]
    opened = Office(world, [*people, ("Call centre", integration)])
    await opened.furnish()
    return opened


async def one_after_the_other(office: Office, history: History) -> None:
    """Play a history, and compare each answer, each state and the log with the model."""
    form = history.form
    row_id, editors = await office.open(form)
    model = Model(editors[0].version, editors[0].values)
    first = model.version
    for step in history.steps:
        editor = editors[step.editor]
        if step.deed == "load":
            await editor.load()
        elif step.deed in ACTS:
            await editor.act(step.deed)
            model.act(editor.name, step.deed)
        else:
            typed = editor.refused if step.deed == "retry" else office.fit(step, editor)
            shown = {name: value.shown for name, value in typed.items()}
            expected = model.save(editor.name, editor.version, shown)
            result = await editor.save(typed)
            if isinstance(expected, Refused):
                assert conflict(result) == expected
                assert result["currentVersion"] == model.version
            else:
                assert Saved(result["mergedFields"]) == expected
            assert (editor.version, editor.values) == (model.version, model.values)
    reader = editors[0]
    await reader.load()
    assert (reader.version, reader.values) == (model.version, model.values)
    log = await read_log(office.world, row_id)
    assert states_in_log(log, first, model.states[first]) == model.states


async def all_at_once(office: Office, history: History) -> None:
    """Play a history with several people at a time, and judge each answer by the log."""
    row_id, editors = await office.open(history.form)
    first = editors[0].version, editors[0].values
    saves: list[tuple[int, dict[str, Typed], dict[str, Any]]] = []

    async def play(step: Step) -> None:
        editor = editors[step.editor]
        if step.deed == "load":
            await editor.load()
        elif step.deed in ACTS:
            await editor.act(step.deed)
        else:
            typed = editor.refused if step.deed == "retry" else office.fit(step, editor)
            loaded = editor.version
            saves.append((loaded, dict(typed), await editor.save(typed)))

    for steps in history.rounds():
        await asyncio.gather(*map(play, steps))

    states = states_in_log(await read_log(office.world, row_id), *first)
    await editors[0].load()
    assert (editors[0].version, editors[0].values) == max(states.items())
    for loaded, typed, result in saves:
        base = states[loaded]
        yours = {name: value.shown for name, value in typed.items()}
        if result["__typename"] == "EditConflict":
            theirs = states[result["currentVersion"]]
            for name, told in conflict(result).fields.items():
                assert told == (base[name], theirs[name], yours[name])
                assert len(set(told)) > 1
        else:
            version = result[history.form.name]["version"]
            accepted = {name: value for name, value in yours.items() if value != base[name]}
            assert accepted.items() <= states[version].items()


@on_sqlite
@settings(HISTORIES, max_examples=20)
@given(history=a_history())
async def test_each_save_is_merged_or_refused_as_the_model_says(
    office: Office, history: History
) -> None:
    await one_after_the_other(office, history)


@on_postgresql
@settings(HISTORIES, max_examples=8)
@given(history=a_history())
async def test_each_save_is_merged_or_refused_as_the_model_says_on_postgresql(
    office: Office, history: History
) -> None:
    await one_after_the_other(office, history)


@on_postgresql
@settings(HISTORIES, max_examples=10)
@given(history=a_history())
async def test_what_is_saved_at_the_same_moment_is_kept_in_the_log_or_refused(
    office: Office, history: History
) -> None:
    await all_at_once(office, history)

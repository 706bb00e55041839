"""People who edit one thing at once, and a model of what must become of what they save."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.ids import decode_global_id
from models.event_records import EventRecord
from models.events import read_events
from tests.support.desk import Client, World

# The fields of a form as people read them: references by their names, sets joined by commas.
Values = Mapping[str, str | None]

WHO = "... on Agent { name } ... on Integration { name } ... on Customer { name }"
ACTS = {
    "ticketClose": "mutation ($id: ID!) { ticketClose(input: {ticketId: $id}) { __typename } }",
    "ticketReopen": "mutation ($id: ID!) { ticketReopen(input: {ticketId: $id}) { __typename } }",
    "messageSend": """
        mutation ($id: ID!) {
          messageSend(input: {ticketId: $id, body: "Bakıyoruz, σας απαντάμε"}) { __typename }
        }
    """,
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody types into a field, as it is sent, and as it shows once it is saved."""

    sent: Any
    shown: str | None


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one kind of thing: `fields` are those of its type as they are asked for."""

    type: str
    fields: Mapping[str, str]
    input_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the kind is called in fields and inputs."""
        return self.type.lower()

    @property
    def _row(self) -> str:
        return " ".join(("version", *self.fields.values()))

    @property
    def reading(self) -> str:
        """The query that loads it."""
        return f"query ($id: ID!) {{ node(id: $id) {{ ... on {self.type} {{ {self._row} }} }} }}"

    @property
    def saving(self) -> str:
        """The mutation that saves it."""
        return f"""
            mutation ($input: {self.type}UpdateInput!) {{
              {self.name}Update(input: $input) {{
                __typename
                ... on {self.type}UpdateSuccess {{ mergedFields {self.name} {{ {self._row} }} }}
                ... on EditConflict {{
                  currentVersion changedBy {{ {WHO} }} fields {{ field base theirs yours }}
                  current {{ ... on {self.type} {{ {self._row} }} }}
                }}
                ... on UserError {{ code }}
              }}
            }}
        """

    def values(self, row: Mapping[str, Any]) -> Values:
        """Return the fields of what the API answered, as people read them."""
        return {name: _readable(row[name]) for name in self.fields}


TICKET = Form(
    "Ticket",
    {
        "title": "title",
        "description": "description",
        "status": "status",
        "priority": "priority",
        "topic": "topic { name }",
    },
    {"topic": "topicId"},
)
CUSTOMER = Form(
    "Customer",
    {
        "name": "name",
        "email": "email",
        "phone": "phone",
        "language": "language",
        "company": "company { name }",
    },
    {"company": "companyId"},
)
COMPANY = Form("Company", {"name": "name", "domains": "domains"})


@dataclass(frozen=True, slots=True)
class Saved:
    """A save that was accepted; `merged` are the fields that others had changed."""

    merged: list[str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A save that was refused: what each field was, is, and was to be; and who changed it last."""

    fields: Mapping[str, tuple[str | None, str | None, str | None]]
    by: str


class Model:
    """What must become of a thing that several people edit: each of its states, by version."""

    def __init__(self, version: int, values: Values) -> None:
        self.version = version
        self.states: dict[int, Values] = {version: values}
        self._changes: list[tuple[int, str, str]] = []

    @property
    def values(self) -> Values:
        """The fields as they are now."""
        return self.states[self.version]

    def happen(self, who: str, **values: str | None) -> None:
        """Let something happen that gives fields other values, if any: one event, one version."""
        self.version += 1
        self.states[self.version] = {**self.states[self.version - 1], **values}
        self._changes += [(self.version, name, who) for name in values]

    def save(self, who: str, loaded: int, typed: Values) -> Saved | Refused:
        """Let somebody save who had loaded a version: all of it, or nothing."""
        base, now = self.states[loaded], self.values
        changed_by = {name: by for version, name, by in self._changes if version > loaded}
        edits = {name: to for name, to in typed.items() if to not in (base[name], now[name])}
        refused = {name: (base[name], now[name], edits[name]) for name in edits.keys() & changed_by}
        if refused:
            by = next(by for _, name, by in reversed(self._changes) if name in refused)
            return Refused(refused, by)
        if edits:
            self.happen(who, **edits)
        return Saved(sorted(changed_by))

    def act(self, who: str, act: str) -> None:
        """Let somebody do what needs no version."""
        status = self.values["status"]
        if act == "messageSend":
            self.happen(who)
            if status == "NEW":
                self.happen(who, status="OPEN")
        elif act == "ticketClose" and status != "CLOSED":
            self.happen(who, status="CLOSED")
        elif act == "ticketReopen" and status in ("RESOLVED", "CLOSED"):
            self.happen(who, status="OPEN")


class Editor:
    """Somebody at a screen who has a form open."""

    def __init__(self, client: Client, name: str, form: Form, row_id: str) -> None:
        self.name = name
        self.version = 0
        self.values: Values = {}
        self.refused: dict[str, Typed] = {}
        self._client = client
        self._form = form
        self._row_id = row_id

    async def load(self) -> None:
        """Read the thing as it is now."""
        node = (await self._client.ask(self._form.reading, id=self._row_id))["node"]
        self.version, self.values = node["version"], self._form.values(node)

    async def save(self, typed: Mapping[str, Typed]) -> dict[str, Any]:
        """Save some fields over the version that is loaded, and return what was answered.

        What was saved is loaded then; after a refusal the editor has seen the newest version.
        """
        names = self._form.input_names
        result = await self._client.act(
            self._form.saving,
            input={
                f"{self._form.name}Id": self._row_id,
                "expectedVersion": self.version,
                **{names.get(name, name): value.sent for name, value in typed.items()},
            },
        )
        refused = result["__typename"] == "EditConflict"
        assert refused or result["__typename"] == f"{self._form.type}UpdateSuccess", result
        row = result["current" if refused else self._form.name]
        self.version, self.values = row["version"], self._form.values(row)
        self.refused = dict(typed) if refused else {}
        return result

    async def act(self, act: str) -> None:
        """Do something to a ticket that needs no version."""
        await self._client.act(ACTS[act], id=self._row_id)


def conflict(result: Mapping[str, Any]) -> Refused:
    """Return what an EditConflict says."""
    told = {one["field"]: (one["base"], one["theirs"], one["yours"]) for one in result["fields"]}
    assert len(told) == len(result["fields"])
    return Refused(told, result["changedBy"]["name"])


async def read_log(world: World, row_id: str) -> Sequence[EventRecord]:
    """Return everything that happened to a ticket, a customer or a company."""
    kind, key = decode_global_id(row_id)
    async with world.desk.database.reading() as connection:
        return await read_events(connection, f"{kind.name.lower()}:{key.hex}", 0, 10_000)


def states_in_log(log: Sequence[EventRecord], version: int, values: Values) -> dict[int, Values]:
    """Return each state that the log tells of from a known one on.

    Each change in the log must take its field from where the change before had left it: so no value
    ever went without an entry that keeps it.
    """
    states = {version: values}
    for event in log[version:]:
        values = dict(values)
        for change in event.payload.get("changes", ()):
            assert change["before"] == values[change["field"]], (event, values)
            values[change["field"]] = change["after"]
        states[event.sequence] = values
    return states


def _readable(value: Any) -> str | None:
    if isinstance(value, list):
        return ", ".join(value)
    text: str | None = value["name"] if isinstance(value, dict) else value
    return text

"""A desk on which scenes are played: a ticket in the middle of its life, and people who act."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from graphql import GraphQLObjectType
from sqlalchemy import func, select

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id
from models.events import TopicHeadRow
from models.tags import Tag, TicketTag
from models.topics import Topic
from schema.schema import build_schema
from tests.support.customers import add_company
from tests.support.desk import World

# What the streams of the screen tell, by their names, in order; None: not even the log says a word.
Told = Mapping[str, Sequence[str]] | None
Scene = Callable[["Stage"], AsyncIterator[Told]]

UNCHANGED: Final = None
SILENCE: Told = {}

# By the names of the files that they stand in.
SCENES: dict[str, list[tuple[frozenset[str], Scene]]] = defaultdict(list)


def scene_of(*mutations: str) -> Callable[[Scene], Scene]:
    """Play the scene to test these mutations.

    A scene acts, yields what the screen is told of that, acts again, and so on. The scenes of one
    file are played on one stage, from the first to the last: what ends something that others need
    stands below them.
    """

    def register(scene: Scene) -> Scene:
        file_name = scene.__module__.rpartition(".")[2]
        SCENES[file_name].append((frozenset(mutations), scene))
        return scene

    return register


def of_ticket(*events: str, **more: Sequence[str]) -> Told:
    """Return what is told of one act on the ticket: these events, and of lists that it changed."""
    updated = ["TicketUpdated"]
    return {"ticket": events, "open_tickets": updated, "their_tickets": updated, **more}


@dataclass
class Stage:
    """The ids of what there is, and who has done what.

    `ticket`, of the customer `customer`, is open: `message` and `reply` were written, `note` and
    `panel_note` as well, and it has a tag. `other_ticket` with `other_message` is of the same
    customer and nobody works on it. `customer_note` and `company_note` stand on the customer and
    on `company`. No item has a star. `rounds` counts the scenes that were played.
    """

    world: World
    acme: str = ""
    support: str = ""
    sales: str = ""
    ticket: str = ""
    message: str = ""
    reply: str = ""
    note: str = ""
    panel_note: str = ""
    customer_note: str = ""
    company_note: str = ""
    other_ticket: str = ""
    other_message: str = ""
    customer: str = ""
    company: str = ""
    topic: str = ""
    tag: str = ""
    done: set[str] = field(default_factory=set)
    rounds: int = 0

    async def does(self, who: str, mutation: str, show: str = "", **given: Any) -> dict[str, Any]:
        """Let somebody do something; return of its success what `show` selects."""
        result = await self._act(who, mutation, show, given)
        assert result["__typename"] == f"{_capital(mutation)}Success", result
        return result

    async def is_refused(self, who: str, error: str, mutation: str, **given: Any) -> None:
        """Let somebody try what is answered with an error of this type."""
        result = await self._act(who, mutation, "", given)
        assert result["__typename"] == error, result

    async def version(self, node_id: str, of_type: str) -> int:
        """Return the version that an editor of a row loads."""
        document = f"query ($id: ID!) {{ node(id: $id) {{ ... on {of_type} {{ version }} }} }}"
        return int((await self.world.admin.ask(document, id=node_id))["node"]["version"])

    async def edits(self, mutation: str, version: int | None = None, **given: Any) -> None:
        """Let the admin edit a row as loaded now; the first argument is its id."""
        (name, node_id), *_ = given.items()
        of_type = _capital(name.removesuffix("Id"))
        loaded = await self.version(node_id, of_type) if version is None else version
        await self.does("admin", mutation, expectedVersion=loaded, **given)

    async def log_length(self) -> int:
        """Return how many events there are, whatever they tell of."""
        async with self.world.desk.database.reading() as connection:
            statement = select(func.coalesce(func.sum(TopicHeadRow.seq), 0))
            return int((await connection.execute(statement)).scalar_one())

    async def _act(
        self, who: str, mutation: str, show: str, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        self.done.add(mutation)
        variables = {"input": given} if given else {}
        client = getattr(self.world, who)
        return dict(await client.act(_document(mutation, show), **variables))


async def set_stage(world: World) -> Stage:
    """Build the stage, by what people do."""
    stage = Stage(
        world,
        acme=encode_global_id(NodeKind.BRAND, world.acme.id),
        support=encode_global_id(NodeKind.TEAM, world.support.id),
        sales=encode_global_id(NodeKind.TEAM, world.sales.id),
    )
    stage.message, stage.ticket = await world.receive()
    stage.other_message, stage.other_ticket = await world.receive(subject="Another matter")
    sent = await stage.does(
        "ayse", "messageSend", "message { id } ticket { customer { id } }", ticketId=stage.ticket,
        body="On its way.",
    )  # fmt: skip
    stage.reply, stage.customer = sent["message"]["id"], sent["ticket"]["customer"]["id"]
    stage.note = await _note(stage, "INLINE", ticketId=stage.ticket)
    stage.panel_note = await _note(stage, "TICKET", ticketId=stage.ticket)
    stage.customer_note = await _note(stage, "CUSTOMER", customerId=stage.customer)
    stage.company = await add_company(world, "Nokta")
    stage.company_note = await _note(stage, "COMPANY", companyId=stage.company)
    topic = Topic(brand_id=world.acme.id, name="Kargo", name_key="kargo", created_at=clock.now())
    tag = Tag(name="urgent", name_key="urgent", created_at=clock.now())
    async with world.desk.database.transaction() as session:
        session.add_all([topic, tag])
        await session.flush()
        session.add(TicketTag(ticket_id=decode_global_id(stage.ticket)[1], tag_id=tag.id))
    stage.topic = encode_global_id(NodeKind.TOPIC, topic.id)
    stage.tag = encode_global_id(NodeKind.TAG, tag.id)
    stage.done.clear()
    return stage


async def _note(stage: Stage, kind: str, **owner: str) -> str:
    given = {"kind": kind, "body": "Called", **owner}
    return str((await stage.does("admin", "noteAdd", "note { id }", **given))["note"]["id"])


@cache
def _document(mutation: str, show: str) -> str:
    mutations = build_schema()._schema.mutation_type
    assert isinstance(mutations, GraphQLObjectType)
    takes = {name: argument.type for name, argument in mutations.fields[mutation].args.items()}
    selected = "__typename ... on UserError { code }"
    if show:
        selected += f" ... on {_capital(mutation)}Success {{ {show} }}"
    if not takes:
        return f"mutation {{ {mutation} {{ {selected} }} }}"
    return f"mutation ($input: {takes['input']}) {{ {mutation}(input: $input) {{ {selected} }} }}"


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]

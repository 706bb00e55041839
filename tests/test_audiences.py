"""Which answers a whole audience shares: how fields are marked, and that the marks are true."""

from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    execute,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    parse,
)
from sqlalchemy import select, update

from core.ids import NodeKind, decode_global_id, encode_global_id
from models.agents import Agent
from models.attachments import Attachment
from models.brands import Brand
from models.channel_profiles import ChannelProfile
from models.companies import Company
from models.customers import Customer
from models.favorites import Favorite
from models.interactions import Interaction
from models.messages import Message
from models.notes import Note
from models.tags import Tag, TicketTag
from models.teams import Team
from models.tickets import Ticket
from models.topics import Topic
from models.viewers import Viewer
from resolvers.scope import open_scope
from schema.fields import SAME_FOR_AUDIENCE
from schema.schema import build_schema as build_product_schema
from schema.sharing import check_marks, is_same_for_audience
from tests.support.colleagues import add_colleague
from tests.support.desk import World
from tests.support.favorites import ADD
from tests.support.rows import write_rows

LEVELS = 3  # each node is asked for itself, too: two steps away from each are looked at
ROWS: dict[NodeKind, Any] = {
    NodeKind.AGENT: Agent,
    NodeKind.ATTACHMENT: Attachment,
    NodeKind.BRAND: Brand,
    NodeKind.CHANNEL_PROFILE: ChannelProfile,
    NodeKind.COMPANY: Company,
    NodeKind.CUSTOMER: Customer,
    NodeKind.FAVORITE: Favorite,
    NodeKind.INTERACTION: Interaction,
    NodeKind.MESSAGE: Message,
    NodeKind.NOTE: Note,
    NodeKind.TAG: Tag,
    NodeKind.TEAM: Team,
    NodeKind.TICKET: Ticket,
    NodeKind.TOPIC: Topic,
}


# ── Marks ──────────────────────────────────────────────────────────────────────────────────────

SMALL = build_schema(
    """
    type Query { me: Person }
    type Subscription { ticketEvents(id: ID): Event!  favorites: [Ticket!]! }
    union Event = Ready | Changed
    interface Named { name: String }
    type Ready { cursor: String }
    type Changed { ticket: Ticket! }
    type Ticket implements Named { name: String  assignee: Person  customer: Customer! }
    type Customer implements Named { name: String  tickets: [Ticket!]!  contact: Named }
    type Person { name: String  password: String }
    """
)
FRAGMENTS = {
    "OnTicket": "fragment OnTicket on Ticket { name assignee { name } }",
    "OnCustomer": "fragment OnCustomer on Customer { tickets { name } }",
}
PERSONAL = {"Customer.tickets", "Person.password"}


def small_schema(*unmarked: str) -> GraphQLSchema:
    """Return the small schema with all its fields marked but these."""
    for type_name, object_type in object_types(SMALL):
        for name, field in object_type.fields.items():
            place = f"{type_name}.{name}"
            field.extensions = (
                {} if place in unmarked else {SAME_FOR_AUDIENCE: place not in PERSONAL}
            )
    return SMALL


def object_types(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLObjectType]]:
    for name, named in schema.type_map.items():
        if isinstance(named, GraphQLObjectType) and not name.startswith("__"):
            yield name, named


def test_a_schema_whose_fields_are_marked_is_accepted() -> None:
    check_marks(small_schema())


@pytest.mark.parametrize(
    "place", ["Ready.cursor", "Changed.ticket", "Ticket.name", "Customer.contact", "Person.name"]
)
def test_a_field_that_subscriptions_reach_must_be_marked(place: str) -> None:
    with pytest.raises(TypeError, match=rf": {place}$"):
        check_marks(small_schema(place))


def test_what_only_queries_reach_needs_no_mark() -> None:
    check_marks(small_schema("Query.me"))


def test_all_unmarked_fields_are_named() -> None:
    with pytest.raises(TypeError, match=r"Ticket\.name.*Person\.name"):
        check_marks(small_schema("Ticket.name", "Person.name"))


def test_the_schema_of_the_desk_is_marked() -> None:
    check_marks(build_product_schema()._schema)


@pytest.mark.parametrize(
    ("selection", "is_same"),
    [
        ("__typename name", True),
        ("assignee { name }", True),
        ("assignee { password }", False),
        ("assignee { password @include(if: false) }", False),
        ("customer { contact { name } }", True),
        ("customer { tickets { name } }", False),
        ("customer { renamed: tickets { __typename } }", False),
        ("customer { contact { ... on Customer { tickets { name } } } }", False),
        ("...OnTicket", True),
        ("customer { ...OnCustomer }", False),
    ],
)
def test_a_document_is_shared_if_it_selects_nothing_personal(
    selection: str, *, is_same: bool
) -> None:
    of_ticket = f"subscription {{ favorites {{ {selection} }} }}"
    of_event = (
        f"subscription {{ ticketEvents {{ ... on Changed {{ ticket {{ {selection} }} }} }} }}"
    )
    for document in (of_ticket, of_event):
        fragments = [text for name, text in FRAGMENTS.items() if f"...{name}" in document]
        parsed = parse(" ".join([document, *fragments]))
        assert is_same_for_audience(small_schema(), parsed) is is_same


def test_a_field_of_an_interface_is_personal_if_it_is_so_in_one_of_its_types() -> None:
    schema = small_schema()
    schema.type_map["Ticket"].fields["name"].extensions = {SAME_FOR_AUDIENCE: False}  # type: ignore[attr-defined]
    document = parse("subscription { favorites { customer { contact { name } } } }")

    assert not is_same_for_audience(schema, document)


# ── Their truth ────────────────────────────────────────────────────────────────────────────────


class RichDocument:
    """Selects, of a node of any type, all fields that need no argument, some levels deep.

    Personal fields are left out, or with `is_personal` are all that is selected beside them.
    """

    def __init__(self, schema: GraphQLSchema, levels: int, *, is_personal: bool = False) -> None:
        self._schema = schema
        self._is_personal = is_personal
        self._selection = cache(self._select)
        self.text = f"query ($id: ID!) {{ node(id: $id) {self._of_node(levels)} }}"

    def _of_node(self, levels: int) -> str:
        node = self._schema.type_map["Node"]
        return self._selection(node, levels)

    def _select(self, named: GraphQLNamedType, levels: int) -> str:
        if isinstance(named, GraphQLObjectType):
            fields = (self._field(name, f, levels) for name, f in named.fields.items())
            return f"{{ __typename {' '.join(filter(None, fields))} }}"
        assert isinstance(named, GraphQLInterfaceType | GraphQLUnionType)
        parts = (
            f"... on {one.name} {self._selection(one, levels)}"
            for one in self._schema.get_possible_types(named)
        )
        return f"{{ __typename {' '.join(parts)} }}"

    def _field(self, name: str, field: GraphQLField, levels: int) -> str:
        mark = field.extensions.get(SAME_FOR_AUDIENCE)
        if mark is None or any(map(is_required_argument, field.args.values())):
            return ""
        if not mark and not self._is_personal:
            return ""
        alias = f"{name}_{field.type}".translate(str.maketrans("[]!", "___"))
        named = get_named_type(field.type)
        if is_leaf_type(named):
            return f"{alias}: {name}"
        return f"{alias}: {name} {self._selection(named, levels - 1)}" if levels else ""


async def all_nodes(world: World) -> list[str]:
    async with world.desk.database.reading() as connection:
        return [
            encode_global_id(kind, row_id)
            for kind, row in ROWS.items()
            for row_id in (await connection.execute(select(row.id))).scalars()
        ]


async def ask(world: World, viewer: Viewer, document: Any, node_id: str) -> Any:
    schema = build_product_schema()._schema
    async with open_scope(world.desk.resources, viewer) as scope:
        result: Any = execute(
            schema, document, context_value=scope, variable_values={"id": node_id}
        )
        result = await result
    assert result.errors is None, result.errors
    return result.data["node"]


async def write_what_only_nikos_sees(world: World, of: UUID) -> None:
    """Give a customer a second ticket, assigned to nikos in a team that is not his."""
    message, ticket = await world.receive(subject="Between nikos and me")
    ticket_id = decode_global_id(ticket)[1]
    await world.admin.act(ADD, item=message)
    async with world.desk.database.transaction() as session:
        await session.execute(
            update(Ticket)
            .where(Ticket.id == ticket_id)
            .values(customer_id=of, team_id=world.sales.id, assignee_id=world.agents["nikos"].id)
        )
        await session.execute(update(Interaction).values(customer_id=of, ticket_id=ticket_id))


@pytest.fixture
async def rich_world(world: World) -> World:
    """A desk with rows of all kinds that lead to each other, and two agents of one audience."""
    await add_colleague(world, "eleni", like="nikos")
    rows = await write_rows(world)
    async with world.desk.database.transaction() as session:
        tag = (await session.scalars(select(Tag))).first()
        topic = (await session.scalars(select(Topic))).first()
        assert tag is not None
        assert topic is not None
        session.add(TicketTag(ticket_id=rows.ticket_id, tag_id=tag.id))
        await session.execute(
            update(Ticket)
            .where(Ticket.id == rows.ticket_id)
            .values(topic_id=topic.id, assignee_id=world.agents["ayse"].id)
        )
        await session.execute(update(Customer).values(company_id=rows.owners["company_id"]))
    await write_what_only_nikos_sees(world, rows.owners["customer_id"])
    return world


async def test_two_of_one_audience_get_equal_answers_from_all_fields_that_are_marked_so(
    rich_world: World,
) -> None:
    nikos, eleni = await rich_world.viewer("nikos"), await rich_world.viewer("eleni")
    assert nikos.audience == eleni.audience
    document = parse(RichDocument(build_product_schema()._schema, levels=LEVELS).text)
    seen_by_both = set()

    for node_id in await all_nodes(rich_world):
        one = await ask(rich_world, nikos, document, node_id)
        other = await ask(rich_world, eleni, document, node_id)
        if one is not None and other is not None:
            assert one == other
            seen_by_both.add(one["__typename"])

    assert seen_by_both == {row.__name__ for row in ROWS.values()}


async def test_the_same_question_about_personal_fields_gets_other_answers(
    rich_world: World,
) -> None:
    """Else the test above would prove nothing."""
    nikos, eleni = await rich_world.viewer("nikos"), await rich_world.viewer("eleni")
    document = parse(
        RichDocument(build_product_schema()._schema, levels=LEVELS, is_personal=True).text
    )

    differing = set()
    for node_id in await all_nodes(rich_world):
        one = await ask(rich_world, nikos, document, node_id)
        other = await ask(rich_world, eleni, document, node_id)
        if one is not None and other is not None and one != other:
            differing.add(one["__typename"])

    assert {"Customer", "Company", "Interaction"} <= differing

"""What the database itself refuses, whoever asks: the last defence of the domain's rules."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Insert, Table, insert, literal, select, text, update

from core.ids import new_id
from models.agents import Agent
from models.api_tokens import ApiToken, ApiTokenSecret
from models.base import Base
from models.brands import Brand
from models.channel_profiles import ChannelProfile
from models.companies import Company, CompanyDomain
from models.customers import Customer
from models.favorites import Favorite
from models.installation import Installation
from models.interactions import Interaction, InteractionTag
from models.messages import Message
from models.notes import Note, NoteKind, NoteTodo
from models.sessions import Session
from models.tags import Tag
from models.teams import Team
from models.tickets import Ticket
from models.topics import Topic
from tests.support.desk import World
from tests.support.rows import Rows, write_rows

pytestmark = pytest.mark.both_databases

# How long texts may be, in Unicode code points, as product.md and the models promise.
LIMITS: Mapping[Any, int] = {
    Ticket.title: 2_000,
    Ticket.description: 2_000,
    Ticket.email_subject: 2_000,
    Interaction.summary: 2_000,
    NoteTodo.text: 2_000,
    Brand.default_email_subject: 2_000,
    Tag.name: 50,
    InteractionTag.tag: 50,
    Brand.name: 200,
    Team.name: 200,
    Agent.name: 200,
    Topic.name: 200,
    Company.name: 200,
    Customer.name: 200,
    ApiToken.name: 200,
    Note.body: 10_000,
    Message.body: 1_048_576,
}
UNIQUE: Mapping[type[Base], list[Any]] = {
    Tag: [Tag.name_key],
    InteractionTag: [InteractionTag.interaction_id, InteractionTag.tag_key],
    Brand: [Brand.name_key],
    Team: [Team.name_key],
    Topic: [Topic.brand_id, Topic.name_key],
    Company: [Company.name_key],
    CompanyDomain: [CompanyDomain.domain],
    Agent: [Agent.email_key],
    Customer: [Customer.email_key],
    ChannelProfile: [ChannelProfile.channel, ChannelProfile.handle_key],
    Ticket: [Ticket.number],
    Message: [Message.brand_id, Message.channel, Message.external_id],
    Session: [Session.token_hash],
    ApiTokenSecret: [ApiTokenSecret.token_hash],
}


@pytest.fixture
async def rows(world: World) -> Rows:
    return await write_rows(world)


def with_text(column: Any, characters: int) -> Any:
    """Put a text of the widest characters there are into the rows that are no evidence."""
    table: Table = column.class_.__table__
    statement = update(table).values({column.name: "📦" * characters})
    return statement.where(Note.kind != NoteKind.INLINE) if table is Note.__table__ else statement


def copy_of(model: type[Base], *conditions: ColumnElement[bool]) -> Insert:
    """Insert a row like one that there is, with another id."""
    table = model.__table__
    assert isinstance(table, Table)
    values = [literal(new_id()) if column.name == "id" else column for column in table.columns]
    return insert(table).from_select(table.columns, select(*values).where(*conditions).limit(1))


async def test_a_text_has_as_many_characters_as_its_limit_and_not_one_more(rows: Rows) -> None:
    fitting = {str(c): await rows.refusal(with_text(c, limit)) for c, limit in LIMITS.items()}
    longer = {str(c): await rows.refusal(with_text(c, limit + 1)) for c, limit in LIMITS.items()}

    assert fitting == dict.fromkeys(map(str, LIMITS))
    assert [column for column, refusal in longer.items() if refusal is None] == []


async def test_what_must_be_unique_is_not_there_twice(rows: Rows) -> None:
    for model, columns in UNIQUE.items():
        refusal = await rows.refusal(copy_of(model, columns[-1].is_not(None)))

        assert refusal is not None, model
        assert "unique" in refusal.lower()
        assert [column.name for column in columns if column.name not in refusal] == []


async def test_a_message_and_a_note_have_one_star_at_most(rows: Rows) -> None:
    for item in (Favorite.message_id, Favorite.note_id):
        refusal = await rows.refusal(copy_of(Favorite, item.is_not(None)))

        assert refusal is not None
        assert item.name in refusal


async def test_a_star_stands_on_one_item_and_on_nothing_else(rows: Rows) -> None:
    note = rows.notes[NoteKind.TICKET].id

    assert await rows.refusal(rows.favorite(note_id=note)) is None
    for nothing_or_both in (
        rows.favorite(),
        rows.favorite(message_id=rows.message_id, note_id=note),
    ):
        assert "one_item" in (await rows.refusal(nothing_or_both) or "")


async def test_a_file_is_on_a_message_or_on_a_note_but_not_on_both(rows: Rows) -> None:
    note = rows.notes[NoteKind.TICKET].id

    assert await rows.refusal(rows.file()) is None
    assert await rows.refusal(rows.file(message_id=rows.message_id)) is None
    assert await rows.refusal(rows.file(note_id=note)) is None
    assert "one_owner" in (
        await rows.refusal(rows.file(message_id=rows.message_id, note_id=note)) or ""
    )


async def test_a_note_belongs_to_what_its_kind_says_and_to_nothing_else(rows: Rows) -> None:
    accepted = [
        (kind.value, *owners)
        for kind in NoteKind
        for owners in product((False, True), repeat=3)
        if await rows.refusal(
            rows.note(
                kind,
                **{
                    name: owner
                    for (name, owner), is_owner in zip(rows.owners.items(), owners, strict=True)
                    if is_owner
                },
            )
        )
        is None
    ]

    assert tuple(rows.owners) == ("ticket_id", "customer_id", "company_id")
    assert accepted == [
        ("INLINE", True, False, False),
        ("TICKET", True, False, False),
        ("CUSTOMER", False, True, False),
        ("COMPANY", False, False, True),
    ]


async def test_there_is_one_installation(rows: Rows) -> None:
    for second_id in (1, 2):
        assert await rows.refusal(
            insert(Installation).values(id=second_id, epoch="another", secret=b"another")
        )


async def test_an_interaction_is_not_closed_before_it_was_opened(rows: Rows) -> None:
    async with rows.world.desk.database.reading() as connection:
        opened_at = (await connection.execute(select(Interaction.opened_at))).scalar_one()

    assert await rows.refusal(update(Interaction).values(closed_at=opened_at)) is None
    assert "closes_after_opening" in (
        await rows.refusal(update(Interaction).values(closed_at=opened_at - timedelta(seconds=1)))
        or ""
    )


@pytest.mark.parametrize(
    "column", ["ticket.status", "ticket.priority", "ticket.channel", "message.direction"]
)
async def test_a_value_that_the_contract_does_not_name_is_refused(rows: Rows, column: str) -> None:
    table, name = column.split(".")

    assert await rows.refusal(text(f"UPDATE {table} SET {name} = 'LOST'"))


async def test_nothing_refers_to_what_is_not_there(rows: Rows) -> None:
    for column in (
        Ticket.brand_id,
        Ticket.customer_id,
        Message.ticket_id,
        NoteTodo.note_id,
        InteractionTag.interaction_id,
    ):
        statement = update(column.class_).values({column.key: new_id()})

        assert "foreign key" in (await rows.refusal(statement) or "").lower()

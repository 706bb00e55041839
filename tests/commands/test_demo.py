"""The demo: a desk that looks as if people had worked at it for three months."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Executable, Row, and_, case, func, select

from app.application import create_application
from app.desk import Desk, open_desk
from core import clock
from core.database import Database
from core.settings import Settings
from models.actors import AUTOMATION, ActorKind
from models.agents import Agent
from models.base import Base
from models.brands import Brand
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.companies import Company
from models.customers import Customer
from models.event_topics import inbox_topic, notifications_topic, topic_named
from models.events import Event, TopicHeadRow
from models.favorites import Favorite
from models.interactions import Interaction, InteractionTag
from models.jobs import Job
from models.messages import DeliveryState, Message, MessageDirection
from models.notes import Note, NoteKind, NoteMention, NoteReminder, NoteRevision, NoteTodo
from models.notifications import Notification, NotificationKind
from models.tags import Tag
from models.teams import Team
from models.ticket_templates import TicketTemplate
from models.tickets import Ticket, TicketPriority, TicketStatus
from models.topics import Topic
from services import demo, incoming_messages, sessions, tickets
from services.incoming_messages import IncomingMessage
from services.reminders import REMIND
from services.unit_of_work import UnitOfWork
from tests.conftest import as_asyncpg
from tests.support.commands import Served, served
from tests.support.databases import create_database, drop_database
from tests.support.desk import Client
from tests.support.servers import PostgresServer
from tests.support.waits import waits_by_messages

PROMISED = {
    Brand: 3,
    Team: 4,
    Agent: 8,
    Company: 40,
    Customer: 300,
    Ticket: 500,
    Message: 6_000,
    Favorite: 200,
    TicketTemplate: 3,
}


@dataclass(frozen=True)
class Filled:
    """A filled database, and how the filling went."""

    url: str
    progress: list[tuple[int, int]]


@dataclass(frozen=True)
class FirstServed:
    """A new SQLite database, after it was served once, and what was said and answered then."""

    url: str
    desk: Served
    ready: httpx2.Response
    answer: httpx2.Response


async def fill(database_url: str) -> Filled:
    filled = Filled(database_url, [])
    database = Database(database_url)
    assert await demo.fill(database, lambda done, total: filled.progress.append((done, total)))
    await database.close()
    return filled


@pytest.fixture(scope="session")
def filled_sqlite(tmp_path_factory: pytest.TempPathFactory) -> FirstServed:
    path = tmp_path_factory.mktemp("demo") / "demo.sqlite3"
    # Without a worker, whose upkeep would forget what happened long ago.
    with served(DATABASE_URL=f"sqlite:///{path}", WORKER_IN_WEB="false") as desk:
        ready = httpx2.get(f"{desk.url}/health/ready")
        answer = httpx2.post(f"{desk.url}/graphql", json={"query": "{ __typename }"})
    return FirstServed(f"sqlite+aiosqlite:///{path}", desk, ready, answer)


@pytest.fixture(scope="session")
def filled_postgres(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Filled]:
    url = asyncio.run(create_database(postgres_server.url, template_url=postgres_template))
    yield asyncio.run(fill(as_asyncpg(url)))
    asyncio.run(drop_database(postgres_server.url, url))


@pytest.fixture(params=["sqlite", "postgres"])
def filled_url(request: pytest.FixtureRequest) -> str:
    """A demo that all tests share: they look at it, sign in to it, and leave the rest alone."""
    filled: Filled | FirstServed = request.getfixturevalue(f"filled_{request.param}")
    return filled.url


@pytest.fixture
async def desk(filled_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    settings = Settings(database_url=filled_url, storage_path=tmp_path / "files", _env_file=None)
    async with open_desk(settings) as opened:
        yield opened


async def rows(desk: Desk, statement: Executable) -> list[Row[Any]]:
    async with desk.database.reading() as connection:
        return list(await connection.execute(statement))


async def count(desk: Desk, model: type[Base]) -> int:
    ((number,),) = await rows(desk, select(func.count()).select_from(model))
    return int(number)


async def sign_in(desk: Desk, address: str) -> str:
    return (await sessions.sign_in(desk.database, address, "starling-demo")).token


@asynccontextmanager
async def signed_in(desk: Desk, address: str) -> AsyncIterator[Client]:
    token = await sign_in(desk, address)
    transport = httpx2.ASGITransport(app=create_application(desk))
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as http:
        yield Client(http, token)


async def test_it_has_as_much_as_it_promises(desk: Desk) -> None:
    assert {model: await count(desk, model) for model in PROMISED} == PROMISED


async def test_filling_it_twice_changes_nothing(desk: Desk) -> None:
    tables = [mapper.class_ for mapper in Base.registry.mappers]
    before = {model: await count(desk, model) for model in tables}
    progress: list[tuple[int, int]] = []

    filled = await demo.fill(desk.database, lambda done, total: progress.append((done, total)))

    assert not filled
    assert progress == []
    assert {model: await count(desk, model) for model in tables} == before


def test_a_new_desk_is_filled_with_the_demo_and_served(filled_sqlite: FirstServed) -> None:
    url = filled_sqlite.desk.url
    assert filled_sqlite.desk.said == [
        f"Starling serves on {url}",
        f"  GraphQL      {url}/graphql",
        f"  Mail         {url}/dev/mail",
        "  Sign in as   admin@demo.example, first.agent@demo.example, second.agent@demo.example",
        "  Password     starling-demo",
    ]
    assert filled_sqlite.ready.status_code == httpx2.codes.OK
    assert filled_sqlite.ready.json()["status"] == "ready"
    assert filled_sqlite.answer.json() == {"data": {"__typename": "Query"}}


def test_filling_tells_how_far_it_is(filled_postgres: Filled) -> None:
    written = [done for done, _total in filled_postgres.progress]
    (total,) = {total for _done, total in filled_postgres.progress}

    assert written == sorted(set(written))
    assert written[-1] == total


async def test_every_status_priority_and_kind_of_note_occurs(desk: Desk) -> None:
    for column, kinds in (
        (Ticket.status, TicketStatus),
        (Ticket.priority, TicketPriority),
        (Note.kind, NoteKind),
    ):
        found = await rows(desk, select(column).distinct())

        assert {value for (value,) in found} == set(kinds)


async def test_people_write_on_many_channels_in_three_languages(desk: Desk) -> None:
    channels = {channel for (channel,) in await rows(desk, select(Ticket.channel).distinct())}
    profiles = {row.channel for row in await rows(desk, select(ChannelProfile.channel).distinct())}
    languages = {row.language for row in await rows(desk, select(Customer.language).distinct())}

    assert profiles == {
        *(Channel.EMAIL, Channel.WEB, Channel.LIVE_CHAT, Channel.WHATSAPP, Channel.TELEGRAM),
        *(Channel.VIBER, Channel.INSTAGRAM, Channel.FACEBOOK),
    }
    assert channels == {*profiles, Channel.INTERNAL}
    assert languages == {"tr", "el", "en"}


async def test_nothing_of_the_texts_is_left_to_fill_in(desk: Desk) -> None:
    texts = [
        *await rows(desk, select(Message.body)),
        *await rows(desk, select(Note.body)),
        *await rows(desk, select(Ticket.title)),
        *await rows(desk, select(InteractionTag.tag)),
    ]

    assert [text for (text,) in texts if "{" in text or "}" in text] == []


async def test_counters_of_each_ticket_equal_its_rows(desk: Desk) -> None:
    by_agent = and_(
        Message.direction == MessageDirection.OUTGOING, Message.author_kind == ActorKind.AGENT
    )
    messages = {
        row.ticket_id: row
        for row in await rows(
            desk,
            select(
                Message.ticket_id,
                func.count().label("count"),
                func.min(case((by_agent, Message.created_at))).label("first_response_at"),
            ).group_by(Message.ticket_id),
        )
    }
    last = {
        row.ticket_id: row.id
        for row in await rows(
            desk,
            select(Message.ticket_id, Message.id).order_by(Message.created_at, Message.id),
        )
    }
    waits = await waits_by_messages(desk.database)
    favorites: dict[Any, int] = defaultdict(int)
    for (ticket_id,) in await rows(desk, select(Favorite.ticket_id)):
        favorites[ticket_id] += 1

    for ticket in await rows(desk, select(Ticket.__table__)):
        assert ticket.message_count == messages[ticket.id].count
        assert ticket.first_response_at == messages[ticket.id].first_response_at
        assert ticket.last_message_id == last[ticket.id]
        assert ticket.waiting_since == waits[ticket.id]
        assert ticket.favorite_count == favorites[ticket.id]
        assert (ticket.closed_at is not None) == (ticket.status is TicketStatus.CLOSED)


async def test_the_log_of_each_topic_has_no_gap_and_goes_forward_in_time(desk: Desk) -> None:
    log = defaultdict(list)
    for event in await rows(
        desk, select(Event.topic, Event.seq, Event.created_at).order_by(Event.topic, Event.seq)
    ):
        log[event.topic].append(event)
    heads = {
        row.topic: (row.min_seq, row.seq)
        for row in await rows(desk, select(TopicHeadRow.__table__))
    }

    assert heads == {topic: (1, len(events)) for topic, events in log.items()}
    for events in log.values():
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        moments = [event.created_at for event in events]
        assert moments == sorted(moments)


async def test_the_version_of_a_row_is_the_place_of_its_last_event(desk: Desk) -> None:
    places = select(Event.topic, func.max(Event.seq))
    last: dict[str, int] = dict(map(tuple, await rows(desk, places.group_by(Event.topic))))
    models: tuple[Any, ...] = (
        *(Agent, Brand, Company, Customer, Interaction, Tag, Team, Ticket),
        *(TicketTemplate, Topic),
    )

    for model in models:
        found = await rows(desk, select(model.id, model.version))

        assert len(found) > 0
        assert [row for row in found if last[topic_named(model, row.id)] != row.version] == []


async def test_each_message_note_and_favourite_has_its_event(desk: Desk) -> None:
    events = await rows(desk, select(Event.type, Event.payload).where(~Event.topic.like("inbox:%")))

    def named(event_type: str, field: str) -> list[str]:
        return sorted(row.payload[field] for row in events if row.type == event_type)

    for model, event_type, field in (
        (Message, "MessageAdded", "message_id"),
        (Note, "NoteAdded", "note_id"),
        (Favorite, "FavoriteAdded", "favorite_id"),
    ):
        ids = [row.id.hex for row in await rows(desk, select(model.id))]
        assert named(event_type, field) == sorted(ids)


async def test_field_changes_lead_from_a_new_ticket_to_what_it_is(desk: Desk) -> None:
    present = {
        topic_named(Ticket, ticket.id): {
            "status": ticket.status,
            "priority": ticket.priority,
            "team": ticket.team,
            "assignee": ticket.assignee,
            "topic": ticket.topic,
        }
        for ticket in await rows(
            desk,
            select(
                Ticket.id,
                Ticket.status,
                Ticket.priority,
                Team.name.label("team"),
                Agent.name.label("assignee"),
                Topic.name.label("topic"),
            )
            .outerjoin(Team, Team.id == Ticket.team_id)
            .outerjoin(Agent, Agent.id == Ticket.assignee_id)
            .outerjoin(Topic, Topic.id == Ticket.topic_id),
        )
    }
    new = {"status": "NEW", "priority": "MEDIUM", "team": None, "assignee": None, "topic": None}
    told = {topic: dict(new) for topic in present}

    for event in await rows(
        desk,
        select(Event.topic, Event.payload)
        .where(Event.type == "TicketChanged")
        .order_by(Event.topic, Event.seq),
    ):
        for change in event.payload["changes"]:
            if change["field"] != "tags":
                assert told[event.topic][change["field"]] == change["before"]
                told[event.topic][change["field"]] = change["after"]

    assert told == present


async def test_the_inbox_was_told_what_the_services_would_tell(desk: Desk) -> None:
    told = {
        event.payload["ticket_id"]: event.payload["after"]
        for event in await rows(
            desk,
            select(Event.payload)
            .where(Event.type == "InboxChanged")
            .order_by(Event.topic, Event.seq),
        )
    }
    assert len(told) == 500

    async with desk.database.transaction() as session:
        work = UnitOfWork(session, AUTOMATION, clock.now())
        for ticket in await session.scalars(select(Ticket).order_by(Ticket.number).limit(60)):
            would_tell = await tickets.full_state_of(work, ticket)
            after = told[ticket.id.hex]
            assert {**after, "tag_ids": sorted(after["tag_ids"])} == {
                **would_tell,
                "tag_ids": sorted(would_tell["tag_ids"]),
            }


async def test_agents_who_are_mentioned_are_told(desk: Desk) -> None:
    mentions = await rows(
        desk,
        select(NoteMention.note_id, NoteMention.agent_id, Agent.name, Note.body)
        .join(Agent, Agent.id == NoteMention.agent_id)
        .join(Note, Note.id == NoteMention.note_id),
    )
    told = await rows(
        desk,
        select(Notification.note_id, Notification.agent_id).where(
            Notification.kind == NotificationKind.MENTIONED
        ),
    )

    assert all(f"@{row.name}" in row.body for row in mentions)
    assert sorted(map(tuple, told)) == sorted((row.note_id, row.agent_id) for row in mentions)
    assert len(mentions) > 0


async def test_agents_who_are_given_tickets_are_told(desk: Desk) -> None:
    told = await rows(desk, select(Notification.id, Notification.agent_id, Notification.kind))
    events = await rows(
        desk, select(Event.topic, Event.payload).where(Event.type == "NotificationAdded")
    )

    assert sorted((row.topic, row.payload["notification_id"]) for row in events) == sorted(
        (notifications_topic(row.agent_id), row.id.hex) for row in told
    )
    assert NotificationKind.ASSIGNED in {row.kind for row in told}


async def test_notes_remind_list_what_to_do_and_keep_their_first_text(desk: Desk) -> None:
    now = clock.now()
    reminders = await rows(desk, select(NoteReminder.due_at))
    editable = await rows(desk, select(Note.id, Note.body).where(Note.kind != NoteKind.INLINE))
    revisions = await rows(desk, select(NoteRevision.note_id, NoteRevision.body))

    assert len(reminders) > 10
    assert sum(row.due_at > now for row in reminders) > 10
    assert await count(desk, NoteTodo) > 10
    assert sorted(editable) == sorted(revisions)


async def test_all_happened_in_the_last_ninety_days_while_the_desk_was_open(desk: Desk) -> None:
    now = clock.now()
    moments = await rows(desk, select(Ticket.created_at, Ticket.updated_at, Ticket.closed_at))
    answers = await rows(
        desk, select(Message.created_at).where(Message.direction == MessageDirection.OUTGOING)
    )

    assert min(row.created_at for row in moments) > now - timedelta(days=91)
    assert now - timedelta(days=3) < max(row.updated_at for row in moments) < now
    assert max(row.closed_at for row in moments if row.closed_at) < now
    assert {row.created_at.hour for row in answers} <= set(range(6, 17))


async def test_nothing_waits_to_be_sent_and_each_reminder_to_be_told(desk: Desk) -> None:
    waiting = await rows(desk, select(Job.kind, Job.run_at))
    reminders = await rows(desk, select(NoteReminder.due_at))

    assert sorted(waiting) == sorted((REMIND, row.due_at) for row in reminders)


async def test_some_tickets_wait_for_somebody_to_take_them(desk: Desk) -> None:
    found = await rows(
        desk, select(Ticket.status).where(Ticket.assignee_id.is_(None), Ticket.team_id.is_(None))
    )

    assert {row.status for row in found} >= {TicketStatus.NEW, TicketStatus.OPEN}


async def test_whoever_writes_again_on_a_chat_channel_goes_on_in_the_same_ticket(
    desk: Desk,
) -> None:
    conversation = (Ticket.customer_id, Ticket.brand_id, Ticket.channel)

    doubled = await rows(
        desk,
        select(*conversation)
        .where(Ticket.channel != Channel.EMAIL)
        .group_by(*conversation)
        .having(func.count() > 1),
    )

    assert doubled == []


async def test_agents_opened_a_ticket_of_each_brand_by_its_template(desk: Desk) -> None:
    opened = await rows(
        desk,
        select(Ticket.id, Ticket.status, Ticket.email_subject, TicketTemplate.description)
        .join(TicketTemplate, TicketTemplate.brand_id == Ticket.brand_id)
        .where(Ticket.channel == Channel.INTERNAL),
    )

    assert len(opened) == PROMISED[Brand]
    for ticket in opened:
        notes = await rows(desk, select(Note.kind, Note.body).where(Note.ticket_id == ticket.id))
        mails = await rows(
            desk,
            select(Message.direction, Message.channel, Message.delivery_state)
            .where(Message.ticket_id == ticket.id)
            .order_by(Message.created_at),
        )
        assert list(map(tuple, notes)) == [(NoteKind.INLINE, ticket.description)]
        assert list(map(tuple, mails)) == [
            (MessageDirection.OUTGOING, Channel.EMAIL, DeliveryState.SENT),
            (MessageDirection.INCOMING, Channel.EMAIL, None),
        ]


INBOX = """
    query ($search: String) {
      me { ... on Agent { name language } }
      tickets(first: 100, search: $search) { totalCount nodes { id title } }
    }
"""


async def test_the_two_agents_sign_in_and_share_tickets(desk: Desk) -> None:
    async with signed_in(desk, "first.agent@demo.example") as first:
        turkish = await first.ask(INBOX)
    async with signed_in(desk, "second.agent@demo.example") as second:
        greek = await second.ask(INBOX)

    assert turkish["me"] == {"name": "Ayşe Yıldırım", "language": "tr"}
    assert greek["me"] == {"name": "Νίκος Παπαδόπουλος", "language": "el"}
    shared = {node["id"] for node in turkish["tickets"]["nodes"]} & {
        node["id"] for node in greek["tickets"]["nodes"]
    }
    assert len(shared) >= 20
    assert turkish["tickets"]["totalCount"] < 500


async def test_the_admin_sees_every_ticket(desk: Desk) -> None:
    async with signed_in(desk, "admin@demo.example") as admin:
        data = await admin.ask(INBOX)

    assert data["tickets"]["totalCount"] == 500


async def test_tickets_are_found_by_their_words(desk: Desk) -> None:
    async with signed_in(desk, "admin@demo.example") as admin:
        for words in ("SIPARIS", "παραγγελια", "parcel depot"):
            data = await admin.ask(INBOX, search=words)

            assert 10 < data["tickets"]["totalCount"] < 300


async def test_work_goes_on_where_the_demo_ends(desk: Desk) -> None:
    ((brand_id,),) = await rows(desk, select(Brand.id).limit(1))
    inbox = inbox_topic(brand_id)
    ((last,),) = await rows(desk, select(func.max(Event.seq)).where(Event.topic == inbox))
    token = await sign_in(desk, "admin@demo.example")
    admin = await sessions.authenticate(desk.database, f"Bearer {token}")
    new = IncomingMessage(Channel.EMAIL, "new@customer.example", "Hello?", brand_id)

    async with desk.database.transaction() as session:
        work = UnitOfWork(session, admin.actor or AUTOMATION, clock.now())
        message = await incoming_messages.receive(work, admin, new)
        ticket = await session.get_one(Ticket, message.ticket_id)
        places = {record.topic: record.sequence for record in await work.write_events()}
        await session.rollback()

    assert ticket.number == 501
    assert places[inbox] == last + 1

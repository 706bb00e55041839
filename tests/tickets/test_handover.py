"""Taking over a ticket: what is on it, and what is new to the colleague."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from core import clock
from core.ids import decode_global_id
from models.actors import Actor, ActorKind
from models.brands import BrandMember
from models.event_topics import topic_named
from models.events import Event
from models.messages import MessageDirection
from models.notes import NoteReminder
from models.tickets import Ticket
from models.viewers import ApiScope
from resolvers import batches
from resolvers import handover as handover_batches
from services.messages import NewMessage, append
from services.tickets import take
from subscriptions.log.cursors import encode_cursor
from tests.support.acts import CLOSE, SEND, TRANSFER
from tests.support.desk import Client, World
from tests.support.favorites import ADD as STAR
from tests.support.favorites import REMOVE as UNSTAR
from tests.support.history import unlike
from tests.support.live import TICKET_EVENTS, served
from tests.support.notes import add as add_note
from tests.support.tickets import update

HANDOVER = """
    query ($ticket: ID!, $since: EventCursor) {
      handover(ticketId: $ticket, since: $since) {
        cursor sinceMoment messageCount
        ticket { id status favoriteCount eventCursor }
        favorites(first: 10) {
          totalCount nodes { item { ... on Message { body } ... on Note { body } } }
        }
        reminders(first: 10) { totalCount nodes { body remindAt remindWhom { name } } }
        notes(first: 10) { totalCount nodes { body } }
        changes(first: 10) {
          totalCount nodes { action actor { ... on Agent { name } } changes { field after } }
        }
        messages(first: 10) { totalCount nodes { body } }
        discussion(first: 10) { totalCount nodes { body } }
      }
    }
"""
MESSAGES = """
    query ($ticket: ID!, $since: EventCursor, $last: Int, $before: String) {
      handover(ticketId: $ticket, since: $since) {
        messageCount
        messages(last: $last, before: $before) {
          nodes { body } pageInfo { hasPreviousPage startCursor }
        }
      }
    }
"""
WITHOUT_SINCE = """
    query ($ticket: ID!) {
      handover(ticketId: $ticket) { cursor messages { totalCount nodes { body } } }
    }
"""
EVENT_CURSOR = "query ($id: ID!) { ticket(id: $id) { eventCursor } }"


async def handover(client: Client, ticket: str, since: str | None = None) -> dict[str, Any]:
    found = (await client.ask(HANDOVER, ticket=ticket, since=since))["handover"]
    assert isinstance(found, dict)
    return found


def bodies(connection: dict[str, Any]) -> list[str]:
    found = [node.get("item", node)["body"] for node in connection["nodes"]]
    assert connection["totalCount"] == len(found)
    return found


def actions(found: dict[str, Any]) -> list[str]:
    return [node["action"] for node in found["changes"]["nodes"]]


async def send(client: Client, ticket: str, body: str) -> None:
    await client.act(SEND, ticket=ticket, body=body)


async def test_who_never_acted_on_a_ticket_is_handed_all_of_it(world: World) -> None:
    message, ticket = await world.receive("Where is my order?")
    await add_note(world.ayse, ticketId=ticket, body="She called")
    await add_note(world.ayse, "TICKET", ticketId=ticket, body="IBAN TR33")
    await send(world.ayse, ticket, "On its way")
    await world.ayse.act(STAR, item=message)

    found = await handover(world.nikos, ticket)

    assert found["sinceMoment"] is None
    assert found["cursor"] == found["ticket"].pop("eventCursor")
    assert found["ticket"] == {"id": ticket, "status": "OPEN", "favoriteCount": 1}
    assert bodies(found["favorites"]) == ["Where is my order?"]
    assert bodies(found["notes"]) == ["IBAN TR33"]
    assert bodies(found["discussion"]) == ["She called"]
    assert bodies(found["messages"]) == ["Where is my order?", "On its way"]
    assert found["messageCount"] == 2
    assert bodies(found["reminders"]) == []
    assert actions(found) == ["CREATED", "FIELDS_CHANGED", "FAVORITE_ADDED"]


async def test_a_colleague_is_handed_what_happened_after_their_own_last_act(world: World) -> None:
    message, ticket = await world.receive("First")
    await add_note(world.ayse, ticketId=ticket, body="Before")
    await add_note(world.ayse, "TICKET", ticketId=ticket, body="Panel")
    await world.nikos.act(STAR, item=message)
    acted_at = await moment_of_last_event(world, ticket)
    await send(world.ayse, ticket, "Second")
    await add_note(world.ayse, ticketId=ticket, body="After")
    await world.ayse.act(UNSTAR, item=message)

    found = await handover(world.nikos, ticket)

    assert found["sinceMoment"] == acted_at
    assert bodies(found["messages"]) == ["Second"]
    assert found["messageCount"] == 1
    assert bodies(found["discussion"]) == ["After"]
    assert actions(found) == ["FIELDS_CHANGED", "FAVORITE_REMOVED"]
    assert bodies(found["notes"]) == ["Panel"]  # all of them, whenever they were written
    assert bodies(found["favorites"]) == []


async def test_nothing_is_new_to_who_acted_last(world: World) -> None:
    message, ticket = await world.receive()
    await world.ayse.act(STAR, item=message)

    found = await handover(world.ayse, ticket)

    assert found["messageCount"] == 0
    assert bodies(found["messages"]) == bodies(found["discussion"]) == actions(found) == []
    assert bodies(found["favorites"]) == ["Where is my order?"]


async def test_the_cursor_of_one_handover_is_the_beginning_of_the_next(world: World) -> None:
    _message, ticket = await world.receive()
    first = await handover(world.nikos, ticket)
    await send(world.ayse, ticket, "Later")
    await update(world.admin, ticket, 4, priority="URGENT")

    second = await handover(world.nikos, ticket, since=first["cursor"])
    third = await handover(world.nikos, ticket, since=second["cursor"])

    assert bodies(second["messages"]) == ["Later"]
    assert second["changes"]["nodes"][-1] == {
        "action": "FIELDS_CHANGED",
        "actor": {"name": "Admin"},
        "changes": [{"field": "priority", "after": "URGENT"}],
    }
    assert bodies(third["messages"]) == actions(third) == []
    assert third["cursor"] == second["cursor"]


async def test_the_cursor_prevails_over_ones_own_acts(world: World) -> None:
    _message, ticket = await world.receive()
    seen = (await world.nikos.ask(EVENT_CURSOR, id=ticket))["ticket"]["eventCursor"]
    await send(world.ayse, ticket, "Hers")
    await send(world.nikos, ticket, "His")

    found = await handover(world.nikos, ticket, since=seen)

    assert bodies(found["messages"]) == ["Hers", "His"]


async def test_open_reminders_of_all_colleagues_come_the_earliest_due_first(world: World) -> None:
    _message, ticket = await world.receive()
    _message, other = await world.receive(subject="Another")
    for of_ticket, kind, year, whom in (
        (ticket, "TICKET", 2032, "ayse"),
        (ticket, "INLINE", 2031, "nikos"),
        (ticket, "INLINE", 2030, "ayse"),
        (other, "INLINE", 2029, "ayse"),
    ):
        given = {"remindAt": f"{year}-01-01T00:00:00Z", "remindWhomId": world.id_of(whom)}
        await add_note(world.ayse, kind, ticketId=of_ticket, body=str(year), **given)
    await tick_off(world, ticket, "2030")

    found = await handover(world.nikos, ticket)

    assert found["reminders"] == {
        "totalCount": 2,
        "nodes": [
            {"body": "2031", "remindAt": "2031-01-01T00:00:00Z", "remindWhom": {"name": "Nikos"}},
            {"body": "2032", "remindAt": "2032-01-01T00:00:00Z", "remindWhom": {"name": "Ayse"}},
        ],
    }


async def test_mail_of_the_past_that_came_in_since_is_new(world: World) -> None:
    _message, ticket = await world.receive("Today")
    await send(world.nikos, ticket, "Answer")
    async with world.work("ayse") as work:
        hand = await take(work, await world.viewer("ayse"), decode_global_id(ticket)[1])
        customer = Actor(ActorKind.CUSTOMER, hand.ticket.customer_id)
        a_month_ago = clock.now() - timedelta(days=30)
        await append(
            work,
            hand,
            NewMessage(customer, MessageDirection.INCOMING, "Old mail", created_at=a_month_ago),
        )
        await hand.finish()

    assert bodies((await handover(world.nikos, ticket))["messages"]) == ["Old mail"]


async def test_pages_of_new_messages_join_without_gap_and_overlap(world: World) -> None:
    _message, ticket = await world.receive()
    since = (await handover(world.nikos, ticket))["cursor"]
    for place in range(7):
        await send(world.ayse, ticket, f"message {place}")

    read: list[str] = []
    before = None
    while True:
        page = (await world.nikos.ask(MESSAGES, ticket=ticket, since=since, last=3, before=before))[
            "handover"
        ]
        read = [node["body"] for node in page["messages"]["nodes"]] + read
        assert page["messageCount"] == 7
        if not page["messages"]["pageInfo"]["hasPreviousPage"]:
            break
        before = page["messages"]["pageInfo"]["startCursor"]

    assert read == [f"message {place}" for place in range(7)]


async def test_who_may_not_read_notes_is_handed_none_and_no_count_of_any(world: World) -> None:
    message, ticket = await world.receive()
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    since = (await handover(reader, ticket))["cursor"]
    inline = await add_note(
        world.ayse, ticketId=ticket, body="Secret", remindAt="2030-01-01T00:00:00Z"
    )
    await add_note(world.ayse, "TICKET", ticketId=ticket, body="Secret")
    await world.ayse.act(STAR, item=inline["note"]["id"])
    await world.ayse.act(STAR, item=message)

    for found in (await handover(reader, ticket), await handover(reader, ticket, since)):
        assert found["ticket"]["favoriteCount"] == 1
        assert bodies(found["favorites"]) == ["Where is my order?"]
        assert bodies(found["notes"]) == bodies(found["discussion"]) == []
        assert bodies(found["reminders"]) == []
        assert actions(found)[-1:] == ["FAVORITE_ADDED"]
        assert actions(found).count("FAVORITE_ADDED") == 1
        assert found["changes"]["totalCount"] == len(actions(found))


async def test_a_hidden_ticket_and_an_absent_one_are_answered_alike(world: World) -> None:
    _message, ticket = await world.receive()

    async with world.counted_statements() as of_hidden:
        hidden = await world.stranger.send(HANDOVER, ticket=ticket)
    async with world.counted_statements() as of_absent:
        absent = await world.stranger.send(HANDOVER, ticket=unlike(ticket))

    assert hidden.error["extensions"]["code"] == "NOT_FOUND"
    assert (hidden.status, hidden.body) == (absent.status, absent.body)
    assert of_hidden == of_absent


async def test_nobody_takes_over_without_signing_in(world: World) -> None:
    _message, ticket = await world.receive()

    refused = await world.nobody.send(HANDOVER, ticket=ticket)

    assert refused.error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_place_that_is_none_of_this_ticket_is_refused_by_name(world: World) -> None:
    _message, ticket = await world.receive()
    _message, other = await world.receive(subject="Another")
    topic = topic_named(Ticket, decode_global_id(ticket)[1])
    epoch = world.desk.resources.epoch
    beginning = await handover(world.nikos, ticket, encode_cursor(epoch, {topic: 1}))
    assert bodies(beginning["messages"]) == ["Where is my order?"]

    for since in (
        "soon",
        "",
        (await world.nikos.ask(EVENT_CURSOR, id=other))["ticket"]["eventCursor"],
        (await world.nikos.ask("{ inboxEventCursor }"))["inboxEventCursor"],
        encode_cursor("abcdef01", {topic: 1}),  # of another log
        encode_cursor(epoch, {topic: 3}),  # does not exist yet
        encode_cursor(epoch, {topic: 2**63 - 1}),
        encode_cursor(epoch, {topic: 1, f"brand:{7:032x}": 1}),
    ):
        refused = await world.nikos.send(HANDOVER, ticket=ticket, since=since)
        assert refused.error["extensions"]["code"] == "VALIDATION_FAILED", since
        assert refused.error["extensions"]["fields"] == [
            {"path": ["since"], "code": "INVALID_CURSOR", "limit": None, "actual": None}
        ]


async def test_a_place_that_the_log_keeps_no_more_is_refused(world: World) -> None:
    _message, ticket = await world.receive()
    seen = (await world.nikos.ask(EVENT_CURSOR, id=ticket))["ticket"]["eventCursor"]
    await send(world.ayse, ticket, "Later")
    topic = topic_named(Ticket, decode_global_id(ticket)[1])
    async with world.desk.database.transaction() as session:
        await session.execute(delete(Event).where(Event.topic == topic, Event.seq <= 3))

    refused = await world.nikos.send(HANDOVER, ticket=ticket, since=seen)

    assert refused.error["extensions"]["fields"][0]["path"] == ["since"]


async def test_a_closed_ticket_is_taken_over_all_the_same(world: World) -> None:
    _message, ticket = await world.receive()
    await world.ayse.act(CLOSE, ticket=ticket)

    found = await handover(world.nikos, ticket)

    assert found["ticket"]["status"] == "CLOSED"
    assert actions(found) == ["CREATED", "FIELDS_CHANGED"]


async def test_who_had_no_access_before_is_handed_everything_with_the_ticket(world: World) -> None:
    message, ticket = await world.receive()
    await world.ayse.act(STAR, item=message)
    await add_note(world.ayse, "TICKET", ticketId=ticket, body="Mind the gap")
    stranger = world.id_of("stranger")
    async with world.desk.database.transaction() as session:
        session.add(BrandMember(brand_id=world.acme.id, agent_id=world.agents["stranger"].id))
    await world.ayse.act(TRANSFER, ticket=ticket, assignee=stranger)

    found = await handover(world.stranger, ticket)

    assert bodies(found["favorites"]) == ["Where is my order?"]
    assert bodies(found["notes"]) == ["Mind the gap"]


@pytest.mark.parametrize("document", [HANDOVER, WITHOUT_SINCE])
async def test_a_stream_from_the_cursor_misses_nothing_that_happens_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    _message, ticket = await world.receive()

    async def load_after_somebody_wrote(*given: Any) -> Any:
        monkeypatch.undo()
        await send(world.ayse, ticket, "Meanwhile")
        return await batches.load_pages(*given)

    monkeypatch.setattr(handover_batches, "load_pages", load_after_somebody_wrote)
    found = (await world.nikos.ask(document, ticket=ticket))["handover"]

    # All of it is of one moment, so that nothing is told twice either.
    assert bodies(found["messages"]) == ["Where is my order?"]
    async with (
        served(world) as live,
        live.watch("nikos", TICKET_EVENTS, ticket=ticket, after=found["cursor"]) as watcher,
    ):
        assert (await watcher.next())["message"]["body"] == "Meanwhile"


async def test_the_statements_do_not_grow_with_what_is_handed_over(world: World) -> None:
    first, short = await world.receive()
    second, long = await world.receive(subject="Long")
    for message, ticket, rounds in ((first, short, 1), (second, long, 6)):
        await world.ayse.act(STAR, item=message)
        for place in range(rounds):
            await send(world.ayse, ticket, f"message {place}")
            given = {"ticketId": ticket, "remindAt": "2030-01-01T00:00:00Z"}
            await add_note(world.ayse, **given)
            note = await add_note(world.ayse, "TICKET", **given)
            await world.ayse.act(STAR, item=note["note"]["id"])

    async with world.counted_statements() as of_short:
        await handover(world.nikos, short)
    async with world.counted_statements() as of_long:
        await handover(world.nikos, long)

    assert len(of_long) == len(of_short)


async def moment_of_last_event(world: World, ticket: str) -> str:
    document = "query ($id: ID!) { ticket(id: $id) { changes(last: 1) { nodes { occurredAt } } } }"
    found = (await world.ayse.ask(document, id=ticket))["ticket"]
    return str(found["changes"]["nodes"][0]["occurredAt"])


async def tick_off(world: World, ticket: str, body: str) -> None:
    notes = await world.ayse.ask(
        "query ($id: ID!) { ticket(id: $id) { notes { nodes { id body } } } }", id=ticket
    )
    (note,) = (node["id"] for node in notes["ticket"]["notes"]["nodes"] if node["body"] == body)
    async with world.desk.database.transaction() as session:
        reminder = await session.get_one(NoteReminder, decode_global_id(note)[1])
        reminder.done_at = clock.now()

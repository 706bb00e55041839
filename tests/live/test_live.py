"""What viewers of a ticket and of a list see live, over WebSocket."""

from collections.abc import AsyncIterator

import pytest

from core.ids import NodeKind, encode_global_id
from models.viewers import ApiScope
from subscriptions.log.cursors import encode_cursor
from tests.support.acts import CLOSE, NOTE, SEND, TRANSFER
from tests.support.customers import add_company, customer_of
from tests.support.customers import update as update_customer
from tests.support.desk import World
from tests.support.favorites import ADD, REMOVE
from tests.support.live import FAVORITES, INBOX_EVENTS, TICKET_EVENTS, LiveWorld, served, watching
from tests.support.notes import add as add_note


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened:
        yield opened


async def test_a_star_shows_at_once_to_a_colleague(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket) as watcher:
        assert await watcher.next() == {"__typename": "StreamReady"}

        await live.world.ayse.act(ADD, item=message)
        await live.world.admin.act(REMOVE, item=message)

        assert await watcher.next() == {
            "__typename": "FavoriteAdded",
            "actor": {"name": "Ayse"},
            "favoriteCount": 1,
            "favorite": {"item": {"id": message}, "addedBy": {"name": "Ayse"}},
        }
        assert await watcher.next() == {
            "__typename": "FavoriteRemoved",
            "actor": {"name": "Admin"},
            "favoriteCount": 0,
            "itemId": message,
        }


async def test_the_list_of_favourites_comes_first_and_then_each_change(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    async with live.watch("nikos", FAVORITES, ticket=ticket) as watcher:
        assert await watcher.next() == {
            "favoriteCount": 0,
            "favorites": {"nodes": []},
            "change": None,
        }

        await live.world.ayse.act(ADD, item=message)

        assert await watcher.next() == {
            "favoriteCount": 1,
            "favorites": {"nodes": [{"item": {"id": message}}]},
            "change": {"__typename": "FavoriteAdded"},
        }


async def test_who_was_away_gets_what_was_missed_once_and_in_order(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket) as watcher:
        await watcher.next()
        await live.world.ayse.act(ADD, item=message)
        await watcher.next()
        seen = watcher.cursor

    await live.world.ayse.act(SEND, ticket=ticket, body="Hello")
    await live.world.ayse.act(REMOVE, item=message)

    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket, after=seen) as watcher:
        await live.world.ayse.act(ADD, item=message)
        types = [(await watcher.next())["__typename"] for _ in range(4)]
        assert types == ["MessageAdded", "TicketChanged", "FavoriteRemoved", "FavoriteAdded"]


async def test_a_stream_from_a_query_has_neither_gap_nor_overlap(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    await live.world.ayse.act(ADD, item=message)
    found = await live.world.nikos.ask(
        "query ($id: ID!) { ticket(id: $id) { eventCursor favoriteCount messageCount } }",
        id=ticket,
    )
    await live.world.ayse.act(SEND, ticket=ticket, body="Later")

    cursor = found["ticket"].pop("eventCursor")
    assert found["ticket"] == {"favoriteCount": 1, "messageCount": 1}
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket, after=cursor) as watcher:
        event = await watcher.next()
        assert event["message"]["body"] == "Later"


async def test_a_cursor_of_another_log_resets_the_stream_which_goes_on(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    of_another_log = encode_cursor("abcdef01", {f"ticket:{7:032x}": 5})
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket, after=of_another_log) as watcher:
        assert await watcher.next() == {"__typename": "StreamReset", "reason": "EPOCH"}
        await live.world.ayse.act(ADD, item=message)
        assert (await watcher.next())["__typename"] == "FavoriteAdded"


async def test_a_cursor_of_another_ticket_resets_the_stream(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    _message, other = await live.world.receive(handle="other@example.com")
    async with live.watch("nikos", TICKET_EVENTS, ticket=other) as watcher:
        await watcher.next()
        cursor = watcher.cursor
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket, after=cursor) as watcher:
        assert await watcher.next() == {"__typename": "StreamReset", "reason": "TOPICS"}


async def test_a_text_that_is_no_cursor_is_refused_by_name(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket, after="soon") as watcher:
        extensions = (await watcher.refusal())["extensions"]
    assert extensions["code"] == "VALIDATION_FAILED"
    assert [(f["path"], f["code"]) for f in extensions["fields"]] == [(["after"], "INVALID_CURSOR")]


async def test_a_stranger_cannot_watch_and_learns_nothing(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    async with live.watch("stranger", TICKET_EVENTS, ticket=ticket) as watcher:
        hidden = await watcher.refusal()
    async with live.watch("stranger", TICKET_EVENTS, ticket=f"{ticket[:-4]}AAAA") as watcher:
        absent = await watcher.refusal()
    assert hidden["extensions"]["code"] == "NOT_FOUND"
    assert (hidden["message"], hidden["extensions"]) == (absent["message"], absent["extensions"])


async def test_who_loses_the_ticket_is_told_so_and_hears_nothing_more(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    support = encode_global_id(NodeKind.TEAM, live.world.support.id)
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket) as watcher:
        await watcher.next()
        await live.world.ayse.act(TRANSFER, ticket=ticket, team=support)
        assert await watcher.next() == {"__typename": "AccessLost"}
        await watcher.ended()


async def test_a_note_is_told_to_agents(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket) as watcher:
        await watcher.next()
        await live.world.ayse.act(NOTE, ticket=ticket)
        assert await watcher.next() == {
            "__typename": "NoteAdded",
            "actor": {"name": "Ayse"},
            "note": {"body": "Between us"},
        }


async def test_a_signed_out_session_ends_its_sockets(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket) as watcher:
        await watcher.next()
        await live.world.nikos.act("mutation { signOut { __typename } }")
        await live.world.desk.viewers.refresh()
        assert await watcher.socket.wait_closed() == (4403, "Signed out")


async def test_a_ticket_enters_changes_in_and_leaves_a_filtered_inbox(live: LiveWorld) -> None:
    view = {"statuses": ["NEW", "OPEN"], "unassigned": True}
    async with live.watch("nikos", INBOX_EVENTS, filter=view) as watcher:
        assert await watcher.next() == {"__typename": "StreamReady"}

        message, ticket = await live.world.receive(subject="Where is it?")
        assert await watcher.next() == {
            "__typename": "TicketEntered",
            "ticket": {"id": ticket, "title": "Where is it?"},
        }

        await live.world.ayse.act(ADD, item=message)
        assert await watcher.next() == {
            "__typename": "TicketUpdated",
            "ticket": {"id": ticket},
            "changes": [],
        }

        await live.world.ayse.act(CLOSE, ticket=ticket)
        assert await watcher.next() == {"__typename": "TicketLeft", "ticketId": ticket}


async def test_an_inbox_shows_no_ticket_of_other_brands_and_teams(live: LiveWorld) -> None:
    async with live.watch("nikos", INBOX_EVENTS) as watcher:
        await watcher.next()
        await live.world.receive(brand=live.world.other)
        _message, ticket = await live.world.receive(subject="Seen")
        assert (await watcher.next())["ticket"] == {"id": ticket, "title": "Seen"}

        support = encode_global_id(NodeKind.TEAM, live.world.support.id)
        await live.world.ayse.act(TRANSFER, ticket=ticket, team=support)
        assert await watcher.next() == {"__typename": "TicketLeft", "ticketId": ticket}

        await live.world.ayse.act(TRANSFER, ticket=ticket, assignee=live.world.id_of("nikos"))
        assert (await watcher.next())["__typename"] == "TicketEntered"


async def test_an_inbox_goes_on_where_its_cursor_stands(live: LiveWorld) -> None:
    async with live.watch("nikos", INBOX_EVENTS) as watcher:
        await watcher.next()
        seen = watcher.cursor
    _message, ticket = await live.world.receive()
    async with live.watch("nikos", INBOX_EVENTS, after=seen) as watcher:
        event = await watcher.next()
    assert (event["__typename"], event["ticket"]["id"]) == ("TicketEntered", ticket)


async def test_a_customers_other_company_moves_their_tickets(live: LiveWorld) -> None:
    world = live.world
    company, other = await add_company(world, "Tekstil"), await add_company(world, "Deniz")
    _message, ticket = await world.receive()
    _message, closed = await world.receive(subject="Done")
    await world.ayse.act(CLOSE, ticket=closed)
    customer = {"id": await customer_of(world, ticket)}
    async with live.watch("nikos", INBOX_EVENTS, filter={"companyId": company}) as watcher:
        await watcher.next()

        await update_customer(world.ayse, customer, 4, companyId=company)
        assert await watcher.next() == {
            "__typename": "TicketEntered",
            "ticket": {"id": ticket, "title": "My order"},
        }

        await update_customer(world.ayse, customer, 5, companyId=other)
        assert await watcher.next() == {"__typename": "TicketLeft", "ticketId": ticket}


async def test_who_may_not_read_notes_hears_no_count_of_starred_ones(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    reader = await live.world.integration(ApiScope.TICKETS_READ, brands=[live.world.acme])
    note = await add_note(live.world.ayse, ticketId=ticket, body="Between us")
    await live.world.ayse.act(ADD, item=note["note"]["id"])
    async with (
        watching(live.port, reader.token, TICKET_EVENTS, ticket=ticket) as events,
        watching(live.port, reader.token, FAVORITES, ticket=ticket) as favorites,
    ):
        await events.next()
        assert (await favorites.next())["favoriteCount"] == 0

        await live.world.ayse.act(ADD, item=message)

        assert (await events.next())["favoriteCount"] == 1
        assert (await favorites.next())["favoriteCount"] == 1


async def test_a_list_and_the_stream_after_its_cursor_have_no_gap_and_no_overlap(
    live: LiveWorld,
) -> None:
    world = live.world
    _message, before = await world.receive()
    snapshot = await world.nikos.ask(
        "{ inboxEventCursor tickets(first: 10) { nodes { id } totalCount } }"
    )
    assert [ticket["id"] for ticket in snapshot["tickets"]["nodes"]] == [before]

    _message, after = await world.receive(subject="Another")
    async with live.watch("nikos", INBOX_EVENTS, after=snapshot["inboxEventCursor"]) as watcher:
        assert await watcher.next() == {
            "__typename": "TicketEntered",
            "ticket": {"id": after, "title": "Another"},
        }
        await world.ayse.act(CLOSE, ticket=after)
        assert (await watcher.next())["__typename"] == "TicketUpdated"


async def test_strangers_learn_no_place_of_any_inbox(live: LiveWorld) -> None:
    refused = await live.world.nobody.send("{ inboxEventCursor }")
    assert refused.error["extensions"]["code"] == "UNAUTHENTICATED"

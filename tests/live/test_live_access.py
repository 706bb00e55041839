"""Who hears what after their rights have changed, and while the database is away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import delete, insert, update

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.agents import Agent, AgentRole
from models.api_tokens import ApiToken
from models.brands import Brand, BrandMember
from models.event_topics import topic_named
from models.teams import TeamMember
from models.tickets import Ticket
from models.viewers import ApiScope
from services import live_viewers
from services.sessions import persons_now
from subscriptions import patience, streams
from subscriptions.log import following
from subscriptions.log.cursors import ResetReason
from subscriptions.log.following import Gap, Happened, Item
from subscriptions.sight import Sight
from tests.edge.graphql_socket import open_socket
from tests.support.acts import CLOSE, NOTE, TRANSFER
from tests.support.desk import World
from tests.support.favorites import ADD
from tests.support.live import (
    FAVORITES,
    INBOX_EVENTS,
    TICKET_EVENTS,
    LiveWorld,
    Watcher,
    served,
    watching,
)

RESET_OF_RIGHTS = {"__typename": "StreamReset", "reason": "RIGHTS"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the database again without a pause."""
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened:
        yield opened


async def execute(live: LiveWorld, *statements: Any) -> None:
    """Change rights, and let the refresh that comes every two seconds come now."""
    await execute_unnoticed(live, *statements)
    await live.world.desk.viewers.refresh()


async def execute_unnoticed(live: LiveWorld, *statements: Any) -> None:
    """Change rights."""
    async with live.world.desk.database.transaction() as session:
        for statement in statements:
            await session.execute(statement)


def team_of(live: LiveWorld) -> str:
    return encode_global_id(NodeKind.TEAM, live.world.support.id)


async def of_support(live: LiveWorld, subject: str, **options: Any) -> tuple[str, str]:
    """Take in a message, and give its ticket to the team Support."""
    message, ticket = await live.world.receive(
        subject=subject, handle=f"{subject}@example.com", **options
    )
    await live.world.admin.act(TRANSFER, ticket=ticket, team=team_of(live))
    return message, ticket


# ── Lists ──────────────────────────────────────────────────────────────────────────────────────


async def test_who_leaves_a_team_is_told_to_fetch_anew_and_hears_no_more_of_its_tickets(
    live: LiveWorld,
) -> None:
    hidden, ticket = await of_support(live, "hidden")
    seen, other = await live.world.receive(subject="seen")
    async with live.watch("ayse", INBOX_EVENTS) as watcher:
        await watcher.next()
        await execute(
            live, delete(TeamMember).where(TeamMember.agent_id == live.world.agents["ayse"].id)
        )
        assert await watcher.next() == RESET_OF_RIGHTS

        await live.world.admin.act(ADD, item=hidden)
        await live.world.admin.act(CLOSE, ticket=ticket)
        await live.world.admin.act(ADD, item=seen)
        assert (await watcher.next())["ticket"] == {"id": other}


async def test_an_admin_who_becomes_an_agent_hears_only_of_what_agents_see(
    live: LiveWorld,
) -> None:
    admin = live.world.agents["admin"]
    hidden, ticket = await live.world.receive(brand=live.world.other)
    seen, other = await live.world.receive(handle="seen@example.com")
    async with live.watch("admin", INBOX_EVENTS) as watcher:
        await watcher.next()
        await execute(
            live,
            update(Agent).where(Agent.id == admin.id).values(role=AgentRole.AGENT),
            insert(BrandMember).values(agent_id=admin.id, brand_id=live.world.acme.id),
        )
        assert await watcher.next() == RESET_OF_RIGHTS

        await live.world.stranger.act(ADD, item=hidden)
        await live.world.stranger.act(CLOSE, ticket=ticket)
        await live.world.ayse.act(ADD, item=seen)
        assert (await watcher.next())["ticket"] == {"id": other}


async def test_who_joins_a_brand_hears_of_its_tickets_after_the_reset(live: LiveWorld) -> None:
    nikos = live.world.agents["nikos"]
    async with live.watch("nikos", INBOX_EVENTS) as watcher:
        await watcher.next()
        await execute(
            live, insert(BrandMember).values(agent_id=nikos.id, brand_id=live.world.other.id)
        )

        assert await watcher.next() == RESET_OF_RIGHTS
        _message, joined = await live.world.receive(brand=live.world.other, subject="joined")
        assert (await watcher.next())["ticket"] == {"id": joined, "title": "joined"}


async def test_a_stream_goes_on_from_the_cursor_of_a_reset(live: LiveWorld) -> None:
    nikos = live.world.agents["nikos"]
    _message, ticket = await live.world.receive()
    async with live.watch("nikos", INBOX_EVENTS) as watcher:
        await watcher.next()
        await execute(
            live, insert(BrandMember).values(agent_id=nikos.id, brand_id=live.world.other.id)
        )
        assert await watcher.next() == RESET_OF_RIGHTS
        seen = watcher.cursor
    await live.world.ayse.act(CLOSE, ticket=ticket)
    async with live.watch("nikos", INBOX_EVENTS, after=seen) as watcher:
        assert (await watcher.next())["__typename"] == "TicketUpdated"


async def test_who_comes_back_with_other_rights_is_told_to_fetch_anew(live: LiveWorld) -> None:
    ayse = live.world.agents["ayse"]
    seen = (await live.world.ayse.ask("{ inboxEventCursor }"))["inboxEventCursor"]
    await execute(live, delete(TeamMember).where(TeamMember.agent_id == ayse.id))

    async with live.watch("ayse", INBOX_EVENTS, after=seen) as watcher:
        assert await watcher.next() == {"__typename": "StreamReset", "reason": "TOPICS"}


async def test_an_inbox_does_not_tell_that_a_private_note_was_written(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    reader = await live.world.integration(ApiScope.TICKETS_READ, brands=[live.world.acme])
    async with watching(live.port, reader.token, INBOX_EVENTS) as watcher:
        await watcher.next()
        await live.world.ayse.act(NOTE, ticket=ticket)
        await live.world.ayse.act(CLOSE, ticket=ticket)
        assert (await watcher.next())["changes"] == [{"field": "status", "after": "CLOSED"}]


async def test_another_language_is_no_other_right(live: LiveWorld) -> None:
    nikos = live.world.agents["nikos"]
    message, ticket = await live.world.receive()
    async with live.watch("nikos", INBOX_EVENTS) as watcher:
        await watcher.next()
        await execute(live, update(Agent).where(Agent.id == nikos.id).values(language="tr"))
        await live.world.ayse.act(ADD, item=message)
        assert (await watcher.next())["ticket"] == {"id": ticket}


async def test_whose_rights_have_changed_is_told_so_though_nothing_happens(
    live: LiveWorld,
) -> None:
    live.world.desk.viewers._refresh_seconds = 0.05
    nikos = live.world.agents["nikos"]
    async with (
        live.watch("nikos", INBOX_EVENTS) as watcher,
        live.watch("ayse", INBOX_EVENTS) as other,
    ):
        await watcher.next()
        await other.next()

        await execute_unnoticed(
            live, insert(BrandMember).values(agent_id=nikos.id, brand_id=live.world.other.id)
        )

        assert await watcher.next() == RESET_OF_RIGHTS
        await other.hears_nothing()


async def test_an_agent_without_brands_has_an_empty_stream_that_can_be_resumed(
    live: LiveWorld,
) -> None:
    nikos = live.world.agents["nikos"]
    await execute(live, delete(BrandMember).where(BrandMember.agent_id == nikos.id))
    async with live.watch("nikos", INBOX_EVENTS) as watcher:
        assert await watcher.next() == {"__typename": "StreamReady"}
        seen = watcher.cursor
    await execute(live, insert(BrandMember).values(agent_id=nikos.id, brand_id=live.world.acme.id))
    async with live.watch("nikos", INBOX_EVENTS, after=seen) as watcher:
        assert await watcher.next() == {"__typename": "StreamReset", "reason": "TOPICS"}


async def test_more_brands_than_a_stream_follows_are_refused_by_their_limit(
    live: LiveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MAX_CURSOR_TOPICS", 1)
    async with live.watch("admin", INBOX_EVENTS) as watcher:
        error = await watcher.refusal()
    assert error["extensions"] == {"code": "LIMIT_REACHED", "limit": 1}


async def test_an_admin_of_a_thousand_brands_hears_of_each(live: LiveWorld) -> None:
    brand = live.world.acme
    columns = {"language": "en", "created_at": brand.created_at}
    rows = [{"name": f"B{n}", "name_key": f"b{n}", "id": new_id(), **columns} for n in range(998)]
    await execute(live, insert(Brand).values(rows))
    async with live.watch("admin", INBOX_EVENTS) as watcher:
        await watcher.next()
        _message, ticket = await live.world.receive()
        await watcher.next()
        seen = watcher.cursor
    async with live.watch("admin", INBOX_EVENTS, after=seen) as watcher:
        await live.world.ayse.act(CLOSE, ticket=ticket)
        assert (await watcher.next())["__typename"] == "TicketUpdated"


# ── One ticket ─────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def gaps_for_events() -> AsyncIterator[None]:
    """Make every event a gap, as if it could not be had."""

    async def follow(*arguments: Any) -> AsyncIterator[Item]:
        async for item in following.follow(*arguments):
            if isinstance(item, Happened):
                yield Gap(item.cursor, ResetReason.RETENTION)
            else:
                yield item

    with patch.object(streams, "follow", follow):
        yield


async def test_a_gap_is_told_only_to_those_who_see_the_ticket(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    async with (
        gaps_for_events(),
        live.watch("nikos", TICKET_EVENTS, ticket=ticket) as events,
        live.watch("nikos", FAVORITES, ticket=ticket) as favorites,
    ):
        await events.next()
        await favorites.next()
        await live.world.ayse.act(ADD, item=message)
        assert (await events.next())["__typename"] == "StreamReset"
        assert (await favorites.next())["favoriteCount"] == 1

        await live.world.ayse.act(TRANSFER, ticket=ticket, team=team_of(live))
        assert await events.next() == {"__typename": "AccessLost"}
        await events.ended()
        await favorites.ended()


async def test_who_loses_the_right_to_a_quiet_ticket_is_told_so(live: LiveWorld) -> None:
    nikos = live.world.agents["nikos"]
    _message, ticket = await live.world.receive()
    await live.world.ayse.act(NOTE, ticket=ticket)
    async with (
        live.watch("nikos", TICKET_EVENTS, ticket=ticket) as events,
        live.watch("nikos", FAVORITES, ticket=ticket) as favorites,
        live.watch("ayse", TICKET_EVENTS, ticket=ticket) as other,
    ):
        for watcher in (events, favorites, other):
            await watcher.next()

        await execute(live, delete(BrandMember).where(BrandMember.agent_id == nikos.id))

        assert await events.next() == {"__typename": "AccessLost"}
        await events.ended()
        await favorites.ended()
        await other.hears_nothing()


async def test_who_lost_the_right_to_a_ticket_is_told_so_by_the_next_refresh(
    live: LiveWorld,
) -> None:
    live.world.desk.viewers._refresh_seconds = 0.05
    nikos = live.world.agents["nikos"]
    _message, ticket = await live.world.receive()
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket) as events:
        await events.next()

        await execute_unnoticed(live, delete(BrandMember).where(BrandMember.agent_id == nikos.id))

        assert await events.next() == {"__typename": "AccessLost"}
        await events.ended()


async def test_who_loses_a_quiet_ticket_by_a_transfer_is_told_so(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    async with (
        live.watch("nikos", TICKET_EVENTS, ticket=ticket) as events,
        live.watch("nikos", FAVORITES, ticket=ticket) as favorites,
        live.watch("ayse", FAVORITES, ticket=ticket) as other,
    ):
        for watcher in (events, favorites, other):
            await watcher.next()

        await live.world.ayse.act(TRANSFER, ticket=ticket, team=team_of(live))

        assert await events.next() == {"__typename": "AccessLost"}
        await events.ended()
        await favorites.ended()
        await other.hears_nothing()


async def test_after_other_events_the_loss_of_a_ticket_ends_its_list_of_favourites(
    live: LiveWorld,
) -> None:
    nikos = live.world.agents["nikos"]
    _message, ticket = await live.world.receive()
    async with live.watch("nikos", FAVORITES, ticket=ticket) as favorites:
        await favorites.next()
        await live.world.ayse.act(NOTE, ticket=ticket)
        await favorites.hears_nothing()

        await execute(live, delete(BrandMember).where(BrandMember.agent_id == nikos.id))

        await favorites.ended()


async def test_who_lost_a_ticket_cannot_come_back_to_it_by_a_cursor(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket) as events:
        await events.next()
        seen = events.cursor
    await live.world.ayse.act(TRANSFER, ticket=ticket, team=team_of(live))
    await live.world.ayse.act(ADD, item=message)

    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket, after=seen) as events:
        assert (await events.refusal())["extensions"]["code"] == "NOT_FOUND"


async def test_a_revoked_token_ends_the_connection(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    reader = await live.world.integration(ApiScope.TICKETS_READ, brands=[live.world.acme])
    async with watching(live.port, reader.token, TICKET_EVENTS, ticket=ticket) as watcher:
        await watcher.next()

        await execute(live, update(ApiToken).values(revoked_at=clock.now()))

        assert await watcher.socket.wait_closed() == (4403, "Signed out")


async def test_an_integration_that_may_read_notes_no_more_hears_of_none(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    reader = await live.world.integration(
        ApiScope.TICKETS_READ, ApiScope.NOTES_READ, brands=[live.world.acme]
    )
    async with watching(live.port, reader.token, TICKET_EVENTS, ticket=ticket) as watcher:
        await watcher.next()
        await live.world.ayse.act(NOTE, ticket=ticket)
        assert (await watcher.next())["__typename"] == "NoteAdded"

        await execute(live, update(ApiToken).values(scopes=[ApiScope.TICKETS_READ]))
        await live.world.ayse.act(NOTE, ticket=ticket)
        await live.world.ayse.act(ADD, item=message)
        assert (await watcher.next())["__typename"] == "FavoriteAdded"


async def test_an_event_of_a_type_of_a_newer_version_is_left_out(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    row_id = decode_global_id(ticket)[1]
    async with (
        live.watch("nikos", TICKET_EVENTS, ticket=ticket) as events,
        live.watch("nikos", INBOX_EVENTS) as inbox,
    ):
        await events.next()
        await inbox.next()
        async with live.world.work() as work:
            work.record("TicketTeleported", {}, topic=topic_named(Ticket, row_id))
            work.record("InboxTeleported", {}, topic=f"inbox:{live.world.acme.id.hex}")
        await live.world.ayse.act(ADD, item=message)
        assert (await events.next())["__typename"] == "FavoriteAdded"
        assert (await inbox.next())["__typename"] == "TicketUpdated"


# ── A database that is away ────────────────────────────────────────────────────────────────────


@pytest.fixture
def come_back(live: LiveWorld, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Nobody can say who is connected, until the function is called that this gives."""
    is_away = True

    async def refuse_while_away(*arguments: Any) -> Any:
        if is_away:
            raise ConnectionRefusedError
        return await persons_now(*arguments)

    def answer_again() -> None:
        nonlocal is_away
        is_away = False

    viewers = live.world.desk.viewers
    monkeypatch.setattr(live_viewers, "persons_now", refuse_while_away)
    monkeypatch.setattr(viewers, "_refresh_seconds", 0.01)
    return answer_again


def let_rights_grow_stale(live: LiveWorld) -> None:
    """Make it so long that nothing was found out about the viewers."""
    live.world.desk.viewers._fresh_until = 0.0


async def test_while_rights_cannot_be_checked_nothing_is_told_and_afterwards_all_of_it(
    live: LiveWorld, come_back: Callable[[], None]
) -> None:
    message, ticket = await live.world.receive()
    async with (
        live.watch("nikos", TICKET_EVENTS, ticket=ticket) as events,
        live.watch("ayse", FAVORITES, ticket=ticket) as favorites,
        live.watch("nikos", INBOX_EVENTS) as inbox,
    ):
        for watcher in (events, favorites, inbox):
            await watcher.next()
        let_rights_grow_stale(live)

        await live.world.admin.act(ADD, item=message)
        await live.world.admin.act(NOTE, ticket=ticket)
        for watcher in (events, favorites, inbox):
            await watcher.hears_nothing()

        come_back()
        await expect(events, "FavoriteAdded")
        await expect(events, "NoteAdded")
        assert (await favorites.next())["favoriteCount"] == 1
        await expect(inbox, "TicketUpdated")
        await expect(inbox, "TicketUpdated")


async def test_who_loses_the_ticket_while_rights_cannot_be_checked_hears_nothing_of_it(
    live: LiveWorld, come_back: Callable[[], None]
) -> None:
    nikos = live.world.agents["nikos"]
    message, ticket = await live.world.receive()
    async with (
        live.watch("nikos", TICKET_EVENTS, ticket=ticket) as loses,
        live.watch("ayse", TICKET_EVENTS, ticket=ticket) as keeps,
    ):
        await loses.next()
        await keeps.next()
        let_rights_grow_stale(live)

        await live.world.admin.act(ADD, item=message)
        await execute_unnoticed(live, delete(BrandMember).where(BrandMember.agent_id == nikos.id))
        come_back()

        assert await loses.next() == {"__typename": "AccessLost"}
        await loses.ended()
        await expect(keeps, "FavoriteAdded")


async def test_nobody_is_let_in_while_rights_cannot_be_checked(
    live: LiveWorld, come_back: Callable[[], None]
) -> None:
    _message, ticket = await live.world.receive()
    async with open_socket(live.port) as socket:
        await socket.initialise(live.world.tokens["nikos"])
        let_rights_grow_stale(live)
        await socket.subscribe("1", TICKET_EVENTS, variables={"ticket": ticket})
        await Watcher(socket).hears_nothing()

        come_back()
        await expect(Watcher(socket), "StreamReady")


async def test_a_stream_outlives_a_database_that_is_away_and_tells_nothing_unchecked(
    live: LiveWorld,
) -> None:
    _message, ticket = await live.world.receive()
    async with (
        live.watch("nikos", TICKET_EVENTS, ticket=ticket) as loses,
        live.watch("ayse", TICKET_EVENTS, ticket=ticket) as keeps,
    ):
        for watcher in (loses, keeps):
            await watcher.next()
        async with failing(Sight, "_read_once", times=6) as has_failed:
            await live.world.admin.act(TRANSFER, ticket=ticket, team=team_of(live))
            await expect(loses, "AccessLost")
            await expect(keeps, "TicketChanged")
            assert has_failed()


@asynccontextmanager
async def failing(target: Any, name: str, times: int) -> AsyncIterator[Callable[[], bool]]:
    """Make a function fail so many times; yields whether it has."""
    working = getattr(target, name)
    left = times

    async def fail_first(*arguments: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            raise ConnectionRefusedError
        return await working(*arguments)

    with patch.object(target, name, fail_first):
        yield lambda: not left


async def expect(watcher: Watcher, name: str) -> None:
    assert (await watcher.next())["__typename"] == name


@pytest.mark.parametrize(
    "document",
    [
        "query ($ticket: ID!) { ticket(id: $ticket) { customer { name } favoriteCount } }",
        TICKET_EVENTS,
        INBOX_EVENTS,
    ],
    ids=["query", "ticketEvents", "inboxEvents"],
)
async def test_what_nobody_waits_for_gives_its_database_connections_back(
    live: LiveWorld, document: str
) -> None:
    _message, ticket = await live.world.receive()
    async with open_socket(live.port) as socket:
        await socket.initialise(live.world.tokens["nikos"])
        for number in range(60):
            await socket.subscribe(str(number), document, variables={"ticket": ticket})
            await asyncio.sleep(0.001 * (number % 4))
            await socket.send(type="complete", id=str(number))
        await socket.subscribe("last", "{ me { __typename } }")
        while (await socket.receive())["id"] != "last":
            pass

    pool: Any = live.world.desk.database._reader.pool
    async with asyncio.timeout(5):
        while pool.checkedout():
            await asyncio.sleep(0.005)

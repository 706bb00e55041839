"""Who is connected, and what they may see now: asked for all of them together."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import delete, event, update

from core import clock
from core.errors import Unauthenticated, Unavailable
from models.agents import Agent
from models.api_tokens import ApiToken
from models.brands import BrandMember
from models.sessions import ABSOLUTE_LIFETIME, Session
from models.viewers import ApiScope, Viewer
from services import live_viewers, sessions
from services.live_viewers import LiveViewer, LiveViewers
from tests.support.colleagues import add_session
from tests.support.desk import World


@pytest.fixture
def viewers(world: World) -> LiveViewers:
    """Those of another process, which looks only when a test says so."""
    return LiveViewers(world.desk.database)


@pytest.fixture
def changed(viewers: LiveViewers) -> list[LiveViewer]:
    """Who was said to have other rights, or to be gone."""
    told: list[LiveViewer] = []
    viewers.on_change.append(told.extend)
    return told


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


async def execute(world: World, *statements: Any) -> None:
    async with world.desk.database.transaction() as session:
        for statement in statements:
            await session.execute(statement)


async def test_rights_that_have_changed_are_taken_in_and_told(
    world: World, viewers: LiveViewers, changed: list[LiveViewer], stack: ExitStack
) -> None:
    nikos = stack.enter_context(viewers.connected(await world.viewer("nikos")))
    stack.enter_context(viewers.connected(await world.viewer("ayse")))
    await viewers.refresh()
    assert changed == []

    agent_id = world.agents["nikos"].id
    await execute(world, delete(BrandMember).where(BrandMember.agent_id == agent_id))
    await viewers.refresh()

    assert changed == [nikos]
    assert nikos.now == await world.viewer("nikos")
    assert nikos.now.brand_ids == frozenset()
    assert (nikos.audience, nikos.person) == (nikos.now.audience, nikos.now.person)
    await viewers.refresh()
    assert changed == [nikos]


@pytest.mark.parametrize("how", ["signed out", "too old", "inactive"])
async def test_a_session_that_has_ended_is_told_once(
    world: World,
    viewers: LiveViewers,
    changed: list[LiveViewer],
    stack: ExitStack,
    how: str,
) -> None:
    nikos = stack.enter_context(viewers.connected(await world.viewer("nikos")))
    stack.enter_context(viewers.connected(await world.viewer("ayse")))
    agent_id = world.agents["nikos"].id
    of_nikos = update(Session).where(Session.agent_id == agent_id)
    await execute(
        world,
        {
            "signed out": of_nikos.values(ended_at=clock.now()),
            "too old": of_nikos.values(created_at=clock.now() - ABSOLUTE_LIFETIME),
            "inactive": update(Agent).where(Agent.id == agent_id).values(active=False),
        }[how],
    )

    await viewers.refresh()
    await viewers.refresh()

    assert changed == [nikos]
    assert nikos.has_ended
    with pytest.raises(Unauthenticated):
        await viewers.current(nikos)


async def test_a_token_that_is_revoked_ends_and_another_keeps_its_language(
    world: World, viewers: LiveViewers, changed: list[LiveViewer], stack: ExitStack
) -> None:
    clients = [await world.integration(ApiScope.TICKETS_READ) for _ in range(2)]
    revoked, kept = [
        stack.enter_context(
            viewers.connected(
                await sessions.authenticate(
                    world.desk.database, f"Bearer {client.token}", language="tr"
                )
            )
        )
        for client in clients
    ]
    assert revoked.now.actor is not None
    token_id = revoked.now.actor.id
    await execute(
        world, update(ApiToken).where(ApiToken.id == token_id).values(revoked_at=clock.now())
    )

    await viewers.refresh()

    assert changed == [revoked]
    assert not kept.has_ended
    assert kept.now.language == "tr"


async def test_two_connections_of_a_session_are_one_viewer_and_two_sessions_are_two(
    world: World, viewers: LiveViewers, stack: ExitStack
) -> None:
    first = await world.viewer("nikos")
    await add_session(world, "nikos")
    second = await world.viewer("nikos")
    one, same = (stack.enter_context(viewers.connected(first)) for _ in range(2))
    other = stack.enter_context(viewers.connected(second))

    assert one is same
    assert one is not other
    assert one.person == other.person


async def test_a_viewer_is_known_until_their_last_connection_ends(
    world: World, viewers: LiveViewers
) -> None:
    nikos = await world.viewer("nikos")
    with viewers.connected(nikos):
        with viewers.connected(nikos):
            pass
        assert len(viewers._by_session) == 1
    assert viewers._by_session == {}


async def test_strangers_are_not_asked_for(
    world: World, viewers: LiveViewers, stack: ExitStack
) -> None:
    nobody = Viewer(actor=None)
    one, other = (stack.enter_context(viewers.connected(nobody)) for _ in range(2))

    assert one is not other
    assert viewers.are_fresh
    assert await viewers.current(one) == nobody


async def test_a_thousand_viewers_cost_no_more_statements_than_one(
    world: World, viewers: LiveViewers, stack: ExitStack
) -> None:
    stack.enter_context(viewers.connected(await world.viewer("nikos")))
    async with world.counted_statements() as of_one:
        await viewers.refresh()
    for name in ("admin", "ayse", "stranger"):
        stack.enter_context(viewers.connected(await world.viewer(name)))
        for _ in range(5):
            await add_session(world, name)
            stack.enter_context(viewers.connected(await world.viewer(name)))
    async with world.counted_statements() as of_many:
        await viewers.refresh()

    assert len(of_many) == len(of_one) > 0


async def test_rights_grow_stale_and_are_fresh_again_after_a_refresh(
    world: World, viewers: LiveViewers, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_viewers, "STALE_SECONDS", 0.05)
    nikos = stack.enter_context(viewers.connected(await world.viewer("nikos")))
    assert await viewers.current(nikos) == nikos.now
    await asyncio.sleep(0.06)

    assert not viewers.are_fresh
    with pytest.raises(Unavailable):
        await viewers.current(nikos, patience_seconds=0.01)
    waiting = asyncio.create_task(viewers.current(nikos))
    await asyncio.sleep(0.01)
    assert not waiting.done()

    monkeypatch.setattr(live_viewers, "STALE_SECONDS", 5.0)
    await viewers.refresh()
    async with asyncio.timeout(5):
        assert await waiting == nikos.now


async def test_a_refresh_that_fails_changes_nothing(
    world: World,
    viewers: LiveViewers,
    changed: list[LiveViewer],
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_database: object, _viewers: Collection[Viewer]) -> dict[Any, Viewer]:
        raise ConnectionRefusedError

    nikos = stack.enter_context(viewers.connected(await world.viewer("nikos")))
    before = nikos.now
    fresh_until = viewers._fresh_until
    monkeypatch.setattr(live_viewers, "persons_now", fail)

    with pytest.raises(ConnectionRefusedError):
        await viewers.refresh()

    assert (nikos.now, nikos.has_ended, changed) == (before, False, [])
    assert viewers._fresh_until == fresh_until


async def test_who_connects_while_a_refresh_is_on_its_way_is_not_taken_for_gone(
    world: World,
    viewers: LiveViewers,
    changed: list[LiveViewer],
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = await world.viewer("ayse")
    stack.enter_context(viewers.connected(await world.viewer("nikos")))
    ask = sessions.persons_now

    async def ask_slowly(*arguments: Any) -> Any:
        found = await ask(*arguments)
        stack.enter_context(viewers.connected(late))
        return found

    monkeypatch.setattr(live_viewers, "persons_now", ask_slowly)
    await viewers.refresh()

    assert changed == []


async def test_leaving_tears_no_statement(world: World) -> None:
    torn = 0

    def count(*_: object) -> None:
        nonlocal torn
        torn += 1

    pool: Any = world.desk.database._reader.sync_engine.pool
    event.listen(pool, "invalidate", count)
    for turns in range(40):
        viewers = LiveViewers(world.desk.database, refresh_seconds=0)
        async with viewers:
            with viewers.connected(await world.viewer("nikos")):
                await asyncio.sleep(0.0005 * turns)
    event.remove(pool, "invalidate", count)

    assert torn == 0
    assert pool.checkedout() == 0

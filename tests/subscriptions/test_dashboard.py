"""When the numbers are counted and told: at once, once a second at most, and to the end."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from core import clock
from core.errors import Unauthenticated
from core.ids import decode_global_id
from core.text import fold
from models.brands import Brand
from models.tickets import TicketStatus
from models.viewers import Viewer
from services import dashboard as services
from services import tickets
from services.dashboard import Dashboard
from services.ticket_filters import TicketFilter
from subscriptions import dashboard
from subscriptions.dashboard import DashboardSource
from subscriptions.log.stream import HubStopped
from subscriptions.presence.online_agents import OnlineAgents
from subscriptions.source import Item, State, Verdict
from tests.support.dashboards import place
from tests.support.desk import World

pytestmark = pytest.mark.both_databases

QUIET_SECONDS = 0.7  # more than the two counts that a change may bring


@pytest.fixture
def online() -> OnlineAgents:
    return OnlineAgents()


@pytest.fixture(autouse=True)
def short_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "PUSH_SECONDS", 0.2)


class Reader:
    """Reads the states of a source, and knows when they came."""

    def __init__(self, items: AsyncGenerator[Item, None]) -> None:
        self.items = items
        self.moments: list[float] = []

    async def next(self) -> Dashboard:
        async with asyncio.timeout(5):
            state = await anext(self.items)
        assert isinstance(state, State)
        self.moments.append(time.monotonic())
        assert state.cursor == str(len(self.moments))
        assert isinstance(state.value, Dashboard)
        return state.value

    async def is_quiet(self) -> bool:
        """Wait for a state that does not come. Nothing can be read afterwards."""
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                await anext(self.items)
        except TimeoutError:
            return True
        return False


def source_for(
    world: World, online: OnlineAgents, viewer: Viewer, wanted: TicketFilter | None = None
) -> DashboardSource:
    resources = world.desk.resources
    return DashboardSource(
        resources.streams, resources.database, online, viewer, wanted or TicketFilter()
    )


@asynccontextmanager
async def reading(
    world: World, online: OnlineAgents, name: str = "nikos", wanted: TicketFilter | None = None
) -> AsyncIterator[Reader]:
    source = source_for(world, online, await world.viewer(name), wanted)
    async with aclosing(source.open(None)) as items:
        yield Reader(items)


async def fresh(world: World, online: OnlineAgents, name: str = "nikos") -> Dashboard:
    async with world.desk.database.reading() as connection:

        async def fetch(statement: Any) -> Any:
            return (await connection.execute(statement)).all()

        return await services.read(fetch, await world.viewer(name), TicketFilter(), online.now)


async def close(world: World, ticket: str) -> None:
    async with world.work() as work:
        await tickets.close(work, await world.viewer("admin"), row_of(ticket))


def row_of(ticket: str) -> UUID:
    return decode_global_id(ticket)[1]


def closed(state: Dashboard) -> int:
    return {count.key: count.count for count in state.by_status}[TicketStatus.CLOSED]


async def make(world: World, number: int) -> list[str]:
    made = [await world.receive(handle=f"{place}@example.com") for place in range(number)]
    return [ticket for _message, ticket in made]


async def test_the_present_state_comes_first_and_then_each_change(
    world: World, online: OnlineAgents
) -> None:
    (ticket,) = await make(world, 1)
    async with reading(world, online) as reader:
        assert await reader.next() == await fresh(world, online)
        await close(world, ticket)
        assert await reader.next() == await fresh(world, online)


async def test_many_changes_are_told_as_the_first_and_the_last(
    world: World, online: OnlineAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "PUSH_SECONDS", 2.0)
    first, *others = await make(world, 21)
    async with reading(world, online) as reader:
        assert closed(await reader.next()) == 0
        change = asyncio.create_task(reader.next())
        await close(world, first)
        assert closed(await change) == 1

        last = asyncio.create_task(reader.next())
        for ticket in others:
            await close(world, ticket)
        assert not last.done(), "the changes took too long to be one burst"

        assert closed(await last) == 21
        assert await fresh(world, online) == last.result()
    assert reader.moments[2] - reader.moments[1] >= 2.0
    assert reader.moments[1] - reader.moments[0] >= 2.0


async def test_after_a_while_a_change_is_told_at_once(
    world: World, online: OnlineAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "PUSH_SECONDS", 1.0)
    (ticket,) = await make(world, 1)
    async with reading(world, online) as reader:
        await reader.next()
        change = asyncio.create_task(reader.next())
        await asyncio.sleep(1.2)

        await close(world, ticket)
        changed_at = time.monotonic()

        await change
        assert reader.moments[1] - changed_at < 0.9


async def test_what_is_out_of_view_is_neither_told_nor_counted(
    world: World, online: OnlineAgents
) -> None:
    _message, elsewhere = await world.receive(brand=world.other)
    _message, of_support = await world.receive(handle="support@example.com")
    await place(world, of_support, team_id=world.support.id)
    async with reading(world, online) as reader:
        await reader.next()
        async with world.counted_statements() as statements:
            quiet = asyncio.create_task(reader.is_quiet())
            await close(world, elsewhere)
            await close(world, of_support)
            assert await quiet
    assert [statement for statement in statements if "unfinished" in statement] == []


async def test_what_the_filter_does_not_find_is_neither_told_nor_counted(
    world: World, online: OnlineAgents
) -> None:
    (ticket,) = await make(world, 1)
    urgent = TicketFilter(unassigned=False)
    async with reading(world, online, "admin", urgent) as reader:
        await reader.next()
        async with world.counted_statements() as statements:
            quiet = asyncio.create_task(reader.is_quiet())
            await close(world, ticket)
            assert await quiet
    assert [statement for statement in statements if "unfinished" in statement] == []


async def test_a_change_that_changes_no_number_is_not_told(
    world: World, online: OnlineAgents
) -> None:
    (ticket,) = await make(world, 1)
    async with reading(world, online) as reader:
        await reader.next()
        quiet = asyncio.create_task(reader.is_quiet())
        async with world.work() as work:
            viewer = await world.viewer("admin")
            await tickets.update(work, viewer, row_of(ticket), 2, {"title": "Another"})
        assert await quiet


async def test_who_comes_online_and_goes_is_told(world: World, online: OnlineAgents) -> None:
    ayse = world.agents["ayse"].id
    async with reading(world, online) as reader:
        assert (await reader.next()).agents_online == frozenset()
        online.came(ayse)
        assert (await reader.next()).agents_online == {ayse}
        online.went(ayse)
        assert (await reader.next()).agents_online == frozenset()


async def test_a_brand_that_is_added_later_is_listened_to(
    world: World, online: OnlineAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "LISTEN_ANEW_SECONDS", 0.5)
    async with reading(world, online, "admin") as reader:
        await reader.next()
        change = asyncio.create_task(reader.next())
        brand = Brand(name="Later", name_key=fold("Later"), language="en", created_at=clock.now())
        async with world.desk.database.transaction() as session:
            session.add(brand)
        await world.receive(brand=brand)
        assert (await change).unassigned == 1


async def test_the_states_end_with_the_hub(world: World, online: OnlineAgents) -> None:
    async with reading(world, online) as reader:
        await reader.next()
        end = asyncio.create_task(reader.next())
        await asyncio.sleep(0)
        for stream in world.desk.hub._streams:
            stream.end()
        with pytest.raises(HubStopped):
            await end


async def test_those_who_see_the_same_share_a_source(world: World, online: OnlineAgents) -> None:
    admin, ayse, nikos = [await world.viewer(name) for name in ("admin", "ayse", "nikos")]
    of_admin = source_for(world, online, admin)

    assert of_admin.key == source_for(world, online, admin).key
    assert of_admin.key != source_for(world, online, admin, TicketFilter(unassigned=True)).key
    keys = {source_for(world, online, viewer).key for viewer in (admin, ayse, nikos)}
    assert len(keys) == 3
    state = State("1", None)
    assert (await of_admin.judge(state))(admin) is Verdict.HEARS
    assert of_admin.greeting(state) is state


async def test_there_is_no_source_for_strangers(world: World, online: OnlineAgents) -> None:
    with pytest.raises(Unauthenticated):
        source_for(world, online, Viewer(None))

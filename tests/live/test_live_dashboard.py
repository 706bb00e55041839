"""The dashboard, live, over WebSocket."""

import asyncio

import pytest
from sqlalchemy import delete, update

from models.agents import Agent, AgentRole
from models.brands import BrandMember
from models.channels import Channel
from subscriptions import dashboard
from subscriptions.presence.online_agents import OnlineAgents
from tests.support.acts import CLOSE
from tests.support.dashboards import WATCH, know_who_is_online, read
from tests.support.desk import World
from tests.support.live import served, watching


@pytest.fixture(autouse=True)
def online(world: World, monkeypatch: pytest.MonkeyPatch) -> OnlineAgents:
    monkeypatch.setattr(dashboard, "PUSH_SECONDS", 0.2)
    return know_who_is_online(world)


async def test_the_numbers_come_at_once_and_then_at_each_change(
    world: World, online: OnlineAgents
) -> None:
    _message, ticket = await world.receive()
    async with served(world) as live, live.watch("nikos", WATCH) as watcher:
        assert await watcher.next() == await read(world, "nikos")

        await world.ayse.act(CLOSE, ticket=ticket)
        assert await watcher.next() == await read(world, "nikos")

        online.came(world.agents["ayse"].id)
        assert (await watcher.next())["agentsOnline"] == [{"name": "Ayse"}, {"name": "Nikos"}]


async def test_who_sees_the_same_shares_one_count(world: World) -> None:
    async with world.desk.database.transaction() as session:
        await session.execute(
            update(Agent).where(Agent.id == world.agents["nikos"].id).values(role=AgentRole.ADMIN)
        )
    _message, ticket = await world.receive()
    async with (
        served(world) as live,
        live.watch("admin", WATCH) as first,
        live.watch("nikos", WATCH) as second,
    ):
        assert await first.next() == await second.next()
        await asyncio.sleep(0.3)
        async with world.counted_statements() as statements:
            await world.ayse.act(CLOSE, ticket=ticket)
            assert await first.next() == await second.next()

    assert len([statement for statement in statements if "unfinished" in statement]) == 1


async def test_a_filter_limits_what_is_told(world: World) -> None:
    async with (
        served(world) as live,
        live.watch("admin", WATCH, filter={"channels": ["LIVE_CHAT"]}) as watcher,
    ):
        assert (await watcher.next())["unassigned"] == 0
        await world.receive()
        await world.receive(handle="chat@example.com", channel=Channel.LIVE_CHAT)
        assert (await watcher.next())["chatsInProgress"] == 1


async def test_whose_rights_change_is_told_the_numbers_they_see_now(world: World) -> None:
    await world.receive()
    async with served(world) as live, live.watch("nikos", WATCH) as watcher:
        assert (await watcher.next())["unassigned"] == 1
        async with world.desk.database.transaction() as session:
            await session.execute(
                delete(BrandMember).where(BrandMember.agent_id == world.agents["nikos"].id)
            )
        await world.desk.viewers.refresh()
        assert (await watcher.next())["unassigned"] == 0


async def test_who_is_not_signed_in_is_refused(world: World) -> None:
    async with served(world) as live, watching(live.port, None, WATCH) as watcher:
        refusal = await watcher.refusal()
    assert refusal["extensions"]["code"] == "UNAUTHENTICATED"

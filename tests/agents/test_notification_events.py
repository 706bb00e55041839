"""What agents are told and have read, live on all their screens, over WebSocket."""

from collections.abc import AsyncIterator

import pytest

from models.event_topics import notifications_topic
from models.viewers import ApiScope
from tests.support.desk import World
from tests.support.live import LiveWorld, served, watching
from tests.support.notifications import EVENTS, STATE, mark_read, mention, told
from tests.support.transfers import transfer


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened:
        yield opened


async def test_every_tab_of_an_agent_hears_what_is_new_and_what_was_read(live: LiveWorld) -> None:
    world = live.world
    async with live.watch("nikos", EVENTS) as tab, live.watch("nikos", EVENTS) as other_tab:
        for watcher in (tab, other_tab):
            assert await watcher.next() == {"__typename": "StreamReady"}

        await mention(world)
        (notification,) = await told(world.nikos)
        for watcher in (tab, other_tab):
            assert await watcher.next() == {
                "__typename": "NotificationAdded",
                "actor": {"name": "Ayse"},
                "notification": {"id": notification["id"], "kind": "MENTIONED"},
                "unreadCount": 1,
            }

        await mark_read(world.nikos, notificationIds=[notification["id"]])
        await mark_read(world.nikos, upToId=notification["id"])
        await mention(world)
        for watcher in (tab, other_tab):
            assert await watcher.next() == {
                "__typename": "NotificationsRead",
                "actor": {"name": "Nikos"},
                "notificationIds": [notification["id"]],
                "unreadCount": 0,
            }
            assert (await watcher.next())["__typename"] == "NotificationAdded"


async def test_an_agent_hears_nothing_of_what_others_are_told(live: LiveWorld) -> None:
    async with live.watch("admin", EVENTS) as watcher:
        await watcher.next()

        await mention(live.world)
        await mention(live.world, "@Admin please")

        (mine,) = await told(live.world.admin)
        assert (await watcher.next())["notification"]["id"] == mine["id"]


async def test_who_was_away_gets_what_was_missed_once_and_in_order(live: LiveWorld) -> None:
    world = live.world
    async with live.watch("nikos", EVENTS) as watcher:
        await watcher.next()
        await mention(world)
        await watcher.next()
        seen = watcher.cursor

    (notification,) = await told(world.nikos)
    await mark_read(world.nikos, upToId=notification["id"])
    ticket = await mention(world)
    await transfer(world.ayse, ticket, assigneeId=world.id_of("nikos"))

    async with live.watch("nikos", EVENTS, after=seen) as watcher:
        missed = [await watcher.next() for _ in range(3)]
    assert [event["__typename"] for event in missed] == [
        "NotificationsRead",
        "NotificationAdded",
        "NotificationAdded",
    ]
    assert [event["notification"]["kind"] for event in missed[1:]] == ["MENTIONED", "ASSIGNED"]


async def test_a_stream_from_a_query_has_neither_gap_nor_overlap(live: LiveWorld) -> None:
    await mention(live.world)
    state = (await live.world.nikos.ask(STATE))["notificationState"]
    await mention(live.world)

    assert state["unreadCount"] == 1
    async with live.watch("nikos", EVENTS, after=state["eventCursor"]) as watcher:
        event = await watcher.next()
    newest, _first = await told(live.world.nikos)
    assert event["notification"]["id"] == newest["id"]


async def test_those_without_notifications_are_refused_the_stream(live: LiveWorld) -> None:
    integration = await live.world.integration(*ApiScope, brands=[live.world.acme])
    for token, code in ((integration.token, "NOT_ALLOWED"), (None, "UNAUTHENTICATED")):
        async with watching(live.port, token, EVENTS) as watcher:
            assert (await watcher.refusal())["extensions"]["code"] == code


async def test_an_event_of_a_newer_version_is_left_out(live: LiveWorld) -> None:
    nikos = live.world.agents["nikos"].id
    async with live.watch("nikos", EVENTS) as watcher:
        await watcher.next()
        async with live.world.work() as work:
            work.record("NotificationSnoozed", {}, topic=notifications_topic(nikos))
        await mention(live.world)
        assert (await watcher.next())["__typename"] == "NotificationAdded"

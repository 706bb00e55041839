"""The examples do what they say, and the guide for clients shows them as they are."""

import asyncio
import json
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from core.ids import NodeKind, decode_global_id, encode_global_id
from models.event_topics import topic_of
from models.tickets import Ticket
from subscriptions.log.stream import StreamLimits
from tests.clients.javascript import running
from tests.support.acts import TRANSFER
from tests.support.commands import ROOT
from tests.support.desk import World
from tests.support.favorites import ADD, REMOVE
from tests.support.live import LiveWorld, served

EXAMPLES = ROOT / "examples"
GUIDE = ROOT / "docs" / "clients.md"
ANSWER_SECONDS = 10

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def arguments(desk: LiveWorld, ticket: str) -> tuple[str, str, str]:
    """Return what both watchers are told: where the desk is, who watches, and what."""
    return f"ws://127.0.0.1:{desk.port}/graphql", desk.world.tokens["nikos"], ticket


async def touch_often(world: World, ticket: str) -> None:
    """Let more happen to a ticket than is told again."""
    async with world.work() as work:
        row = await work.session.get_one(Ticket, decode_global_id(ticket)[1])
        for _ in range(StreamLimits().resume_events + 1):
            work.record("TicketTouched", {}, topic=topic_of(row), versions=[row])


@on_sqlite
async def test_a_ticket_is_shown_then_live_then_anew_after_a_gap_and_until_it_is_lost(
    world: World, installed: Path
) -> None:
    message, ticket = await world.receive(subject="Siparişim")
    team = encode_global_id(NodeKind.TEAM, world.support.id)
    async with (
        served(world) as desk,
        running(installed, "node", "watch_ticket.mjs", *arguments(desk, ticket)) as program,
    ):
        shown = await program.says("ticket")
        assert (shown["title"], shown["favoriteCount"]) == ("Siparişim", 0)
        await world.ayse.act(ADD, item=message)
        event = await program.says("event")
        assert (event["__typename"], event["favoriteCount"]) == ("FavoriteAdded", 1)

        await touch_often(world, ticket)
        await world.application.state.sockets.close_all()
        assert (await program.says("ticket"))["favoriteCount"] == 1
        await world.ayse.act(REMOVE, item=message)
        assert (await program.says("event"))["__typename"] == "FavoriteRemoved"

        await world.ayse.act(TRANSFER, ticket=ticket, team=team)
        gone = "There is no such ticket, or not for you any more.\n"
        assert await program.ends() == (1, gone)
        assert program.has_said("event") == []


@on_sqlite
async def test_the_watcher_in_python_shows_what_happens(world: World) -> None:
    message, ticket = await world.receive(body="Nerede?")
    async with served(world) as desk:
        command = (sys.executable, EXAMPLES / "watch_ticket.py", *arguments(desk, ticket))
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)

        async def shown() -> dict[str, Any]:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), ANSWER_SECONDS)
            event: dict[str, Any] = json.loads(line)
            return event

        assert await shown() == {"__typename": "StreamReady"}
        await world.ayse.act(ADD, item=message)
        assert await shown() == {
            "__typename": "FavoriteAdded",
            "favoriteCount": 1,
            "favorite": {"item": {"body": "Nerede?"}},
            "actor": {"name": "Ayse"},
        }
        process.kill()
        await process.wait()


def test_the_guide_shows_the_examples_as_they_are() -> None:
    examples = "".join(file.read_text() for file in sorted(EXAMPLES.glob("*.mjs")))
    quotes = re.findall(r"```js\n(.*?)```", GUIDE.read_text(), re.DOTALL)

    assert len(quotes) > 3
    assert [quote for quote in quotes if quote not in examples] == []

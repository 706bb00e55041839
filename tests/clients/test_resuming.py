"""Clients as apps use them hear each event once, in order, whatever ends their connection."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from signal import SIGTERM

import pytest

from tests.clients.following import follow
from tests.clients.javascript import connected, url_of
from tests.faults.web import WebProcess
from tests.support.acts import NOTE
from tests.support.desk import Client, World
from tests.support.live import served
from tests.support.processes import scratch_directory
from tests.support.sessions import PASSWORD, SIGN_IN, SIGN_OUT

KILLED, STOPPED, FORBIDDEN, FELL_BEHIND = 1006, 1012, 4403, 4450
NEW_ADMIN = """
    mutation ($email: String!, $password: String!) {
      agentCreate(input: {name: "Eleni", email: $email, password: $password, role: ADMIN}) {
        ... on AgentCreateSuccess { agent { email } }
      }
    }
"""
LONG_NOTE = """
    mutation ($ticket: ID!, $body: String!) {
      noteAdd(input: {kind: INLINE, ticketId: $ticket, body: $body}) { __typename }
    }
"""
LONG = "ğ" * 10_000  # 20 kB, each of which is told nine times
LONG_NOTES = 40
LONG_EVENTS = """
    subscription ($ticket: ID!, $after: EventCursor) {
      ticketEvents(ticketId: $ticket, after: $after) {
        __typename
        ... on Event { cursor }
        ... on NoteAdded {
          note { id a: body b: body c: body d: body e: body f: body g: body h: body i: body }
        }
      }
    }
"""

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def web(world: World) -> Iterator[WebProcess]:
    """A process that serves the world, and may be killed."""
    with scratch_directory() as directory:
        process = WebProcess(directory, DATABASE_URL=world.desk.settings.database_url)
        yield process
        process.kill()


async def write_notes(world: World, ticket: str) -> None:
    """Add some notes, whether the desk is served or not."""
    for _ in range(3):
        await world.ayse.act(NOTE, ticket=ticket)


async def sign_in(world: World) -> str:
    """Return the token of a new session of Eleni's."""
    signed_in = await world.nobody.act(SIGN_IN, email="eleni@desk.example", password=PASSWORD)
    return str(signed_in["token"])


async def test_each_event_is_heard_once_though_the_desk_is_killed_and_then_stopped(
    world: World, web: WebProcess, installed: Path
) -> None:
    _message, ticket = await world.receive()
    token = world.tokens["nikos"]
    async with (
        connected(installed, "web socket", web.url, token) as socket,
        connected(installed, "event streams", web.url, token) as streams,
    ):
        following = [await follow(program, world, ticket) for program in (socket, streams)]
        await socket.ask(NOTE, ticket=ticket)
        for each in following:
            await each.comes_up_to_date()

        web.kill()
        await write_notes(world, ticket)
        await asyncio.to_thread(web.restart)
        for each in following:
            await each.comes_up_to_date()
        closes = socket.has_said("closed")
        web.send(SIGTERM)
        await web.ended()
        await write_notes(world, ticket)
        await asyncio.to_thread(web.restart)
        await streams.ask(NOTE, ticket=ticket)

        for each in following:
            await each.has_heard_each_once()
        assert closes[0] == KILLED
        assert await socket.says("closed") == STOPPED


async def test_whose_session_has_ended_hears_nothing_until_signed_in_again(
    world: World, installed: Path
) -> None:
    _message, ticket = await world.receive()
    await world.admin.act(NEW_ADMIN, email="eleni@desk.example", password=PASSWORD)
    token = await sign_in(world)
    async with (
        served(world) as desk,
        connected(installed, "web socket", url_of(desk), token) as socket,
        connected(installed, "event streams", url_of(desk), token) as streams,
    ):
        programs = (socket, streams)
        following = [await follow(program, world, ticket) for program in programs]
        await write_notes(world, ticket)
        for each in following:
            await each.comes_up_to_date()

        await Client(world.http, token).act(SIGN_OUT)
        for program in programs:
            assert await program.says("signedOut") is True
        await write_notes(world, ticket)
        for program in programs:
            await program.says_no_more("next")
        token = await sign_in(world)
        for program in programs:
            await program.does("signIn", token)

        for each in following:
            await each.has_heard_each_once()
        for program in programs:
            await program.says_no_more("signedOut")
        assert await socket.says("closed") == FORBIDDEN


async def test_who_stops_reading_is_disconnected_and_then_told_what_was_missed(
    world: World, installed: Path
) -> None:
    _message, ticket = await world.receive()
    async with (
        served(world) as desk,
        connected(installed, "web socket", url_of(desk), world.tokens["nikos"]) as program,
    ):
        following = await follow(program, world, ticket, LONG_EVENTS)

        await program.does("stopReading")
        for _ in range(LONG_NOTES):
            await world.ayse.act(LONG_NOTE, ticket=ticket, body=LONG)
        await program.does("readOn")

        assert await program.says("closed") == FELL_BEHIND
        await following.has_heard_each_once()

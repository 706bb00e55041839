"""Agents whom notes mention: who is meant, who is listed, and that each is told once."""

from typing import Any

import pytest
from sqlalchemy import update

from models.agents import Agent
from models.notifications import Notification
from tests.support.desk import World
from tests.support.note_edits import rows, saved, write
from tests.support.transfers import team_id, transfer


def names(note: dict[str, Any]) -> list[str]:
    return [each["name"] for each in note["mentions"]]


async def times_told(world: World, name: str) -> int:
    return await rows(world, Notification, Notification.agent_id == world.agents[name].id)


async def rename(world: World, name: str, *, to: str, key: str) -> None:
    statement = update(Agent).where(Agent.id == world.agents[name].id)
    async with world.desk.database.transaction() as session:
        await session.execute(statement.values(name=to, name_key=key))


async def test_a_name_that_goes_and_comes_back_is_told_once(world: World) -> None:
    note = await write(world, body="q")
    listed = []
    for body in ("q @Nikos", "q", "q @Nikos", "q @Nik", "q @nikos!"):
        note = await saved(world.ayse, note, body=body)
        listed.append(names(note))

    assert listed == [["Nikos"], [], ["Nikos"], [], ["Nikos"]]
    assert await times_told(world, "nikos") == 1


async def test_each_note_tells_of_its_own_mention(world: World) -> None:
    note = await write(world, body="@Nikos")
    await write(world, ticketId=note["ticket"]["id"], body="@Nikos")

    assert await times_told(world, "nikos") == 2


async def test_who_does_not_see_the_ticket_is_neither_listed_nor_told(world: World) -> None:
    note = await write(world, body="@Stranger and @Nikos, look")

    assert names(note) == ["Nikos"]
    assert await times_told(world, "stranger") == 0


@pytest.mark.parametrize("kind", ["CUSTOMER", "COMPANY"])
async def test_notes_on_people_mention_every_agent(world: World, kind: str) -> None:
    assert names(await write(world, kind, body="@Stranger, look")) == ["Stranger"]
    assert await times_told(world, "stranger") == 1


async def test_who_comes_to_see_the_ticket_is_told_by_the_next_edit(world: World) -> None:
    note = await write(world, body="@Nikos l")
    ticket = note["ticket"]["id"]
    note = await saved(world.ayse, note, body="@Nikos lo")
    await transfer(world.admin, ticket, teamId=team_id(world, "support"))
    later = await write(world, ticketId=ticket, body="@Nikos lo")
    assert names(later) == []

    await transfer(world.admin, ticket, assigneeId=world.id_of("nikos"))
    told_before = await times_told(world, "nikos")
    later = await saved(world.ayse, later, body="@Nikos look")
    later = await saved(world.ayse, later, body="@Nikos look!")

    assert names(later) == ["Nikos"]
    assert await times_told(world, "nikos") == told_before + 1


async def test_who_was_told_stays_listed_when_they_lose_the_ticket(world: World) -> None:
    note = await write(world, body="@Nikos, look")
    await transfer(world.admin, note["ticket"]["id"], teamId=team_id(world, "support"))

    edited = await saved(world.ayse, note, body="@Nikos, look here")
    without = await saved(world.ayse, edited, body="Look here")
    back = await saved(world.ayse, without, body="@Nikos, look here")

    assert (names(edited), names(without), names(back)) == (["Nikos"], [], [])


@pytest.mark.parametrize(
    "body",
    [
        "@Nikos Öztürk Yılmaz bakar mı?",
        "@nikos ozturk yilmaz'a sor",
        "(@NİKOS ÖZTÜRK YILMAZ)",
    ],
)
async def test_a_name_is_meant_in_whatever_letters(world: World, body: str) -> None:
    await rename(world, "nikos", to="Nikos Öztürk Yılmaz", key="nikos ozturk yilmaz")

    assert names(await write(world, body=body)) == ["Nikos Öztürk Yılmaz"]


@pytest.mark.parametrize(
    "body",
    [
        "@Nikos Öztürk",
        "@ Nikos Öztürk Yılmaz",
        "@Nikos  Öztürk Yılmaz",
        "@Nikos Öztürk\nYılmaz",
        "mail@Nikos Öztürk Yılmaz",
    ],
)
async def test_half_a_name_or_two_spaces_mean_nobody(world: World, body: str) -> None:
    await rename(world, "nikos", to="Nikos Öztürk Yılmaz", key="nikos ozturk yilmaz")

    assert names(await write(world, body=body)) == []

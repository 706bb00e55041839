"""Sources that end or break, listeners that leave, and what is left behind: nothing."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from subscriptions.log.cursors import ResetReason
from subscriptions.log.stream import FellBehind, HubStopped
from subscriptions.sharing import groups
from subscriptions.source import Item
from tests.subscriptions.sources import (
    AYSE,
    NIKOS,
    STRANGER,
    Ear,
    Hall,
    Script,
    agent,
    let_things_happen,
    settle,
    soon,
)


def told_by(ear: Ear) -> list[str]:
    """Return what somebody heard after how it began."""
    return ear.heard[1:]


# ── Ends ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("error", [None, RuntimeError("broken"), HubStopped()])
async def test_a_source_that_ends_ends_for_all_listeners(
    hall: Hall, script: Script, error: Exception | None
) -> None:
    ears = [await hall.seat(viewer) for viewer in (AYSE, NIKOS, STRANGER)]

    script.end(error)
    await settle(lambda: all(ear.endings for ear in ears))

    assert [ear.endings for ear in ears] == [[error]] * 3
    assert hall.is_empty


@pytest.mark.parametrize("error", [None, RuntimeError("broken")])
async def test_a_source_that_ends_ends_for_those_who_are_told_how_things_stand(
    hall: Hall, script: Script, error: Exception | None
) -> None:
    ear = Ear(AYSE, slowness=10)
    coming = asyncio.create_task(hall.join(ear))
    await settle(lambda: hall.answers.of("ready 0") != [])

    script.end(error)
    await soon(coming)

    assert ear.heard == ["ready 0"]
    assert ear.endings == [error]
    assert ear.group is None


async def test_a_source_that_ends_ends_for_those_who_catch_up(hall: Hall, script: Script) -> None:
    script.write(3)
    ear = Ear(AYSE, slowness=10)
    coming = asyncio.create_task(hall.join(ear, "0"))
    await settle(lambda: ear.heard == ["1"])

    script.end()
    await soon(coming)

    assert ear.heard == ["1", "2", "3"]
    assert ear.endings == [None]
    assert ear.group is None


async def test_a_source_that_breaks_breaks_off_the_catching_up(hall: Hall, script: Script) -> None:
    error = RuntimeError("broken")
    script.write(3)
    await hall.seat(NIKOS)
    ear = Ear(AYSE, slowness=10)
    coming = asyncio.create_task(hall.join(ear, "0"))
    await settle(lambda: ear.heard == ["1"])

    script.interrupt(error)
    with pytest.raises(RuntimeError, match="broken"):
        await soon(coming)

    assert ear.group is None


class Unreadable(Script):
    """A source that refuses to be read."""

    error = RuntimeError("broken")

    def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        raise self.error


async def test_a_source_that_cannot_begin_ends_for_who_asked() -> None:
    hall = Hall(Unreadable())

    ear = await hall.seat(AYSE)

    assert ear.endings == [Unreadable.error]
    assert hall.is_empty


async def test_an_execution_that_fails_as_a_whole_ends_the_group(
    hall: Hall, script: Script
) -> None:
    error = RuntimeError("broken")
    hall.answers.errors = {"1": error}
    ears = [await hall.seat(viewer) for viewer in (AYSE, NIKOS, STRANGER)]

    script.write()
    await settle(lambda: all(ear.endings for ear in ears))

    assert [ear.endings for ear in ears] == [[error]] * 3


async def test_after_the_end_a_new_group_is_formed(hall: Hall, script: Script) -> None:
    await hall.seat(AYSE)
    script.interrupt(RuntimeError("broken"))
    await settle(lambda: hall.is_empty)

    ear = await hall.seat(AYSE)
    script.write()
    await settle(lambda: ear.heard == ["ready 0", "1"])


async def test_a_group_that_fell_behind_reads_on_where_it_was(hall: Hall, script: Script) -> None:
    ears = [await hall.seat(viewer) for viewer in (AYSE, STRANGER)]
    script.write(2)
    await settle(lambda: all("2" in ear.heard for ear in ears))
    script.write(3)
    script.interrupt(FellBehind())
    await settle(lambda: all("5" in ear.heard for ear in ears))
    script.write()
    await settle(lambda: all("6" in ear.heard for ear in ears))

    assert [told_by(ear) for ear in ears] == [["1", "2", "3", "4", "5", "6"]] * 2
    assert script.opened == [None, "2"]


async def test_who_falls_behind_while_catching_up_has_to_come_again(
    hall: Hall, script: Script
) -> None:
    script.write(3)
    await hall.seat(AYSE)
    late = Ear(NIKOS, slowness=5)
    joining = asyncio.create_task(hall.join(late, "0"))
    await settle(lambda: late.heard == ["1"])

    script.interrupt(FellBehind())
    with pytest.raises(FellBehind):
        await soon(joining)

    assert late.group is None


# ── Leaving ────────────────────────────────────────────────────────────────────────────────────


async def test_when_the_last_listener_leaves_nobody_reads_any_more(
    hall: Hall, script: Script
) -> None:
    ayse, nikos = await hall.seat(AYSE), await hall.seat(NIKOS)

    ayse.leave()
    await let_things_happen()
    assert script.readers == 1
    nikos.leave()
    await settle(lambda: script.readers == 0)

    assert hall.is_empty
    script.write()
    await let_things_happen()
    assert ayse.heard == nikos.heard == ["ready 0"]


async def test_leaving_twice_is_leaving_once(hall: Hall, script: Script) -> None:
    ayse, nikos = await hall.seat(AYSE), await hall.seat(NIKOS)

    ayse.leave()
    ayse.leave()
    script.write()

    await settle(lambda: "1" in nikos.heard)


@pytest.mark.parametrize("start", [None, "0", ResetReason.RIGHTS])
@pytest.mark.parametrize("turns", range(12))
async def test_who_gives_up_while_coming_leaves_nothing_behind(
    hall: Hall, script: Script, start: str | ResetReason | None, turns: int
) -> None:
    script.write(3)
    ear = Ear(AYSE, slowness=1)
    coming = asyncio.create_task(hall.join(ear, start))
    for _ in range(turns):
        await asyncio.sleep(0)

    coming.cancel()
    await asyncio.wait([coming])
    if ear.group is not None:
        ear.leave()
    heard = list(ear.heard)
    script.write()
    await settle(lambda: script.readers == 0)

    assert hall.is_empty
    assert ear.heard == heard


async def test_who_gives_up_at_the_very_moment_of_coming_leaves_nothing_behind(
    hall: Hall, script: Script
) -> None:
    """They have come; only what they read by themselves is still being closed."""
    script.write(3)
    first = await hall.seat(AYSE)
    hall.answers.gate.clear()
    script.write()
    await settle(lambda: hall.answers.waiting == 1)
    script.closing = lambda: 20
    late = Ear(NIKOS)
    coming = asyncio.create_task(hall.join(late, "2"))
    hall.answers.gate.set()
    await settle(lambda: "4" in late.heard and "4" in first.heard)
    assert not coming.done()

    coming.cancel()
    await asyncio.wait([coming])
    script.write()
    await settle(lambda: "5" in first.heard)

    assert late.heard == ["3", "4"]


async def test_an_execution_that_fails_when_nobody_waits_any_more_raises_no_alarm(
    hall: Hall, script: Script
) -> None:
    hall.answers.gate.clear()
    hall.answers.errors = {"ready 0": RuntimeError("broken")}
    coming = asyncio.create_task(hall.join(Ear(AYSE)))
    await settle(lambda: hall.answers.waiting == 1)

    coming.cancel()
    await asyncio.wait([coming])
    hall.answers.gate.set()
    await let_things_happen()

    assert hall.is_empty


async def test_at_most_so_many_executions_run_at_once(script: Script) -> None:
    hall = Hall(script)
    hall.answers.gate.clear()
    brands = [agent(f"{n}", language=f"l{n}") for n in range(groups.EXECUTIONS_AT_ONCE + 5)]
    coming = [asyncio.create_task(hall.seat(viewer)) for viewer in brands]

    await let_things_happen()
    assert hall.answers.waiting == groups.EXECUTIONS_AT_ONCE

    hall.answers.gate.set()
    for ear in await asyncio.gather(*coming):
        ear.leave()


async def test_subjects_with_other_keys_are_groups_of_their_own() -> None:
    one, other = Script("one"), Script("other")
    halls = [Hall(one), Hall(other)]
    halls[1].sharing = halls[0].sharing
    ears = [await hall.seat(AYSE) for hall in halls]

    one.write()
    await settle(lambda: "1" in ears[0].heard)
    await let_things_happen()

    assert ears[1].heard == ["ready 0"]
    for ear in ears:
        ear.leave()
    assert halls[0].is_empty

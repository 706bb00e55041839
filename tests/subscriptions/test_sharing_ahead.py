"""Of a list, the next items are worked out while one is told; what is told stays as it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from subscriptions.log.stream import FellBehind
from subscriptions.sharing import groups, told
from subscriptions.sharing.ahead import Ahead
from subscriptions.source import Verdict
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

ROWS = 20
AT_ONCE = groups.EXECUTIONS_OF_A_LIST


@pytest.fixture
async def script(no_alarm: None) -> AsyncIterator[Script]:
    """A list; nobody may read it any more, nor may a task be left, when the test is over."""
    source = Script(rows=ROWS)
    yield source
    await settle(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    assert source.readers == 0


async def hold_up(hall: Hall, script: Script, items: int, *, begun: int) -> None:
    """Let so many items happen, and hold up the executions, of which so many have begun."""
    hall.answers.gate.clear()
    script.write(items)
    await settle(lambda: hall.answers.waiting == begun)
    await let_things_happen()
    assert hall.answers.waiting == begun


async def test_the_next_items_are_worked_out_at_once_and_told_in_their_order(
    hall: Hall, script: Script
) -> None:
    ear = await hall.seat(AYSE)
    turns = iter(range(40, 0, -5))
    hall.answers.hurdle = lambda: next(turns)  # who began later is done earlier

    await hold_up(hall, script, AT_ONCE + 2, begun=AT_ONCE)
    hall.answers.gate.set()
    await settle(lambda: len(ear.heard) == AT_ONCE + 3)

    assert ear.heard == ["ready 0", *(str(number) for number in range(1, AT_ONCE + 3))]
    assert all(len(hall.answers.of(text)) == 1 for text in ear.heard)


async def test_a_row_is_not_shown_older_than_before() -> None:
    script = Script(rows=2)
    hall = Hall(script)
    ear = await hall.seat(AYSE)

    await hold_up(hall, script, 4, begun=2)
    assert hall.answers.of("3") == hall.answers.of("4") == []
    hall.answers.gate.set()
    await settle(lambda: "4" in ear.heard)

    assert ear.heard == ["ready 0", "1", "2", "3", "4"]
    ear.leave()


async def test_what_is_no_list_is_not_read_ahead() -> None:
    script = Script()
    hall = Hall(script)
    ear = await hall.seat(AYSE)

    await hold_up(hall, script, 3, begun=1)
    hall.answers.gate.set()
    await settle(lambda: "3" in ear.heard)
    ear.leave()


@pytest.mark.parametrize("audiences", [2, AT_ONCE + 1])
async def test_the_more_audiences_there_are_the_fewer_items_are_in_hand(
    hall: Hall, script: Script, audiences: int
) -> None:
    ears = [await hall.seat(agent("Ayşe", language=f"l{number}")) for number in range(audiences)]

    await hold_up(hall, script, 3, begun=max(AT_ONCE, audiences))
    assert len(hall.answers.of("1")) == audiences
    hall.answers.gate.set()
    await settle(lambda: all(ear.heard == ["ready 0", "1", "2", "3"] for ear in ears))


async def test_nothing_is_worked_out_where_nobody_listens(hall: Hall, script: Script) -> None:
    hall.answers.gate.clear()
    coming = asyncio.create_task(hall.join(Ear(AYSE)))
    await settle(lambda: hall.answers.waiting == 1)

    script.write(3)
    await let_things_happen()

    assert [text for text, _viewer in hall.answers.worked_out] == ["ready 0"]
    assert script.judgements == 1
    coming.cancel()
    hall.answers.gate.set()


async def test_who_has_come_meanwhile_is_told_too(hall: Hall, script: Script) -> None:
    first = await hall.seat(AYSE)
    await hold_up(hall, script, 2, begun=2)

    late = asyncio.create_task(hall.seat(STRANGER))
    await let_things_happen()
    hall.answers.gate.set()
    ears = (first, await late)
    await settle(lambda: all("2" in ear.heard for ear in ears))

    assert [ear.heard for ear in ears] == [["ready 0", "1", "2"]] * 2


# ── Rights ─────────────────────────────────────────────────────────────────────────────────────


async def test_who_has_lost_the_list_hears_nothing_of_what_was_worked_out(
    hall: Hall, script: Script
) -> None:
    stays, loses = await hall.seat(AYSE), await hall.seat(NIKOS)
    await hold_up(hall, script, 3, begun=3)

    script.verdict = lambda _, viewer: Verdict.LOST if viewer == NIKOS else Verdict.HEARS
    hall.answers.gate.set()
    await settle(lambda: loses.endings == [None] and "3" in stays.heard)

    assert loses.heard == ["ready 0", "farewell 1"]
    assert stays.heard == ["ready 0", "1", "2", "3"]


async def test_other_rights_are_heeded_for_what_was_worked_out_before(
    hall: Hall, script: Script
) -> None:
    hall.answers.shape = lambda _item, viewer: (
        "acme" if viewer.brand_ids == AYSE.brand_ids else "other"
    )
    ayse, nikos = await hall.seat(AYSE), await hall.seat(NIKOS)
    await hold_up(hall, script, 2, begun=2)

    hall.change_rights(nikos, STRANGER)
    hall.answers.gate.set()
    await settle(lambda: len(ayse.heard) == len(nikos.heard) == 3)

    assert ayse.heard == ["acme", "acme", "acme"]
    assert nikos.heard == ["acme", "other", "other"]


async def test_what_has_grown_old_before_its_turn_is_judged_and_worked_out_anew(
    hall: Hall, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = await hall.seat(AYSE)
    judged = script.judgements
    monkeypatch.setattr(told, "KEPT_SECONDS", 0.05)
    await hold_up(hall, script, 2, begun=2)

    await asyncio.sleep(0.06)
    hall.answers.gate.set()
    await settle(lambda: "2" in ear.heard)

    assert ear.heard == ["ready 0", "1", "2"]
    assert [len(hall.answers.of(text)) for text in ("1", "2")] == [1, 2]
    assert script.judgements == judged + 3


# ── Ends ───────────────────────────────────────────────────────────────────────────────────────


async def test_an_execution_that_fails_ends_the_group_when_its_turn_has_come(
    hall: Hall, script: Script
) -> None:
    error = RuntimeError("broken")
    hall.answers.errors = {"2": error, "3": RuntimeError("never asked for")}
    ear = await hall.seat(AYSE)
    await hold_up(hall, script, 3, begun=3)

    hall.answers.gate.set()
    await settle(lambda: ear.endings != [])

    assert ear.heard == ["ready 0", "1"]
    assert ear.endings == [error]


@pytest.mark.parametrize("error", [None, RuntimeError("broken")])
async def test_a_list_that_ends_is_told_to_its_end(
    hall: Hall, script: Script, error: Exception | None
) -> None:
    ear = await hall.seat(AYSE)
    await hold_up(hall, script, 3, begun=3)

    script.end(error)
    await let_things_happen()
    hall.answers.gate.set()
    await settle(lambda: ear.endings != [])

    assert ear.heard == ["ready 0", "1", "2", "3"]
    assert ear.endings == [error]


async def test_a_list_that_breaks_when_it_is_read_no_more_raises_no_alarm(script: Script) -> None:
    ahead = Ahead(script.open("0"), script.row_of, lambda _item: None, lambda: AT_ONCE)
    script.write()

    async with aclosing(ahead.in_order()) as items:
        assert (await anext(items)).cursor == "1"
        script.interrupt(RuntimeError("broken"))
        await let_things_happen()


async def test_a_list_that_fell_behind_is_read_on_after_what_was_in_hand(
    hall: Hall, script: Script
) -> None:
    ear = await hall.seat(AYSE)
    await hold_up(hall, script, 2, begun=2)
    script.interrupt(FellBehind())
    await let_things_happen()

    hall.answers.gate.set()
    script.write()
    await settle(lambda: "3" in ear.heard)

    assert ear.heard == ["ready 0", "1", "2", "3"]
    assert script.opened == [None, "2"]


async def test_when_the_last_listener_leaves_nothing_more_is_read(
    hall: Hall, script: Script
) -> None:
    ear = await hall.seat(AYSE)
    await hold_up(hall, script, AT_ONCE + 2, begun=AT_ONCE)

    ear.leave()
    await settle(lambda: script.readers == 0)
    hall.answers.gate.set()
    await soon(let_things_happen())

    assert ear.heard == ["ready 0"]
    assert len(hall.answers.worked_out) == 1 + AT_ONCE

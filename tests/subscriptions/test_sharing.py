"""What an item looks like is worked out once for all who asked the same."""

import asyncio

import pytest

from models.viewers import Viewer
from subscriptions.log.cursors import ResetReason
from subscriptions.sharing import groups, told
from subscriptions.source import Item, Verdict
from tests.subscriptions.sources import (
    AYSE,
    NIKOS,
    STRANGER,
    Ear,
    Hall,
    Script,
    States,
    agent,
    let_things_happen,
    settle,
    soon,
)


def told_by(ear: Ear) -> list[str]:
    """Return what somebody heard after how it began."""
    return ear.heard[1:]


# ── Who shares what ────────────────────────────────────────────────────────────────────────────


async def test_an_item_is_judged_and_executed_once_for_fifty_listeners(
    hall: Hall, script: Script
) -> None:
    ears = [await hall.seat(agent(f"Agent {number}")) for number in range(50)]
    judged = script.judgements

    script.write()
    await settle(lambda: all(ear.heard == ["ready 0", "1"] for ear in ears))

    assert len(hall.answers.of("1")) == 1
    assert len(hall.answers.of("ready 0")) == 1
    assert script.judgements == judged + 1
    assert script.opened == [None]


async def test_two_audiences_never_share_bytes(hall: Hall, script: Script) -> None:
    hall.answers.shape = lambda _item, viewer: f"for {sorted(viewer.brand_ids)} {viewer.language}"
    viewers = [AYSE, NIKOS, STRANGER, agent("Eleni", language="el"), Viewer(actor=None)]
    ears = [await hall.seat(viewer) for viewer in viewers]

    script.write()
    await settle(lambda: all(len(ear.heard) == 2 for ear in ears))

    for ear in ears:
        expected = f"for {sorted(ear.viewer.now.brand_ids)} {ear.viewer.now.language}"
        assert ear.heard == [expected] * 2
    audiences = [viewer.audience for viewer in hall.answers.of("1")]
    assert len(audiences) == len(set(audiences)) == 4


async def test_an_answer_that_is_not_whole_is_worked_out_for_each_person_alone(
    hall: Hall, script: Script
) -> None:
    hall.answers.shape = lambda _item, viewer: str(viewer.agent_id)
    hall.answers.partial = {AYSE}
    ears = [await hall.seat(viewer) for viewer in (AYSE, NIKOS, agent("Eleni"))]

    script.write()
    await settle(lambda: all(len(ear.heard) == 2 for ear in ears))

    assert [told_by(ear) for ear in ears] == [[str(ear.viewer.now.agent_id)] for ear in ears]
    # Once for the audience, as Ayşe; then for each of the three.
    assert len(hall.answers.of("1")) == 4


async def test_a_personal_document_is_executed_for_each_person_and_shared_by_their_sessions(
    script: Script,
) -> None:
    hall = Hall(script, is_shareable=False)
    hall.answers.shape = lambda _item, viewer: str(viewer.agent_id)
    people = [AYSE, NIKOS]
    ears = [
        await hall.seat(agent(name, session=session))
        for name in ("Ayşe", "Nikos")
        for session in (1, 2, 3)
    ]

    script.write()
    await settle(lambda: all(len(ear.heard) == 2 for ear in ears))

    assert [told_by(ear) for ear in ears] == [
        [str(person.agent_id)] for person in people for _session in range(3)
    ]
    assert len(hall.answers.of("1")) == 2
    for ear in ears:
        ear.leave()


async def test_who_skips_an_item_hears_the_next_one(hall: Hall, script: Script) -> None:
    def skips_first(item: Item, viewer: Viewer) -> Verdict:
        return Verdict.SKIPS if (viewer, item.cursor) == (NIKOS, "1") else Verdict.HEARS

    script.verdict = skips_first
    ayse, nikos = await hall.seat(AYSE), await hall.seat(NIKOS)

    script.write(2)
    await settle(lambda: "2" in nikos.heard)

    assert ayse.heard == ["ready 0", "1", "2"]
    assert nikos.heard == ["ready 0", "2"]


async def test_what_everybody_skips_is_not_executed(hall: Hall, script: Script) -> None:
    ear = await hall.seat(AYSE)
    script.verdict = lambda item, _: Verdict.SKIPS if item.cursor == "1" else Verdict.HEARS

    script.write(2)
    await settle(lambda: "2" in ear.heard)

    assert hall.answers.of("1") == []


async def test_what_clients_are_not_told_of_is_left_out(hall: Hall, script: Script) -> None:
    hall.answers.untold = {"1"}
    ear = await hall.seat(AYSE)

    script.write(2)
    await settle(lambda: len(ear.heard) == 2)

    assert ear.heard == ["ready 0", "2"]


async def test_a_thousand_listeners_are_told_in_several_turns(
    hall: Hall, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "LISTENERS_PER_TURN", 10)
    ears = [await hall.seat(AYSE) for _ in range(25)]
    script.write()

    numbers = set()
    while (number := sum("1" in ear.heard for ear in ears)) < 25:
        numbers.add(number)
        await asyncio.sleep(0)

    assert numbers <= {0, 10, 20}
    assert 10 in numbers


async def test_who_leaves_while_another_audience_is_told_hears_nothing_more(
    hall: Hall, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "LISTENERS_PER_TURN", 1)
    first, _second, other = [await hall.seat(viewer) for viewer in (AYSE, NIKOS, STRANGER)]

    script.write()
    await settle(lambda: "1" in first.heard)
    other.leave()
    await let_things_happen()

    assert other.heard == ["ready 0"]


async def test_who_leaves_while_others_are_told_hears_nothing_more(
    hall: Hall, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "LISTENERS_PER_TURN", 1)
    first, second = await hall.seat(AYSE), await hall.seat(NIKOS)

    script.write()
    await settle(lambda: "1" in first.heard)
    second.leave()
    await let_things_happen()

    assert second.heard == ["ready 0"]


# ── Coming while something happens ─────────────────────────────────────────────────────────────


async def test_who_comes_first_waits_for_the_source(hall: Hall, script: Script) -> None:
    script.write(7)

    ear = await hall.seat(AYSE)

    assert ear.heard == ["ready 7"]


async def test_who_comes_while_an_item_is_executed_hears_it_once(
    hall: Hall, script: Script
) -> None:
    first = await hall.seat(AYSE)
    hall.answers.gate.clear()
    script.write()
    await settle(lambda: hall.answers.waiting == 1)

    # Their beginning is worked out already, so they have come before the item is.
    late, other = await hall.seat(NIKOS), Ear(STRANGER)
    joining = asyncio.create_task(hall.join(other))
    await let_things_happen()
    hall.answers.gate.set()
    await soon(joining)
    await settle(lambda: all("1" in ear.heard for ear in (first, late, other)))
    await let_things_happen()

    assert first.heard == late.heard == other.heard == ["ready 0", "1"]
    assert len(hall.answers.of("1")) == 2


async def test_who_leaves_while_an_item_is_executed_does_not_hear_it(
    hall: Hall, script: Script
) -> None:
    stays, leaves = await hall.seat(AYSE), await hall.seat(STRANGER)
    hall.answers.gate.clear()
    script.write()
    await settle(lambda: hall.answers.waiting == 2)

    leaves.leave()
    hall.answers.gate.set()
    await settle(lambda: "1" in stays.heard)
    await let_things_happen()

    assert leaves.heard == ["ready 0"]


async def test_who_resumes_hears_what_was_missed_and_then_what_happens(
    hall: Hall, script: Script
) -> None:
    script.write(5)
    early = await hall.seat(AYSE)

    late = await hall.seat(NIKOS, start="2")
    script.write()
    await settle(lambda: "6" in late.heard)

    assert early.heard == ["ready 5", "6"]
    assert late.heard == ["3", "4", "5", "6"]
    assert script.readers == 1  # what was read to catch up is closed


async def test_who_resumes_where_the_others_stand_is_told_nothing_before_the_next_item(
    hall: Hall, script: Script
) -> None:
    script.write(5)
    await hall.seat(AYSE)

    late = await hall.seat(NIKOS, start="5")
    script.write()
    await settle(lambda: late.heard != [])

    assert late.heard == ["6"]
    assert script.opened == [None]


async def test_many_who_resume_together_share_the_executions_of_what_they_missed(
    hall: Hall, script: Script
) -> None:
    script.write(10)
    ears = [Ear(agent(f"Agent {number}")) for number in range(20)]

    await soon(asyncio.gather(*(hall.join(ear, "0") for ear in ears)))

    assert all(ear.heard == [str(number) for number in range(1, 11)] for ear in ears)
    assert all(len(hall.answers.of(str(number))) == 1 for number in range(1, 11))


async def test_what_was_executed_long_ago_is_executed_anew(
    hall: Hall, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "KEPT_SECONDS", 0.0)
    script.write()
    await hall.seat(AYSE, start="0")
    await hall.seat(NIKOS, start="0")

    assert len(hall.answers.of("1")) == 2


async def test_what_was_told_is_forgotten_after_a_while(
    hall: Hall, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "KEPT_SECONDS", 0.01)
    script.write(20)
    ear = await hall.seat(AYSE, start="0")
    assert ear.group is not None

    await asyncio.sleep(0.03)

    assert len(ear.group.told._kept) == 0


async def test_of_a_long_replay_only_so_much_is_remembered(
    hall: Hall, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "KEPT_ITEMS", 3)
    script.write(20)

    ear = await hall.seat(AYSE, start="0")

    assert ear.group is not None
    assert len(ear.group.told._kept) == 3


async def test_a_gap_is_told_to_who_begins_anew(hall: Hall, script: Script) -> None:
    script.write(3)
    ear = Ear(AYSE)

    await soon(hall.join(ear, ResetReason.RIGHTS))
    script.write()
    await settle(lambda: len(ear.heard) == 2)

    assert ear.heard == ["gap 3", "4"]


async def test_who_comes_later_is_told_how_things_stand() -> None:
    source = States()
    hall = Hall(source)
    first = await hall.seat(AYSE)
    source.change()
    await settle(lambda: first.heard == ["0", "1"])

    late = await hall.seat(NIKOS)
    source.change()
    await settle(lambda: "2" in late.heard)

    assert first.heard == ["0", "1", "2"]
    assert late.heard == ["1", "2"]
    first.leave()
    late.leave()


async def test_who_comes_while_things_change_is_told_how_they_stand_then() -> None:
    source = States()
    hall = Hall(source)
    await hall.seat(AYSE)
    slow = Ear(NIKOS, slowness=20)
    joining = asyncio.create_task(hall.join(slow))
    await asyncio.sleep(0)
    for _ in range(3):
        source.change()
        await let_things_happen()

    await soon(joining)
    await settle(lambda: slow.heard[-1] == "3")

    assert slow.heard == sorted(set(slow.heard))

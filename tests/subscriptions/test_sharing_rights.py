"""Who has other rights while they listen, and who has lost what they listen to."""

import asyncio

import pytest

from models.viewers import Viewer
from services import live_viewers
from subscriptions.log.cursors import ResetReason
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


def told_by(ear: Ear) -> list[str]:
    """Return what somebody heard after how it began."""
    return ear.heard[1:]


async def test_who_has_lost_a_source_is_told_so_and_the_others_go_on(
    hall: Hall, script: Script
) -> None:
    stays, loses = await hall.seat(AYSE), await hall.seat(NIKOS)
    script.verdict = lambda _, viewer: Verdict.LOST if viewer == NIKOS else Verdict.HEARS

    script.write(2)
    await settle(lambda: loses.endings == [None] and "2" in stays.heard)

    assert loses.heard == ["ready 0", "farewell 1"]
    assert stays.heard == ["ready 0", "1", "2"]
    assert stays.endings == []


async def test_who_loses_a_source_while_nothing_happens_is_told_so(
    hall: Hall, script: Script
) -> None:
    stays, loses = await hall.seat(AYSE), await hall.seat(NIKOS)
    script.verdict = lambda _, viewer: Verdict.LOST if viewer == STRANGER else Verdict.HEARS

    hall.change_rights(loses, STRANGER)
    await settle(lambda: loses.endings == [None])

    assert loses.heard == ["ready 0", "farewell 0"]
    assert (stays.heard, stays.endings) == (["ready 0"], [])


async def test_who_comes_too_late_to_hear_is_told_nothing_but_that(
    hall: Hall, script: Script
) -> None:
    script.write(3)
    script.verdict = lambda _item, _viewer: Verdict.LOST
    for start in (None, "1"):
        ear = await hall.seat(AYSE, start)

        assert ear.heard == [f"farewell {2 if start else 3}"]
        assert ear.endings == [None]
        assert ear.group is None


async def test_who_is_deaf_to_a_farewell_is_disconnected(hall: Hall, script: Script) -> None:
    """What is told last waits for room in the background: nobody else looks after it."""
    ear = await hall.seat(AYSE)
    ear.breaks = ConnectionResetError("no room")
    script.verdict = lambda _item, _viewer: Verdict.LOST

    script.write()
    await settle(lambda: ear.endings != [])

    assert ear.endings == [ear.breaks]


async def test_other_rights_are_another_audience_from_the_next_item_on(
    hall: Hall, script: Script
) -> None:
    hall.answers.shape = lambda _item, viewer: (
        "acme" if viewer.brand_ids == AYSE.brand_ids else "other"
    )
    ayse, nikos = await hall.seat(AYSE), await hall.seat(NIKOS)

    hall.change_rights(nikos, STRANGER)
    script.write()
    await settle(lambda: len(ayse.heard) == len(nikos.heard) == 2)

    assert ayse.heard == ["acme", "acme"]
    assert nikos.heard == ["acme", "other"]


async def test_rights_that_change_while_an_item_is_executed_are_heeded(
    hall: Hall, script: Script
) -> None:
    hall.answers.shape = lambda _item, viewer: (
        "acme" if viewer.brand_ids == AYSE.brand_ids else "other"
    )
    ayse, nikos = await hall.seat(AYSE), await hall.seat(NIKOS)
    hall.answers.gate.clear()
    script.write()
    await settle(lambda: hall.answers.waiting == 1)

    hall.change_rights(nikos, STRANGER)
    hall.answers.gate.set()
    await settle(lambda: len(ayse.heard) == len(nikos.heard) == 2)

    assert told_by(ayse) == ["acme"]
    assert told_by(nikos) == ["other"]


async def test_a_source_made_for_other_rights_is_asked_for_anew() -> None:
    script = Script(rights=AYSE.rights)
    hall = Hall(script)
    ayse, other = await hall.seat(AYSE), await hall.seat(AYSE)
    never = await hall.seat(STRANGER)

    hall.change_rights(other, STRANGER)
    script.write()
    await settle(lambda: "1" in ayse.heard)
    await let_things_happen()

    assert never.heard == []
    assert never.begun_anew == other.begun_anew == [ResetReason.RIGHTS]
    assert other.heard == ["ready 0"]
    assert (ayse.heard, ayse.begun_anew) == (["ready 0", "1"], [])
    ayse.leave()
    assert hall.is_empty


async def test_rights_that_change_while_somebody_catches_up_end_the_replay() -> None:
    script = Script(rights=AYSE.rights)
    hall = Hall(script)
    script.write(5)
    ear = Ear(AYSE, slowness=10)
    joining = asyncio.create_task(hall.join(ear, "0"))
    await settle(lambda: "2" in ear.heard)

    hall.change_rights(ear, STRANGER)
    await soon(joining)

    assert ear.begun_anew == [ResetReason.RIGHTS]
    assert "5" not in ear.heard
    assert hall.is_empty


async def test_those_whose_session_has_ended_hear_nothing_more(hall: Hall, script: Script) -> None:
    stays, ended = await hall.seat(AYSE), await hall.seat(NIKOS)

    ended.viewer.has_ended = True
    hall.change_rights(ended, NIKOS)
    script.write()
    await settle(lambda: "1" in stays.heard)

    assert ended.heard == ["ready 0"]


async def test_nobody_is_told_anything_while_rights_are_out_of_date(
    hall: Hall, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_viewers, "STALE_SECONDS", 0.05)
    has_come = False

    async def persons_now(*_: object) -> dict[object, Viewer]:
        if not has_come:
            raise ConnectionRefusedError
        return {signed_in.session_id: signed_in.person}

    monkeypatch.setattr(live_viewers, "persons_now", persons_now)
    signed_in = agent("Ayşe", session=1)
    with hall.viewers.connected(signed_in) as viewer:
        ear = await hall.seat(viewer)
        await asyncio.sleep(0.06)
        script.write()
        await let_things_happen()
        with pytest.raises(ConnectionRefusedError):
            await hall.viewers.refresh()
        assert ear.heard == ["ready 0"]

        has_come = True
        await hall.viewers.refresh()
        await settle(lambda: ear.heard == ["ready 0", "1"])
        ear.leave()

"""Every listener hears every item once and in order, whoever comes and goes meanwhile."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscriptions.log.stream import FellBehind
from subscriptions.sharing import groups
from subscriptions.sharing.joining import Joining
from subscriptions.sharing.listening import Listener
from subscriptions.sharing.told import Told
from subscriptions.source import Item, Judge
from tests.subscriptions.sources import (
    AYSE,
    NIKOS,
    STRANGER,
    Ear,
    Hall,
    Script,
    let_things_happen,
    settle,
    soon,
    take_turns,
)

VIEWERS = (AYSE, NIKOS, STRANGER)
MOST = 20


class Turn(Enum):
    """What happens next; each comes with a number up to `MOST`."""

    WRITE = "write"
    COME = "come"
    RESUME = "resume"
    LEAVE = "leave"
    FALL_BEHIND = "fall behind"
    CHANGE_RIGHTS = "change rights"
    PAUSE = "pause"


class Comer:
    """Somebody who comes, maybe to go on after a position, and may leave before the end."""

    def __init__(self, hall: Hall, ear: Ear, start: int | None) -> None:
        self.ear = ear
        self.coming = asyncio.create_task(hall.join(ear, None if start is None else str(start)))
        self._start = start

    async def go(self) -> None:
        """Leave, whether or not they have come."""
        self.coming.cancel()
        await asyncio.wait([self.coming])
        if self.ear.group is not None:
            self.ear.leave()
        self._heard_until_then = tuple(self.ear.heard)

    def check_until_they_left(self) -> None:
        """The oracle, for those who have gone: no gap, no double, and nothing afterwards."""
        assert tuple(self.ear.heard) == self._heard_until_then
        start, positions = self._what_was_heard()
        assert positions == list(range(start + 1, start + 1 + len(positions)))

    def check_until(self, head: int) -> None:
        """The oracle: positions are contiguous from the start to the head."""
        start, positions = self._what_was_heard()
        assert positions == list(range(start + 1, head + 1))

    def _what_was_heard(self) -> tuple[int, list[int]]:
        heard = list(self.ear.heard)
        start = self._start
        if start is None and heard:
            beginning, position = heard.pop(0).split()
            assert beginning == "ready"
            start = int(position)
        return start or 0, [int(text) for text in heard]


class History:
    """A script that moves on while people come and go."""

    def __init__(self) -> None:
        self.script = Script()
        self.script.closing = hurdles().__next__
        self.hall = Hall(self.script)
        self.hall.answers.hurdle = hurdles().__next__
        self._present: list[Comer] = []
        self._gone: list[Comer] = []
        self._turns: dict[Turn, Callable[[int], None]] = {
            Turn.WRITE: self.script.write,
            Turn.COME: self._come,
            Turn.RESUME: self._resume,
            Turn.FALL_BEHIND: self._fall_behind,
            Turn.CHANGE_RIGHTS: self._change_rights,
        }

    async def run(self, turns: Sequence[tuple[Turn, int]]) -> None:
        """Let all this happen; ask the oracle at the end."""
        for turn, number in turns:
            if turn is Turn.PAUSE:
                await take_turns(number)
            elif turn is Turn.LEAVE:
                await self._leave(number)
            else:
                self._turns[turn](number)
        await self._check()

    def _come(self, number: int) -> None:
        self._present.append(Comer(self.hall, self._ear(number), None))

    def _resume(self, number: int) -> None:
        position = self.script.head * number // MOST
        self._present.append(Comer(self.hall, self._ear(number), position))

    async def _leave(self, number: int) -> None:
        if self._present:
            comer = self._present.pop(number % len(self._present))
            self._gone.append(comer)
            await comer.go()

    def _fall_behind(self, _number: int) -> None:
        # Whoever is still catching up would have to come again: that is not what is tried here.
        if all(comer.coming.done() for comer in self._present):
            self.script.interrupt(FellBehind())

    def _change_rights(self, number: int) -> None:
        if self._present:
            comer = self._present[number % len(self._present)]
            self.hall.change_rights(comer.ear, VIEWERS[number % len(VIEWERS)])

    def _ear(self, number: int) -> Ear:
        return Ear(VIEWERS[number % len(VIEWERS)], slowness=number % 5)

    async def _check(self) -> None:
        await soon(asyncio.gather(*(comer.coming for comer in self._present)))
        self.script.write()
        head = self.script.head
        await settle(lambda: all(c.ear.heard[-1:] == [str(head)] for c in self._present))
        await let_things_happen()
        for comer in self._present:
            comer.check_until(head)
            comer.ear.leave()
        for comer in self._gone:
            comer.check_until_they_left()
        assert self.hall.is_empty
        await settle(lambda: self.script.readers == 0)


def hurdles() -> Iterator[int]:
    """Yield how many turns of the event loop something takes, each time another number."""
    return (number % 4 for number in count())


@given(st.lists(st.tuples(st.sampled_from(Turn), st.integers(0, MOST)), max_size=60))
@settings(max_examples=70, deadline=None)
def test_everybody_hears_all_once_and_in_order_whatever_happens_meanwhile(
    turns: list[tuple[Turn, int]],
) -> None:
    asyncio.run(History().run(turns))


COMING_WHILE_WRITING = [(Turn.COME, 4), (Turn.PAUSE, 5), (Turn.WRITE, 1)] * 3


def test_the_oracle_notices_a_group_that_lets_people_in_too_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def let_in_at_once(joining: Joining, last: Item) -> bool:
        await joining._tell(joining._group.source.greeting(last))
        return joining._enter()

    asyncio.run(History().run(COMING_WHILE_WRITING))
    monkeypatch.setattr(Joining, "_greet", let_in_at_once)
    with pytest.raises(AssertionError):
        asyncio.run(History().run(COMING_WHILE_WRITING))


def test_the_oracle_notices_a_group_that_forgets_who_came_during_an_execution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work_out_once(
        group: groups.Group, told: Told, judge: Judge
    ) -> tuple[list[groups.Delivery], list[Listener]]:
        hearing, lost = group._sort(judge)
        missing = groups._unanswered(hearing, {})
        found = await asyncio.gather(*(ask(told) for ask in missing.values()))
        return groups._deliveries(hearing, dict(zip(missing, found, strict=True))), lost

    turns = [(Turn.COME, 0), (Turn.PAUSE, 20), (Turn.WRITE, 1), (Turn.RESUME, MOST)] * 9
    asyncio.run(History().run(turns))
    monkeypatch.setattr(groups.Group, "_work_out", work_out_once)
    with pytest.raises((AssertionError, TimeoutError)):
        asyncio.run(History().run(turns))

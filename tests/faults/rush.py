"""A rush hour: many listen, some write, and in the end everybody must have heard everything."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import TypeVar

from models.event_records import EventRecord
from models.events import read_events
from tests.faults.journal import Journal, require_exactly_once
from tests.faults.listener import Listener
from tests.faults.sizes import TICKETS_EACH, Size
from tests.faults.stage import Stage
from tests.faults.writer import Writer

BEGIN_SECONDS = 60  # for a thousand clients on a busy machine
CATCH_UP_SECONDS = 30  # nobody may need longer to reach the end; the oracle says who did
QUIET_SECONDS = 0.5  # after the end, for what would come twice
MANY_EVENTS = 1_000_000

Item = TypeVar("Item")


@dataclass
class Rush:
    """What goes on. Its delays, in seconds from an act to its news, are there after its end."""

    listeners: Sequence[Listener]
    writers: Sequence[Writer]
    delays: list[tuple[datetime, float]] = field(default_factory=list)

    async def goes_on(self, seconds: float) -> None:
        """Let everybody work on for a while."""
        await asyncio.sleep(seconds)

    @property
    def longest_delay(self) -> float:
        """The seconds after which the latest news came."""
        return max(delay for _moment, delay in self.delays)

    @property
    def usual_delay(self) -> float:
        """The median of all delays."""
        return median(delay for _moment, delay in self.delays)

    def usual_delay_after(self, moment: datetime) -> float:
        """The median of the delays of what was done after `moment`."""
        return median(delay for at, delay in self.delays if at > moment)

    @property
    def journals(self) -> list[Journal]:
        """What each listener heard of each ticket."""
        return [journal for each in self.listeners for journal in each.journals.values()]

    @property
    def reconnects(self) -> int:
        """How often listeners came back."""
        return sum(each.connections - 1 for each in self.listeners)

    def judge(self, logs: dict[str, list[EventRecord]]) -> None:
        """Raise NotExactlyOnce unless each journal agrees with the log of its topic."""
        for journal in self.journals:
            require_exactly_once(journal, logs[journal.topic])
            happened = {record.sequence: record.occurred_at for record in logs[journal.topic]}
            self.delays += [
                (happened[told.position], (heard - happened[told.position]).total_seconds())
                for told, heard in journal.heard
            ]
        lost = self._acknowledged - self._told
        assert not lost, f"The desk acknowledged what never happened: {lost}"
        assert self.delays, "Nothing was heard, so nothing was shown."

    @property
    def unacknowledged(self) -> set[str]:
        """The notes that everybody heard of, but for who wrote them: no answer came."""
        return self._told - self._acknowledged

    @property
    def _told(self) -> set[str]:
        heard = (told.note for journal in self.journals for told, _moment in journal.heard)
        return {note for note in heard if note is not None}

    @property
    def _acknowledged(self) -> set[str]:
        return {note for writer in self.writers for note in writer.acknowledged}


@asynccontextmanager
async def rush_hour(
    stage: Stage,
    size: Size,
    *,
    clients: int | None = None,
    writers: int | None = None,
    listener: type[Listener] = Listener,
    patience_seconds: float | None = None,
    catch_up_seconds: float = CATCH_UP_SECONDS,
) -> AsyncIterator[Rush]:
    """Give a rush hour that has begun; at the end all catch up, and the oracle judges."""
    rush = Rush(
        [
            listener(
                _from(stage.urls, number),
                stage.cast.tokens[number],
                _from(stage.cast.tickets, number)[:TICKETS_EACH],
                epoch=stage.cast.epoch,
                # One in two waits for a silent server, as long as it takes.
                patience_seconds=patience_seconds if number % 4 < 2 else None,
            )
            for number in range(clients or size.clients)
        ],
        [
            Writer(
                _from(stage.urls, number),
                stage.cast.tokens[-1 - number],
                stage.cast.tickets,
                pause_seconds=size.pause_seconds,
            )
            for number in range(writers or size.writers)
        ],
    )
    async with asyncio.TaskGroup() as tasks:
        listening = [tasks.create_task(each.listen_for_ever()) for each in rush.listeners]
        async with asyncio.timeout(BEGIN_SECONDS):
            for each in rush.listeners:
                await each.began.wait()
        async with _writing(rush.writers):
            yield rush
        logs = await _logs(stage, {journal.topic for journal in rush.journals})
        await _catch_up(rush, {topic: len(log) for topic, log in logs.items()}, catch_up_seconds)
        for task in listening:
            task.cancel()
    rush.judge(logs)


@asynccontextmanager
async def _writing(writers: Sequence[Writer]) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for writer in writers:
            tasks.create_task(writer.write_until(stopping))
        yield
        stopping.set()


async def _logs(stage: Stage, topics: set[str]) -> dict[str, list[EventRecord]]:
    async with stage.desk() as desk, desk.database.reading() as connection:
        return {topic: await read_events(connection, topic, 0, MANY_EVENTS) for topic in topics}


async def _catch_up(rush: Rush, heads: dict[str, int], seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while any(journal.position < heads[journal.topic] for journal in rush.journals):
        if asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(0.05)
    await asyncio.sleep(QUIET_SECONDS)


def _from(items: Sequence[Item], first: int) -> list[Item]:
    """Return the items, beginning with another one."""
    start = first % len(items)
    return [*items[start:], *items[:start]]

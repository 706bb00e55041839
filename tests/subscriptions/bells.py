"""What a bell told, and waiting for it."""

import asyncio
from collections.abc import Callable, Sequence

from models.event_records import EventRecord
from subscriptions.log.bell import Hint
from tests.subscriptions.event_logs import PATIENCE_SECONDS


class Ear:
    """A listener that remembers what it heard."""

    def __init__(self) -> None:
        self.records: list[EventRecord] = []
        self.hints: list[Hint] = []
        self.gaps = 0

    def hear(self, records: Sequence[EventRecord]) -> None:
        self.records += records

    def hear_hints(self, hints: Sequence[Hint]) -> None:
        self.hints += hints

    def hear_gap(self) -> None:
        self.gaps += 1


async def until(condition: Callable[[], object]) -> None:
    """Return once `condition` holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)

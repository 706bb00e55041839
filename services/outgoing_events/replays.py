"""Reading the log again: what a webhook was told before, it is told once more."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from models.events import Event
from models.webhooks import WebhookPosition
from services.unit_of_work import UnitOfWork

# Acts get their moment when they begin and their place when they end, which takes seconds at most.
DISORDER = timedelta(minutes=1)


async def positions_before(
    work: UnitOfWork, positions: Mapping[str, int], moment: datetime
) -> dict[str, int]:
    """Return where topics stood before a moment, those that stand at `positions` now.

    It may be up to a minute earlier.
    """
    moment -= DISORDER
    return {topic: await _before(work, topic, seq, moment) for topic, seq in positions.items()}


async def _before(work: UnitOfWork, topic: str, newest: int, moment: datetime) -> int:
    """Halve the topic again and again: it may have millions of events, which stand in order."""
    before, after = 0, newest + 1
    while after - before > 1:
        middle = (before + after) // 2
        happened_at = await work.session.scalar(
            select(Event.created_at).where(Event.topic == topic, Event.seq == middle)
        )
        if happened_at is not None and happened_at >= moment:
            after = middle
        else:  # what the log does not keep any more is older than what it keeps
            before = middle
    return before


def move_back(positions: Mapping[str, WebhookPosition], wanted: Mapping[str, int]) -> int:
    """Let a webhook read on from earlier positions; return how many entries it reads again."""
    again = 0
    for topic, seq in wanted.items():
        position = positions[topic]
        again += max(position.seq - seq, 0)
        position.seq = min(position.seq, seq)
    return again

"""Starling with a bell that can be made to fail: the program of the web processes in test_bell.py.

It is `python -m app` until it gets a signal:

- SIGUSR1: the process dies between its next commit and the bell;
- SIGUSR2: from now on the bell drops, doubles and reorders what it publishes.
"""

import os
import random
import signal
from collections.abc import Sequence
from unittest.mock import patch

from app.command_line import main
from models.event_records import EventRecord
from subscriptions.log.bell import Bell
from subscriptions.log.redis_backend import RedisBackend

_ring_well = Bell.ring
_publish_well = RedisBackend.publish
_signals: set[int] = set()
_late: list[str] = []


def _ring(bell: Bell, records: Sequence[EventRecord]) -> None:
    if signal.SIGUSR1 in _signals:
        os._exit(1)
    _ring_well(bell, records)


async def _publish(backend: RedisBackend, channel: str, message: str) -> None:
    for each in _what_comes_through(message) if signal.SIGUSR2 in _signals else [message]:
        await _publish_well(backend, channel, each)


def _what_comes_through(message: str) -> list[str]:
    match random.choice(("dropped", "late", "doubled", "in time")):
        case "dropped":
            return []
        case "late":
            _late.append(message)
            return []
        case "doubled":
            return [message, message]
        case _:
            overtaken = [_late.pop() for _ in range(len(_late))]
            return [message, *overtaken]


if __name__ == "__main__":
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda sent, _frame: _signals.add(sent))
    with patch.object(Bell, "ring", _ring), patch.object(RedisBackend, "publish", _publish):
        main()

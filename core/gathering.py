"""Asking for many at once: who asks while an answer is on its way shares the next question."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Gathering(Generic[Key, Answer]):
    """Asks `ask` for the keys of all who want something, one question at a time.

    An answer is always younger than the call that gets it, and a question alone is asked at once.
    Where many ask, the next question waits for `busy_pause_seconds`, which brings more of them
    together: for many it costs about as much as for one. Whoever is cancelled leaves the question
    to the others.
    """

    def __init__(
        self,
        ask: Callable[[set[Key]], Awaitable[Mapping[Key, Answer]]],
        *,
        busy_pause_seconds: float = 0.0,
    ) -> None:
        self._ask = ask
        self._busy_pause_seconds = busy_pause_seconds
        self._asking = asyncio.Lock()
        self._next: _Question[Key, Answer] = _Question()

    async def get(self, keys: Iterable[Key]) -> Mapping[Key, Answer]:
        """Return the answers to at least `keys`. Raises what `ask` raises, to all who asked."""
        question = self._next
        question.keys.update(keys)
        if question.task is None:
            question.task = asyncio.create_task(self._answer(question))
            question.task.add_done_callback(_forget)
        await asyncio.wait([question.task])
        return question.task.result()

    async def _answer(self, question: "_Question[Key, Answer]") -> Mapping[Key, Answer]:
        is_busy = self._asking.locked()
        async with self._asking:
            if is_busy:
                await asyncio.sleep(self._busy_pause_seconds)
            self._next = _Question()
            return await self._ask(question.keys)


class _Question(Generic[Key, Answer]):
    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self.task: asyncio.Task[Mapping[Key, Answer]] | None = None


def _forget(task: asyncio.Task[Mapping[Key, Answer]]) -> None:
    if not task.cancelled():
        task.exception()  # nobody may be left to take it

"""What the small desk's subscriptions are about."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext

from subscriptions.log.following import Ready
from subscriptions.source import Item, Judge, Source, State, Verdict
from tests.subscriptions.sources import Step

Notice = Callable[[], AbstractAsyncContextManager[None]]


class Recording(Source):
    """Numbers told to everybody who begins at START; then it ends, or breaks by `then`.

    Nothing happens live. `noticed` is entered while somebody is told it.
    """

    START = "start"

    def __init__(
        self,
        name: str,
        numbers: Iterable[int],
        *,
        then: Exception | None = None,
        noticed: Notice = nullcontext,
    ) -> None:
        self.key = (Recording, name)
        self._numbers = numbers
        self._then = then
        self._noticed = noticed

    async def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Tell all, or wait for ever."""
        if after is None:
            yield Ready("live")
            await asyncio.Event().wait()
        async with self._noticed():
            for number in self._numbers:
                yield Step(number)
        if self._then is not None:
            raise self._then

    async def judge(self, item: Item) -> Judge:
        """Let everybody hear."""
        return lambda _viewer: Verdict.HEARS


class Standing(Source):
    """Something that never changes. `noticed` is entered while somebody watches it."""

    def __init__(self, name: str, noticed: Notice) -> None:
        self.key = (Standing, name)
        self._noticed = noticed

    async def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Tell how it stands, and wait for ever."""
        async with self._noticed():
            yield State("0", None)
            await asyncio.Event().wait()

    def greeting(self, last: Item) -> Item:
        """Tell how it stands."""
        return last

    async def judge(self, item: Item) -> Judge:
        """Let everybody hear."""
        return lambda _viewer: Verdict.HEARS

"""Lists that a filter shows, live: what enters them, changes in them, and leaves them."""

from abc import abstractmethod
from collections.abc import AsyncGenerator, Hashable
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum, auto

from subscriptions.log.cursors import ResetReason
from subscriptions.log.following import Happened
from subscriptions.log_source import LogSource
from subscriptions.source import Item


class Move(Enum):
    """What an event means for a view."""

    ENTERED = auto()
    CHANGED = auto()
    LEFT = auto()


# By whether something was in the view before the event, and whether it is now.
MOVES = {
    (False, False): None,
    (False, True): Move.ENTERED,
    (True, True): Move.CHANGED,
    (True, False): Move.LEFT,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """An event, as a view has it."""

    happened: Happened

    @property
    def cursor(self) -> str:
        """The place just after this item."""
        return self.happened.cursor

    @property
    def identity(self) -> Hashable:
        """What tells this item apart from all others of its source."""
        return self.happened.identity


class ViewSource(LogSource):
    """What happens to a view."""

    def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Return Ready, Gap and what the view makes of events."""
        return self._as_seen(super().open(after))

    def open_anew(self, reason: ResetReason) -> AsyncGenerator[Item, None]:
        """Return what the view makes of events from now on, after a Gap."""
        return self._as_seen(super().open_anew(reason))

    @abstractmethod
    def see(self, happened: Happened) -> Item:
        """Return what an event is to the view."""

    async def _as_seen(self, items: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
        async with aclosing(items):
            async for item in items:
                yield self.see(item) if isinstance(item, Happened) else item

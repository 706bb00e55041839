"""A source of events of the log."""

from collections.abc import AsyncGenerator, Hashable, Sequence

from subscriptions.log.cursors import ResetReason
from subscriptions.source import Item, Source
from subscriptions.streams import Streams


class LogSource(Source):
    """What happens on some topics of the log."""

    def __init__(self, streams: Streams, topics: Sequence[str], *key: Hashable) -> None:
        self.key = (type(self), *topics, *key)
        self.access = streams.access
        self._streams = streams
        self._topics = topics

    def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Return what happens, or what has happened since `after` and so on."""
        return self._streams.follow(self._topics, after)

    def open_anew(self, reason: ResetReason) -> AsyncGenerator[Item, None]:
        """Return what happens from now on, after a Gap."""
        return self._streams.follow_anew(self._topics, reason)

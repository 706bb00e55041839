"""The bell of a single process: the twin of the Redis backend."""

from collections import defaultdict

from subscriptions.log.bell_backend import GAP, BellBackend


class MemoryExchange:
    """Joins the bells of one process as a Redis server joins those of many."""

    def __init__(self) -> None:
        self.subscribers: defaultdict[str, set[MemoryBackend]] = defaultdict(set)


class MemoryBackend(BellBackend):
    """Carries messages between the bells that share `exchange`."""

    def __init__(self, exchange: MemoryExchange) -> None:
        super().__init__()
        self._subscribers = exchange.subscribers

    async def disconnect(self) -> None:
        """Do nothing: there is no connection."""

    async def subscribe(self, channel: str) -> None:
        """Listen to `channel`, beginning with a GAP."""
        self._subscribers[channel].add(self)
        self.connected = True
        self.receive(channel, GAP)

    async def unsubscribe(self, channel: str) -> None:
        """Listen no longer."""
        self._subscribers[channel].discard(self)
        self.connected = False

    async def publish(self, channel: str, message: str) -> None:
        """Hand `message` to every subscriber of `channel`, this one included."""
        for subscriber in self._subscribers[channel]:
            subscriber.receive(channel, message)

"""The bell of many processes: one channel of a Redis server.

The backend that broadcaster brings loses messages with redis-py 8: its first subscriber hears
nothing, after one lost connection it is deaf for ever, and its queues have no bound.
"""

import asyncio
import logging
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from subscriptions.back_off import back_off
from subscriptions.log.bell_backend import GAP, BellBackend
from subscriptions.stopping import stop

PING_SECONDS = 5  # a connection that died silently is noticed after twice this time
FIRST_PAUSE_SECONDS = 0.1  # a restart of Redis takes about a second
LONGEST_PAUSE_SECONDS = 5

logger = logging.getLogger(__name__)


class RedisBackend(BellBackend):
    """Carries messages through the Redis server at `url`, whether or not it is there yet.

    It listens to one channel, on a connection of its own, and subscribes anew for ever.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        # One retry replaces a pooled connection that a restart of Redis has left dead.
        self._redis = Redis.from_url(url, retry=Retry(NoBackoff(), 1))
        self._listening: asyncio.Task[None]

    async def disconnect(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def subscribe(self, channel: str) -> None:
        """Listen to `channel` from now on; does not wait for Redis."""
        self._listening = asyncio.create_task(self._listen_for_ever(channel))

    async def unsubscribe(self, channel: str) -> None:
        """Listen no longer to `channel`."""
        await stop(self._listening)
        self.connected = False

    async def publish(self, channel: str, message: str) -> None:
        """Send `message` to every subscriber of `channel`, this one included.

        Raises what redis-py raises when Redis cannot be reached.
        """
        await self._redis.publish(channel, message)

    async def _listen_for_ever(self, channel: str) -> None:
        pauses = back_off(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        while True:
            try:
                await self._listen(channel)
            except Exception as error:  # noqa: BLE001 - whatever happens, it must listen again
                logger.warning("The bell does not hear Redis: %s: %s", type(error).__name__, error)
            if self.connected:
                self.connected = False
                pauses = back_off(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(next(pauses))

    async def _listen(self, channel: str) -> None:
        """Take in what Redis sends, until the connection fails."""
        async with self._redis.pubsub() as subscription:
            await subscription.subscribe(channel)
            while True:
                message = await subscription.get_message(timeout=PING_SECONDS)
                self._take(channel, message or await self._ping(subscription))

    async def _ping(self, subscription: PubSub) -> dict[str, Any]:
        """Make Redis say something, and return what it says; it may be a message of the channel."""
        await subscription.ping()
        message: dict[str, Any] | None = await subscription.get_message(timeout=PING_SECONDS)
        if message is None:
            raise RedisConnectionError(f"no answer to a ping for {PING_SECONDS} s")
        return message

    def _take(self, channel: str, message: dict[str, Any]) -> None:
        match message["type"]:
            case "subscribe":  # also when redis-py has connected and subscribed anew by itself
                self.connected = True
                self.receive(channel, GAP)
            case "message":
                self.receive(channel, message["data"].decode(errors="replace"))

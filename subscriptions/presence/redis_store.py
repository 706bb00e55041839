"""The presence of many processes: two keys of a Redis server for each resource.

A hash holds the marks by name, a sorted set when each lapses. One script changes both, by the clock
of the server: whichever process runs it first after a mark has lapsed takes the mark away, and lets
all others hear it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NoReturn

import orjson
from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from subscriptions.log.redis_backend import RedisBackend
from subscriptions.presence.marks import Held, Mark
from subscriptions.presence.store import Board, Changes, Hear
from subscriptions.stopping import stop

# A mark is kept behind the milliseconds since 1970 at which it was put: 13 digits until 2286.
_SINCE_DIGITS = 13
_EXCHANGE = """
local marks, lapses = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local changed = false

local function remove(name)
  redis.call('ZREM', lapses, name)
  changed = redis.call('HDEL', marks, name) == 1 or changed
end

for _, name in ipairs(redis.call('ZRANGEBYSCORE', lapses, '-inf', now)) do
  remove(name)
end
for place = 3, #ARGV, 4 do
  local act, name, mark, milliseconds = unpack(ARGV, place, place + 3)
  local standing = redis.call('HGET', marks, name)
  if act == 'remove' then
    remove(name)
  else
    if not standing or (act == 'put' and string.sub(standing, 14) ~= mark) then
      redis.call('HSET', marks, name, string.format('%.0f', now) .. mark)
      changed = true
    end
    redis.call('ZADD', lapses, now + milliseconds, name)
  end
end
if changed then
  redis.call('PUBLISH', ARGV[1], ARGV[2])
end

local last = redis.call('ZREVRANGE', lapses, 0, 0, 'WITHSCORES')[2]
if last then
  redis.call('PEXPIREAT', marks, last)
  redis.call('PEXPIREAT', lapses, last)
end
local standing = {}
for _, name in ipairs(redis.call('HKEYS', marks)) do
  table.insert(standing, name)
  table.insert(standing, redis.call('HGET', marks, name))
  table.insert(standing, redis.call('ZSCORE', lapses, name) - now)
end
return standing
"""
_MARK = TypeAdapter(Mark)

logger = logging.getLogger(__name__)


class RedisPresence:
    """Keeps marks in the Redis server at `url`.

    Installations that share a Redis server differ in `namespace`.
    """

    def __init__(self, url: str, namespace: str = "starling") -> None:
        # One retry replaces a pooled connection that a restart of Redis has left dead.
        self._redis = Redis.from_url(url, retry=Retry(NoBackoff(), 1))
        self._script = self._redis.register_script(_EXCHANGE)
        self._hints = RedisBackend(url)
        self._prefix = f"{namespace}:presence"

    @property
    def connected(self) -> bool:
        """Whether changes that other processes make are heard at once."""
        return self._hints.connected

    @asynccontextmanager
    async def open(self, hear: Hear) -> AsyncIterator[None]:
        """Listen, also when Redis comes later or again, until the context is left."""
        await self._hints.subscribe(self._prefix)
        listening = asyncio.create_task(self._listen(hear))
        try:
            yield
        finally:
            await stop(listening)
            await self._hints.unsubscribe(self._prefix)
            await self._hints.disconnect()
            await self._redis.aclose()

    async def exchange(self, changes: Mapping[str, Changes]) -> Mapping[str, Board]:
        """Change marks, and return all that stand then, in one round trip.

        Raises what redis-py raises when Redis cannot be reached.
        """
        async with self._redis.pipeline(transaction=False) as pipeline:
            for resource, of_resource in changes.items():
                await self._script(
                    keys=[f"{self._prefix}:{{{resource}}}:{part}" for part in ("marks", "lapses")],
                    args=[self._prefix, resource, *_arguments(of_resource)],
                    client=pipeline,
                )
            answers = await pipeline.execute()
        return dict(zip(changes, map(_board, answers), strict=True))

    async def _listen(self, hear: Hear) -> NoReturn:
        while True:
            hint = await self._hints.next_published()
            hear(hint.message or None)


def _arguments(changes: Changes) -> Iterator[str | bytes | int]:
    for name, put in changes.items():
        if put is None:
            yield from ("remove", name, "", 0)
            continue
        # Ids that a database driver made are UUIDs of its own class, unknown to the encoder.
        mark = orjson.dumps(put.mark, default=str)
        yield from ("renew" if put.renews else "put", name, mark, round(put.seconds * 1_000))


@lru_cache(maxsize=4_096)  # each is read again and again while it stands
def _decoded(mark: bytes) -> Mark:
    return _MARK.validate_json(mark)


def _board(answer: list[Any]) -> Board:
    board: dict[str, Held] = {}
    for name, standing, milliseconds in zip(answer[::3], answer[1::3], answer[2::3], strict=True):
        try:
            mark = _decoded(standing[_SINCE_DIGITS:])
        except ValidationError:
            # Perhaps a process of another version put it.
            logger.exception("A mark of presence could not be read.")
            continue
        since = datetime.fromtimestamp(int(standing[:_SINCE_DIGITS]) / 1_000, UTC)
        board[name.decode()] = Held(mark, since, milliseconds / 1_000)
    return board

"""The event log as it is stored, for the hub."""

from collections.abc import Collection

from core.database import Database
from models.event_records import EventRecord, TopicHead
from models.events import read_events, read_heads


class DatabaseLog:
    """The log of a database; each call sees all that was committed before it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def heads(self, topics: Collection[str]) -> dict[str, TopicHead]:
        """Return where each of `topics` stands."""
        async with self._database.reading() as connection:
            return await read_heads(connection, topics)

    async def read(self, topic: str, after: int, limit: int) -> list[EventRecord]:
        """Return the events of `topic` after that position."""
        async with self._database.reading() as connection:
            return await read_events(connection, topic, after, limit)

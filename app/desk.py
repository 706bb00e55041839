"""What one process of Starling runs on: its database, its hub and its bell, wired together."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import select

from core.database import Database
from core.settings import Settings
from models.event_records import EventRecord, TopicHead
from models.events import read_events, read_heads
from models.installation import Installation
from resolvers.scope import Resources
from services.file_links import FileLinks
from services.file_storage import FileStorage
from subscriptions.access import TicketAccess
from subscriptions.bell import Bell
from subscriptions.hub import Hub
from subscriptions.memory_backend import MemoryBackend, MemoryExchange
from subscriptions.redis_backend import RedisBackend
from subscriptions.streams import Streams


class DatabaseLog:
    """The event log of a database, as the hub reads it."""

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


@dataclass(frozen=True, slots=True)
class Desk:
    """A running desk."""

    settings: Settings
    database: Database
    hub: Hub
    bell: Bell
    resources: Resources
    file_links: FileLinks
    file_storage: FileStorage


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """Connect to a migrated database and, where there is one, to Redis; disconnect at the end."""
    database = Database(
        settings.database_url,
        read_connections=settings.read_connections,
        write_connections=settings.write_connections,
    )
    try:
        async with database.reading() as connection:
            installation = (await connection.execute(select(Installation.__table__))).one()
        links = FileLinks(installation.secret)
        hub = Hub(DatabaseLog(database))
        backend = (
            RedisBackend(settings.redis_url)
            if settings.redis_url
            else MemoryBackend(MemoryExchange())
        )
        # Installations that share a Redis server have different event logs.
        bell = Bell(backend, hub, namespace=f"starling:{installation.epoch}")
        async with hub, bell:
            yield Desk(
                settings=settings,
                database=database,
                hub=hub,
                bell=bell,
                resources=Resources(
                    database=database,
                    announce=bell.ring,
                    epoch=installation.epoch,
                    sign=lambda attachment: links.link_to(attachment.id),
                    streams=Streams(hub.open, installation.epoch, TicketAccess(database)),
                ),
                file_links=links,
                file_storage=FileStorage(settings.storage_path),
            )
    finally:
        await database.close()

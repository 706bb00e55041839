"""Getting a database ready to serve: reachable, migrated, and with somebody who can sign in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app import migrations
from core.database import Database
from core.settings import Settings
from models.agents import Agent
from services import demo


class NotReady(Exception):
    """The database cannot be used as it is; the message says why, and what helps."""


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Give the database of a command. Raises NotReady where it does not answer."""
    database = Database(settings.database_url, read_connections=1, write_connections=1)
    try:
        await _connect(database)
        yield database
    finally:
        await database.close()


async def require_newest_schema(database: Database) -> None:
    """Raise NotReady where migrations are missing."""
    if await migrations.is_behind(database):
        raise NotReady("The database lacks migrations. Run: ./starling migrate")


async def set_up_embedded(database: Database, console: Console) -> None:
    """Migrate a database of our own; fill it with demo data as long as nobody can sign in."""
    await migrations.upgrade(database)
    if not await has_agents(database):
        await fill_with_demo_data(database, console)


async def fill_with_demo_data(database: Database, console: Console) -> None:
    """Fill an empty desk, and show how far that is. Raises NotReady where somebody has moved in."""
    if await has_agents(database):
        raise NotReady("This desk has its own people already: demo data would mix with theirs.")
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Demo data", total=1.0)
        await demo.fill(database, lambda done: progress.update(task, completed=done))


async def has_agents(database: Database, *, email: str | None = None) -> bool:
    """Tell whether anybody can sign in, or whether the agent with this address can."""
    statement = select(Agent.id).where(Agent.active).limit(1)
    if email is not None:
        statement = statement.where(Agent.email_key == email)
    async with database.reading() as connection:
        return (await connection.execute(statement)).first() is not None


async def _connect(database: Database) -> None:
    try:
        async with database.reading():
            pass
    except (OSError, SQLAlchemyError) as error:
        place = database.url.render_as_string(hide_password=True)
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise NotReady(f"The database {place} cannot be used: {reason}") from error

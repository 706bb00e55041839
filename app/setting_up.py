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

DEMO_ADDRESSES = ("admin@demo.example", "first.agent@demo.example", "second.agent@demo.example")


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


async def fill_with_demo_data(database: Database, console: Console) -> bool:
    """Fill a desk and show how far that is; False, and no change, where it has agents."""
    if await _has_agents(database):
        return False
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Demo data")

        def show(written: int, total: int) -> None:
            progress.update(task, completed=written, total=total)

        return await demo.fill(database, show)


async def how_to_sign_in(database: Database) -> list[str]:
    """Return lines that tell the demo's password, or how to add the first admin."""
    if await has_demo(database):
        addresses = ", ".join(DEMO_ADDRESSES)
        return [f"  Sign in as   {addresses}", f"  Password     {demo.PASSWORD}"]
    if await _has_agents(database):
        return []
    return ["  First admin  ./starling agent create --name … --email … --role admin"]


async def has_demo(database: Database) -> bool:
    """Tell whether the demo's people can sign in."""
    return await _has_agents(database, email=DEMO_ADDRESSES[0])


async def _has_agents(database: Database, *, email: str | None = None) -> bool:
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

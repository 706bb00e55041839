"""`starling migrate` and `starling demo`."""

from app import migrations
from app.commands.running import CommandFailed, console, find_settings, run
from app.setting_up import (
    fill_with_demo_data,
    how_to_sign_in,
    open_database,
    require_newest_schema,
)
from core.settings import Settings


def migrate() -> None:
    """Bring the database to the newest schema."""
    run(_migrate(find_settings()))


async def _migrate(settings: Settings) -> None:
    async with open_database(settings) as database:
        await migrations.upgrade(database)
    console.print("The database has the newest schema.")


def fill_demo() -> None:
    """Fill an empty desk with brands, people, customers and tickets to try things on."""
    run(_fill_demo(find_settings()))


async def _fill_demo(settings: Settings) -> None:
    async with open_database(settings) as database:
        await require_newest_schema(database)
        if not await fill_with_demo_data(database, console):
            raise CommandFailed("This desk has agents already. Demo data is for an empty one.")
        console.print(*await how_to_sign_in(database), sep="\n")

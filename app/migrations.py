"""Bringing a database to the newest schema, and back."""

from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from core.database import Database
from core.settings import PROJECT_ROOT

_MIGRATIONS = PROJECT_ROOT / "migrations"


async def upgrade(database: Database, revision: str = "head") -> None:
    """Apply all migrations up to `revision`. Those applied already are left alone."""
    await _run(database, command.upgrade, revision)


async def downgrade(database: Database, revision: str = "base") -> None:
    """Take back all migrations after `revision`. Data of theirs is lost."""
    await _run(database, command.downgrade, revision)


async def _run(database: Database, act: Any, revision: str) -> None:
    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        act(config, revision)

    async with database.schema_change() as connection:
        await connection.run_sync(run)

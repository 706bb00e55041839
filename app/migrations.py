"""Bringing a database to the newest schema, and back."""

from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
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


async def is_behind(database: Database) -> bool:
    """Tell whether migrations are missing.

    What a newer release has migrated is not behind: until that is rolled out, this one goes on.
    """
    migrations = ScriptDirectory.from_config(_config())
    async with database.reading() as connection:
        applied = await connection.run_sync(_applied_revision)
    known = {migration.revision for migration in migrations.walk_revisions()}
    return applied is None or (applied in known and applied != migrations.get_current_head())


def _applied_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


async def _run(database: Database, act: Any, revision: str) -> None:
    def run(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        act(config, revision)

    async with database.schema_change() as connection:
        await connection.run_sync(run)

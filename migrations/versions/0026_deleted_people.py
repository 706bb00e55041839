"""Let agents and brands be deleted, and a rule hand over whoever is found out to be known."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_TABLES = ("agent", "brand")
_STEPS_BEFORE = "'ASK', 'LINK', 'ASK_AGAIN', 'HAND_OVER', 'KNOWN', 'LINK_AT_ONCE'"
_STEPS = f"{_STEPS_BEFORE}, 'FOUND_OUT'"
# What may still refer to an agent who was deleted a moment ago.
_MEMBERSHIPS = ("brand_member", "team_member")


def upgrade() -> None:
    """Let a row say since when it is deleted, and a rule that it is of the new kind."""
    for table in _TABLES:
        op.add_column(table, sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    _allow_steps(_STEPS_BEFORE, _STEPS)


def downgrade() -> None:
    """Drop them.

    Rules of the new kind stay as rules that somebody has written. Deleted agents stay as agents who
    are not active, since they have acted; deleted brands are shown again, as empty as they were.
    """
    op.execute("UPDATE rule SET identity_step = NULL WHERE identity_step = 'FOUND_OUT'")
    _allow_steps(_STEPS, _STEPS_BEFORE)
    gone = "SELECT id FROM agent WHERE deleted_at IS NOT NULL"
    for table in _MEMBERSHIPS:
        op.execute(f"DELETE FROM {table} WHERE agent_id IN ({gone})")  # noqa: S608  # constants
    for table in _TABLES:
        op.drop_column(table, "deleted_at")


def _allow_steps(before: str, after: str) -> None:
    """Change which steps the table of rules takes; on SQLite where they stand, as 0014 says."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        name = op.f("ck_rule_identitystep")
        op.drop_constraint(name, "rule", type_="check")
        op.create_check_constraint(name, "rule", f"identity_step IN ({after})")
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
        (f"identity_step IN ({before})", f"identity_step IN ({after})", "rule"),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")

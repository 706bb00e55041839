"""Let topics, teams and tags be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_DELETED = {
    table: f"SELECT id FROM {table} WHERE deleted_at IS NOT NULL"  # noqa: S608  # constants
    for table in ("topic", "team", "tag")
}
# What may still refer to rows that were deleted a moment ago.
_REFERENCES = (
    ("ticket_tag", "tag"),
    ("team_member", "team"),
    ("team_brand", "team"),
)


def upgrade() -> None:
    """Let a row say since when it is deleted."""
    for table in _DELETED:
        op.add_column(table, sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop the column and the rows that were deleted: nothing would hide them any more."""
    for table in ("topic", "team"):
        op.execute(
            f"UPDATE ticket SET {table}_id = NULL WHERE {table}_id IN ({_DELETED[table]})"  # noqa: S608
        )
    for referring, table in _REFERENCES:
        op.execute(f"DELETE FROM {referring} WHERE {table}_id IN ({_DELETED[table]})")  # noqa: S608
    for table in _DELETED:
        op.execute(f"DELETE FROM {table} WHERE deleted_at IS NOT NULL")  # noqa: S608
        op.drop_column(table, "deleted_at")

"""Let topics, teams and tags be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let topics, teams and tags be deleted."""
    for table in ("topic", "team", "tag"):
        op.add_column(table, sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take it back."""
    for table in ("topic", "team", "tag"):
        op.drop_column(table, "deleted_at")

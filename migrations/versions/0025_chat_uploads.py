"""Let customers of chats upload files: count what they upload, and how often a file is tried."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_COUNTED_BY = ("uploader_id", "uploader_kind")


def upgrade() -> None:
    """Add the column, and the indexes by which files are counted."""
    tries = sa.Column("tries", sa.Integer(), server_default="0", nullable=False)
    op.add_column("attachment", tries)
    for column in _COUNTED_BY:
        name = op.f(f"ix_attachment_{column}_created_at")
        op.create_index(name, "attachment", [column, "created_at"])


def downgrade() -> None:
    """Drop them."""
    for column in _COUNTED_BY:
        op.drop_index(op.f(f"ix_attachment_{column}_created_at"), "attachment")
    op.drop_column("attachment", "tries")

"""Let admins say which formats of files are not taken."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the list of refused formats, which is empty."""
    op.create_table(
        "refused_format",
        sa.Column("extension", sa.String(length=16), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("extension", name=op.f("pk_refused_format")),
    )


def downgrade() -> None:
    """Take every format again."""
    op.drop_table("refused_format")

"""Keep what comes with answers by mail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Let messages say what they quote, who wrote them, and what was left out of them."""
    op.add_column("message", sa.Column("quoted_text", sa.String(), nullable=True))
    op.add_column(
        "message",
        sa.Column("is_automatic", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("message", sa.Column("omitted_files", _JSON, nullable=True))
    op.add_column("message", sa.Column("content_digest", sa.String(length=64), nullable=True))
    op.add_column("attachment", sa.Column("content_id", sa.String(length=255), nullable=True))


def downgrade() -> None:
    """Take it back. What was quoted is lost."""
    op.drop_column("attachment", "content_id")
    for column in ("content_digest", "omitted_files", "is_automatic", "quoted_text"):
        op.drop_column("message", column)

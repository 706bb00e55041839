"""Let chats end and be revoked, and keep when their transcripts were asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_MOMENTS = ("ended_at", "revoked_at", "transcript_asked_at")
_ASKED = "ix_chat_brand_id_transcript_asked_at"


def upgrade() -> None:
    """Add the columns."""
    name = sa.Column("customer_name", sa.String(length=200), server_default="", nullable=False)
    op.add_column("chat", name)
    op.execute(
        "UPDATE chat SET customer_name ="
        " (SELECT name FROM customer WHERE customer.id = chat.customer_id)"
    )
    for column in _MOMENTS:
        op.add_column("chat", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    # SQLite adds a column together with its constraint in no other way, but for copying the table.
    op.execute(
        "ALTER TABLE chat ADD COLUMN ended_by VARCHAR(24) CONSTRAINT ck_chat_chatside"
        " CHECK (ended_by IN ('CUSTOMER', 'DESK'))"
    )
    op.create_index(op.f(_ASKED), "chat", ["brand_id", "transcript_asked_at"])


def downgrade() -> None:
    """Drop them. What was revoked stays so: its tokens have ended."""
    op.drop_index(op.f(_ASKED), "chat")
    for column in (*_MOMENTS, "ended_by", "customer_name"):
        op.drop_column("chat", column)

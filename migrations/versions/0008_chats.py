"""Chats of customers, and the tokens that open them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of chats and their sessions."""
    op.create_table(
        "chat",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("start_key_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("start_input_hash", sa.LargeBinary(length=32), nullable=True),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_chat_brand_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_chat_customer_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_chat_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_chat")),
        sa.UniqueConstraint("start_key_hash", name=op.f("uq_chat_start_key_hash")),
    )
    op.create_index(op.f("ix_chat_customer_id"), "chat", ["customer_id"], unique=False)
    op.create_index(op.f("ix_chat_started_at"), "chat", ["started_at"], unique=False)
    op.create_index(
        op.f("ix_chat_brand_id_started_at"), "chat", ["brand_id", "started_at"], unique=False
    )
    op.create_table(
        "chat_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["chat.ticket_id"], name=op.f("fk_chat_session_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_chat_session_token_hash")),
    )
    op.create_index(op.f("ix_chat_session_ticket_id"), "chat_session", ["ticket_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("chat_session")
    op.drop_table("chat")

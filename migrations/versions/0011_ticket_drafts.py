"""Create the table of drafts of tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of drafts of tickets."""
    op.create_table(
        "ticket_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_ticket_draft_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_draft")),
    )
    op.create_index(op.f("ix_ticket_draft_agent_id"), "ticket_draft", ["agent_id"], unique=False)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("ticket_draft")

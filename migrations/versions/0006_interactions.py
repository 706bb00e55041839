"""The lists of interactions that agents work on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Until now an interaction stood on the list of the agent who accepted it, and was closed once.
_FILL_ENTRIES = """
    INSERT INTO interaction_entry (agent_id, interaction_id, opened_at, closed_at)
    SELECT agent_id, id, opened_at, closed_at FROM interaction
"""
_FILL_FIRST_CLOSED_AT = "UPDATE interaction SET first_closed_at = closed_at"


def upgrade() -> None:
    """Add what interactions did not have yet, and put each on its agent's list."""
    op.add_column("interaction", sa.Column("handle", sa.String(length=254), nullable=True))
    op.add_column(
        "interaction", sa.Column("first_closed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute(_FILL_FIRST_CLOSED_AT)
    op.drop_index(op.f("ix_interaction_agent_id_closed_at_id"), table_name="interaction")
    op.create_table(
        "interaction_entry",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("form", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.CheckConstraint(
            "closed_at IS NULL OR closed_at >= opened_at",
            name=op.f("ck_interaction_entry_closes_after_opening"),
        ),
        sa.CheckConstraint(
            "closed_at IS NULL OR form IS NULL",
            name=op.f("ck_interaction_entry_has_nothing_unsaved_once_closed"),
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_interaction_entry_agent_id")
        ),
        sa.ForeignKeyConstraint(
            ["interaction_id"],
            ["interaction.id"],
            name=op.f("fk_interaction_entry_interaction_id"),
        ),
        sa.PrimaryKeyConstraint("agent_id", "interaction_id", name=op.f("pk_interaction_entry")),
    )
    op.execute(_FILL_ENTRIES)
    op.create_index(
        op.f("ix_interaction_entry_agent_id_closed_at_interaction_id"),
        "interaction_entry",
        ["agent_id", "closed_at", "interaction_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_interaction_entry_interaction_id"),
        "interaction_entry",
        ["interaction_id"],
        unique=False,
    )


def downgrade() -> None:
    """Drop the lists; what only they know is lost."""
    op.drop_table("interaction_entry")
    op.create_index(
        op.f("ix_interaction_agent_id_closed_at_id"),
        "interaction",
        ["agent_id", "closed_at", "id"],
        unique=False,
    )
    op.drop_column("interaction", "first_closed_at")
    op.drop_column("interaction", "handle")

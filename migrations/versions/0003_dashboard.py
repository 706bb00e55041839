"""What the dashboard counts, and since when customers wait."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Of never answered tickets since they were opened, of others since the first question after the
# last answer.
_FILL_WAITING_SINCE = """
    UPDATE ticket SET waiting_since = CASE
        WHEN first_response_at IS NULL THEN created_at
        ELSE (
            SELECT min(question.created_at) FROM message AS question
            WHERE question.ticket_id = ticket.id
                AND question.direction = 'INCOMING'
                AND question.created_at > (
                    SELECT max(answer.created_at) FROM message AS answer
                    WHERE answer.ticket_id = ticket.id
                        AND answer.direction = 'OUTGOING'
                        AND answer.author_kind = 'AGENT'
                )
        )
    END
    WHERE status IN ('NEW', 'OPEN')
"""


def upgrade() -> None:
    """Add the moment, fill it in, and make the indexes."""
    op.add_column("ticket", sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True))
    op.execute(_FILL_WAITING_SINCE)
    op.create_index(
        op.f("ix_ticket_waiting_since_id"),
        "ticket",
        ["waiting_since", "id"],
        unique=False,
        sqlite_where=sa.text("waiting_since IS NOT NULL"),
        postgresql_where=sa.text("waiting_since IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_ticket_status_brand_id_team_id_assignee_id"),
        "ticket",
        ["status", "brand_id", "team_id", "assignee_id"],
        unique=False,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_ticket_status_brand_id_team_id_assignee_id"), "ticket")
    op.drop_index(op.f("ix_ticket_waiting_since_id"), "ticket")
    op.drop_column("ticket", "waiting_since")

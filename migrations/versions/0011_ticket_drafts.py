"""Create the tables of drafts of tickets."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SchemaItem

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TEXT_LIMITS = {
    "title": 2_000,
    "customer_name": 200,
    "customer_email": 254,
    "customer_phone": 250,
    "email_subject": 2_000,
    "description": 10_000,
    "template_name": 200,
}


def upgrade() -> None:
    """Create the drafts, and what they were before."""
    op.create_table(
        "ticket_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_ticket_draft_agent_id")),
        *_form("ticket_draft"),
    )
    op.create_index(
        op.f("ix_ticket_draft_agent_id_updated_at_id"),
        "ticket_draft",
        ["agent_id", "updated_at", "id"],
        unique=False,
    )
    op.create_table(
        "ticket_draft_revision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_ids", _json(), nullable=False),
        sa.Column("fields", _json(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["ticket_draft.id"], name=op.f("fk_ticket_draft_revision_draft_id")
        ),
        *_form("ticket_draft_revision"),
    )
    op.create_index(
        op.f("ix_ticket_draft_revision_draft_id_saved_at_id"),
        "ticket_draft_revision",
        ["draft_id", "saved_at", "id"],
        unique=False,
    )


def downgrade() -> None:
    """Take them back."""
    op.drop_table("ticket_draft_revision")
    op.drop_table("ticket_draft")


def _form(table: str) -> Iterator[SchemaItem]:
    """Yield what both tables have: the columns of a form, their limits, and the key."""
    for name in ("brand_id", "template_id", "topic_id", "customer_id", "assignee_id", "team_id"):
        yield sa.Column(name, sa.Uuid(), nullable=True)
    yield sa.Column(
        "status",
        sa.Enum(
            "NEW",
            "OPEN",
            "PENDING",
            "ON_HOLD",
            "RESOLVED",
            "CLOSED",
            name=op.f(f"ck_{table}_ticketstatus"),
            native_enum=False,
            create_constraint=True,
            length=24,
        ),
        nullable=True,
    )
    yield sa.Column(
        "priority",
        sa.Enum(
            "LOW",
            "MEDIUM",
            "HIGH",
            "URGENT",
            name=op.f(f"ck_{table}_ticketpriority"),
            native_enum=False,
            create_constraint=True,
            length=24,
        ),
        nullable=True,
    )
    yield sa.Column("tag_ids", _json(), nullable=False)
    for name, limit in _TEXT_LIMITS.items():
        yield sa.Column(name, sa.String(), nullable=True)
        yield sa.CheckConstraint(
            f"length({name}) <= {limit}", name=op.f(f"ck_{table}_{name}_length")
        )
    yield sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

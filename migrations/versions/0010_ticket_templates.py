"""Create the tables of templates of tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_STATUSES = ("NEW", "OPEN", "PENDING", "ON_HOLD", "RESOLVED", "CLOSED")
_PRIORITIES = ("LOW", "MEDIUM", "HIGH", "URGENT")
_ACTORS = ("AGENT", "CUSTOMER", "INTEGRATION", "AUTOMATION")


def upgrade() -> None:
    """Create the tables of templates and of their tags."""
    op.create_table(
        "ticket_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("topic_id", sa.Uuid(), nullable=True),
        sa.Column("status", _choice("ticketstatus", _STATUSES), nullable=True),
        sa.Column("priority", _choice("ticketpriority", _PRIORITIES), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("email_subject", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("author_kind", _choice("actorkind", _ACTORS), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_ticket_template_name_length")),
        sa.CheckConstraint("length(title) <= 2000", name=op.f("ck_ticket_template_title_length")),
        sa.CheckConstraint(
            "length(email_subject) <= 2000", name=op.f("ck_ticket_template_email_subject_length")
        ),
        sa.CheckConstraint(
            "length(description) <= 10000", name=op.f("ck_ticket_template_description_length")
        ),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("fk_ticket_template_brand_id")
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topic.id"], name=op.f("fk_ticket_template_topic_id")
        ),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["agent.id"], name=op.f("fk_ticket_template_assignee_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_ticket_template_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_template")),
        sa.UniqueConstraint(
            "brand_id", "name_key", name=op.f("uq_ticket_template_brand_id_name_key")
        ),
    )
    for column in ("topic_id", "assignee_id", "team_id"):
        op.create_index(op.f(f"ix_ticket_template_{column}"), "ticket_template", [column])
    op.create_table(
        "ticket_template_tag",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["ticket_template.id"], name=op.f("fk_ticket_template_tag_template_id")
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_ticket_template_tag_tag_id")),
        sa.PrimaryKeyConstraint("template_id", "tag_id", name=op.f("pk_ticket_template_tag")),
    )
    op.create_index(op.f("ix_ticket_template_tag_tag_id"), "ticket_template_tag", ["tag_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("ticket_template_tag")
    op.drop_table("ticket_template")


def _choice(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)

"""Create the tables of rules, and let agents be told of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_KINDS = "'MENTIONED', 'ASSIGNED', 'REMINDER_DUE', 'DELIVERY_FAILED'"
_KIND = "ck_notification_notificationkind"
_TOLD = ("rule", "webhook")


def upgrade() -> None:
    """Create the tables and columns."""
    op.create_table(
        "rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", sa.String(length=24), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("on_agent_tickets", sa.Boolean(), nullable=False),
        sa.Column("all_of", _json(), nullable=False),
        sa.Column("any_of", _json(), nullable=False),
        sa.Column("actions", _json(), nullable=False),
        sa.Column("identity_step", sa.String(length=24), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_reason", sa.String(length=24), nullable=True),
        sa.Column("paused_on_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_rule_name_length")),
        sa.CheckConstraint(
            "\"trigger\" IN ('INCOMING', 'UPDATED')", name=op.f("ck_rule_ruletrigger")
        ),
        sa.CheckConstraint(
            "identity_step IN ('ASK', 'LINK', 'ASK_AGAIN', 'HAND_OVER', 'KNOWN', 'LINK_AT_ONCE')",
            name=op.f("ck_rule_identitystep"),
        ),
        sa.CheckConstraint(
            "pause_reason IN ('CHAIN_TOO_DEEP', 'RAN_TOO_OFTEN', 'TOO_MANY_MESSAGES')",
            name=op.f("ck_rule_rulepause"),
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_rule_brand_id")),
        sa.ForeignKeyConstraint(["paused_on_id"], ["ticket.id"], name=op.f("fk_rule_paused_on_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
    )
    op.create_index(op.f("ix_rule_brand_id_position"), "rule", ["brand_id", "position"])
    op.create_table(
        "rule_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("conditions", _json(), nullable=False),
        sa.Column("actions", _json(), nullable=False),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_microseconds", sa.Integer(), nullable=False),
        sa.CheckConstraint("depth >= 0", name=op.f("ck_rule_run_depth")),
        sa.CheckConstraint(
            "outcome IN ('RAN', 'TRIPPED', 'FAILED')", name=op.f("ck_rule_run_rulerunoutcome")
        ),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"], name=op.f("fk_rule_run_rule_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_rule_run_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_run")),
        sa.UniqueConstraint("rule_id", "event_id", name=op.f("uq_rule_run_rule_id_event_id")),
    )
    for columns in (
        ["ticket_id", "started_at", "id"],
        ["rule_id", "ticket_id", "started_at"],
        ["started_at"],
    ):
        op.create_index(op.f(f"ix_rule_run_{'_'.join(columns)}"), "rule_run", columns)
    op.add_column("ticket", sa.Column("rules_after", sa.Integer(), nullable=True))
    with op.batch_alter_table("notification") as notification:
        notification.drop_constraint(op.f(_KIND), type_="check")
        notification.create_check_constraint(
            op.f(_KIND), f"kind IN ({_KINDS}, 'RULE_NOTICE', 'RULE_PAUSED', 'WEBHOOK_PAUSED')"
        )
        notification.add_column(sa.Column("body", sa.String(length=2_000), nullable=True))
        for table in _TOLD:
            notification.add_column(sa.Column(f"{table}_id", sa.Uuid(), nullable=True))
            notification.create_foreign_key(
                op.f(f"fk_notification_{table}_id"), table, [f"{table}_id"], ["id"]
            )


def downgrade() -> None:
    """Drop them, and what agents were told of them."""
    op.execute(
        "DELETE FROM notification WHERE kind IN ('RULE_NOTICE', 'RULE_PAUSED', 'WEBHOOK_PAUSED')"
    )
    with op.batch_alter_table("notification") as notification:
        for table in _TOLD:
            notification.drop_constraint(op.f(f"fk_notification_{table}_id"), type_="foreignkey")
            notification.drop_column(f"{table}_id")
        notification.drop_column("body")
        notification.drop_constraint(op.f(_KIND), type_="check")
        notification.create_check_constraint(op.f(_KIND), f"kind IN ({_KINDS})")
    op.drop_column("ticket", "rules_after")
    op.drop_table("rule_run")
    op.drop_table("rule")


def _json() -> Any:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

"""Create the tables of webhooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_MOMENT = sa.DateTime(timezone=True)
_FOLDED = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", _FOLDED, nullable=False),
        sa.Column("url", sa.String(length=2_000), nullable=False),
        sa.Column("allows_http", sa.Boolean(), nullable=False),
        sa.Column("event_types", _JSON, nullable=False),
        sa.Column("sealed_secrets", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret_until", _MOMENT, nullable=True),
        sa.Column("failing_since", _MOMENT, nullable=True),
        sa.Column("paused_at", _MOMENT, nullable=True),
        sa.Column(
            "pause_reason",
            _enum(op.f("ck_webhook_webhookpausereason"), "BY_ADMIN", "FAILING", "GONE", "STUCK"),
            nullable=True,
        ),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deleted_at", _MOMENT, nullable=True),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_webhook_name_length")),
        sa.CheckConstraint("length(url) <= 2000", name=op.f("ck_webhook_url_length")),
        sa.CheckConstraint(
            "(paused_at IS NULL) = (pause_reason IS NULL)",
            name=op.f("ck_webhook_pause_has_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_table(
        "webhook_brand",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_brand_webhook_id")
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_webhook_brand_brand_id")),
        sa.PrimaryKeyConstraint("webhook_id", "brand_id", name=op.f("pk_webhook_brand")),
    )
    op.create_index(op.f("ix_webhook_brand_brand_id"), "webhook_brand", ["brand_id"])
    op.create_table(
        "webhook_position",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_position_webhook_id")
        ),
        sa.PrimaryKeyConstraint("webhook_id", "topic", name=op.f("pk_webhook_position")),
    )
    _create_deliveries()


def _create_deliveries() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column(
            "type",
            _enum(
                op.f("ck_webhook_delivery_webhookeventtype"),
                *("TICKET_CREATED", "TICKET_CHANGED", "TICKET_TAGGED"),
                *("MESSAGE_RECEIVED", "MESSAGE_SENT", "DELIVERY_CHANGED"),
                *("CUSTOMER_CREATED", "CUSTOMER_CHANGED", "CUSTOMER_MERGED"),
            ),
            nullable=False,
        ),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column(
            "state",
            _enum(
                op.f("ck_webhook_delivery_webhookdeliverystate"),
                *("PENDING", "DELIVERED", "FAILED", "SKIPPED"),
            ),
            nullable=False,
        ),
        sa.Column("replays", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", _MOMENT, nullable=True),
        sa.Column("tries", _JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_delivery_webhook_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint(
            "webhook_id", "event_id", name=op.f("uq_webhook_delivery_webhook_id_event_id")
        ),
    )
    for columns in (
        ["webhook_id", "created_at", "id"],
        ["webhook_id", "state", "created_at", "id"],
        ["webhook_id", "next_try_at"],
        ["created_at"],
    ):
        name = op.f(f"ix_webhook_delivery_{'_'.join(columns)}")
        op.create_index(name, "webhook_delivery", columns)


def downgrade() -> None:
    """Drop them."""
    for table in ("webhook_delivery", "webhook_position", "webhook_brand", "webhook"):
        op.drop_table(table)

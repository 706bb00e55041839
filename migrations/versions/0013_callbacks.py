"""Create the tables of callbacks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Create the tables of callbacks and of their brands."""
    op.create_table(
        "callback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "GET",
                "POST",
                name="callbackmethod",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("allows_http", sa.Boolean(), nullable=False),
        sa.Column("timeout_milliseconds", sa.Integer(), nullable=False),
        sa.Column("headers", _JSON, nullable=False),
        sa.Column("parameters", _JSON, nullable=False),
        sa.Column("fields", _JSON, nullable=False),
        sa.Column("has_secret", sa.Boolean(), nullable=False),
        sa.Column("sealed_secrets", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_callback_name_length")),
        sa.CheckConstraint("length(url) <= 2000", name=op.f("ck_callback_url_length")),
        sa.CheckConstraint(
            "timeout_milliseconds BETWEEN 100 AND 3000", name=op.f("ck_callback_timeout_in_range")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback")),
    )
    op.create_table(
        "callback_brand",
        sa.Column("callback_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("fk_callback_brand_brand_id")
        ),
        sa.ForeignKeyConstraint(
            ["callback_id"], ["callback.id"], name=op.f("fk_callback_brand_callback_id")
        ),
        sa.PrimaryKeyConstraint("callback_id", "brand_id", name=op.f("pk_callback_brand")),
    )
    op.create_index(
        op.f("ix_callback_brand_brand_id"), "callback_brand", ["brand_id"], unique=False
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("callback_brand")
    op.drop_table("callback")

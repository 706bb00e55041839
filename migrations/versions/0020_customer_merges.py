"""Create the journal of customers' rows that moved, and say as whom who was merged is known."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and add the column."""
    # SQLite adds a column together with its constraint in no other way, but for copying the table.
    kind = "CHAR(32)" if op.get_bind().dialect.name == "sqlite" else "UUID"
    op.execute(
        f"ALTER TABLE customer ADD COLUMN merged_into_id {kind} "
        "CONSTRAINT fk_customer_merged_into_id REFERENCES customer (id)"
    )
    op.create_index(op.f("ix_customer_merged_into_id"), "customer", ["merged_into_id"])
    op.create_table(
        "customer_move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("source_name", sa.String(length=200), nullable=False),
        sa.Column("kept", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("moved_by_kind", sa.String(length=24), nullable=False),
        sa.Column("moved_by_id", sa.Uuid(), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by_kind", sa.String(length=24), nullable=True),
        sa.Column("undone_by_id", sa.Uuid(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('MERGE', 'LINK')", name=op.f("ck_customer_move_customermovekind")
        ),
        sa.CheckConstraint(
            "moved_by_kind IN ('AGENT', 'CUSTOMER', 'INTEGRATION', 'AUTOMATION')",
            name=op.f("ck_customer_move_actorkind"),
        ),
        sa.CheckConstraint("source_id <> target_id", name=op.f("ck_customer_move_leads_elsewhere")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["customer.id"], name=op.f("fk_customer_move_source_id")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["customer.id"], name=op.f("fk_customer_move_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_move")),
    )
    for column in ("source_id", "target_id"):
        op.create_index(
            op.f(f"ix_customer_move_{column}_moved_at_id"),
            "customer_move",
            [column, "moved_at", "id"],
        )
    op.create_table(
        "moved_row",
        sa.Column("move_id", sa.Uuid(), nullable=False),
        sa.Column("table_name", sa.String(length=40), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["move_id"], ["customer_move.id"], name=op.f("fk_moved_row_move_id")
        ),
        sa.PrimaryKeyConstraint("move_id", "table_name", "row_id", name=op.f("pk_moved_row")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("moved_row")
    op.drop_table("customer_move")
    op.drop_index(op.f("ix_customer_merged_into_id"), "customer")
    op.drop_column("customer", "merged_into_id")

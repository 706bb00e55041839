"""Create the table of linked profiles."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "profile_link",
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("move_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state_before",
            sa.Enum(
                "OWN",
                "CLAIMED",
                "VERIFIED",
                name="profilelinkstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("linked_at_before", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["channel_profile.id"], name=op.f("fk_profile_link_profile_id")
        ),
        sa.ForeignKeyConstraint(
            ["move_id"], ["customer_move.id"], name=op.f("fk_profile_link_move_id")
        ),
        sa.PrimaryKeyConstraint("profile_id", name=op.f("pk_profile_link")),
    )
    op.create_index(op.f("ix_profile_link_move_id"), "profile_link", ["move_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("profile_link")

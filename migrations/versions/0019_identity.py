"""Keep by which profile tickets came, how sure profiles are, and what verifies them."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# The profile that a ticket came by, where there is no doubt: its customer has one on the channel.
_FIND_PROFILES = """
    UPDATE ticket SET profile_id = (
        SELECT profile.id FROM channel_profile AS profile
        WHERE profile.customer_id = ticket.customer_id AND profile.channel = ticket.channel
    )
    WHERE 1 = (
        SELECT count(*) FROM channel_profile AS profile
        WHERE profile.customer_id = ticket.customer_id AND profile.channel = ticket.channel
    )
"""


def upgrade() -> None:
    """Add the columns and the tables."""
    # SQLite adds a column together with its constraint in no other way, but for copying the table.
    kind = "CHAR(32)" if op.get_bind().dialect.name == "sqlite" else "UUID"
    op.execute(
        f"ALTER TABLE ticket ADD COLUMN profile_id {kind} CONSTRAINT fk_ticket_profile_id"
        " REFERENCES channel_profile (id)"
    )
    op.execute(_FIND_PROFILES)
    op.create_index(op.f("ix_ticket_profile_id"), "ticket", ["profile_id"])
    op.execute(
        "ALTER TABLE channel_profile ADD COLUMN link_state VARCHAR(24) DEFAULT 'OWN' NOT NULL"
        " CONSTRAINT ck_channel_profile_profilelinkstate"
        " CHECK (link_state IN ('OWN', 'CLAIMED', 'VERIFIED'))"
    )
    op.execute("UPDATE channel_profile SET link_state = 'VERIFIED' WHERE verified")
    op.drop_column("channel_profile", "verified")
    op.create_table(
        "profile_verification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=True),
        sa.Column(
            "recipient_key",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["channel_profile.id"],
            name=op.f("fk_profile_verification_profile_id"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_profile_verification_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("fk_profile_verification_brand_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_verification")),
    )
    for columns in (
        ["profile_id", "created_at"],
        ["recipient_key", "created_at"],
        ["customer_id"],
        ["created_at"],
    ):
        name = f"ix_profile_verification_{'_'.join(columns)}"
        op.create_index(op.f(name), "profile_verification", columns)
    op.create_table(
        "brand_identity_secret",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("fk_brand_identity_secret_brand_id")
        ),
        sa.PrimaryKeyConstraint("brand_id", name=op.f("pk_brand_identity_secret")),
    )
    op.create_table(
        "used_identity_token",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("fk_used_identity_token_brand_id")
        ),
        sa.PrimaryKeyConstraint("brand_id", "token_hash", name=op.f("pk_used_identity_token")),
    )
    op.create_index(op.f("ix_used_identity_token_ends_at"), "used_identity_token", ["ends_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("used_identity_token")
    op.drop_table("brand_identity_secret")
    op.drop_table("profile_verification")
    op.add_column(
        "channel_profile",
        sa.Column("verified", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.execute("UPDATE channel_profile SET verified = true WHERE link_state = 'VERIFIED'")
    op.drop_column("channel_profile", "link_state")
    op.drop_index(op.f("ix_ticket_profile_id"), "ticket")
    op.drop_column("ticket", "profile_id")

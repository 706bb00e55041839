"""Keep what comes with answers by mail."""

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep what comes with answers by mail."""


def downgrade() -> None:
    """Take it back."""

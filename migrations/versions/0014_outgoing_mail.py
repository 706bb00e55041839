"""Keep what sending mail needs."""

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep what sending mail needs."""


def downgrade() -> None:
    """Take it back."""

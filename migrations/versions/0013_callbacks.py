"""Create the tables of callbacks."""

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of callbacks."""


def downgrade() -> None:
    """Take it back."""

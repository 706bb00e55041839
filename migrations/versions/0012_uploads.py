"""Let files be uploaded."""

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let files be uploaded."""


def downgrade() -> None:
    """Take it back."""

"""The time, from one place, so that a test can set it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment in UTC, to the microsecond."""
    return datetime.now(UTC)

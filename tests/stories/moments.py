"""Moments as the API writes them."""

from datetime import timedelta

from core import clock


def in_days(days: int) -> str:
    """Return the moment after so many days."""
    return (clock.now() + timedelta(days=days)).isoformat()


def in_seconds(seconds: float) -> str:
    """Return the moment after so many seconds."""
    return (clock.now() + timedelta(seconds=seconds)).isoformat()

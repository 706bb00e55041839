"""Exchanging a secret for a new one: how long those before it work on."""

from datetime import timedelta

from services.validation import InputCheck

# A week has a working day for whoever runs the other side, whatever the holidays.
OVERLAP_SECONDS_MAXIMUM = 7 * 24 * 60 * 60


def overlap_of(seconds: int) -> timedelta:
    """Return for how long. Raises ValidationFailed for less than no time, and more than a week."""
    check = InputCheck()
    check.within("overlapSeconds", seconds, 0, OVERLAP_SECONDS_MAXIMUM)
    check.raise_problems()
    return timedelta(seconds=seconds)

"""How large a scenario is: a short version for every run of the tests, and the full one."""

import os
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, slots=True)
class Size:
    """Who takes part, and how long things are out of order.

    Each of `clients` follows TICKETS_EACH of `tickets`, to which `writers` write, each with a pause
    of `pause_seconds` after every act. `crowd` clients come back at once. News may come by
    `allowance_seconds` later than stated: the short version shares the machine with other tests.
    """

    clients: int
    tickets: int
    writers: int
    crowd: int
    outage_seconds: float
    pause_seconds: float
    allowance_seconds: float


TICKETS_EACH = 3
SHORT = Size(
    clients=20,
    tickets=6,
    writers=4,
    crowd=100,
    outage_seconds=3,
    pause_seconds=0.2,
    allowance_seconds=6,
)
FULL = Size(
    clients=200,
    tickets=12,
    writers=8,
    crowd=1_000,
    outage_seconds=8,
    pause_seconds=0.25,
    allowance_seconds=1,
)


def chosen_size() -> Size:
    """Return FULL where FAULTS=full, which is what `make faults` sets."""
    return FULL if os.environ.get("FAULTS") == "full" else SHORT


takes_long = pytest.mark.skipif(chosen_size() is not FULL, reason="half a minute: make faults")

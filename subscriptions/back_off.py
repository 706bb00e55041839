"""How long to wait before an outside system is tried again."""

import random
from collections.abc import Iterator


def back_off(first: float, longest: float) -> Iterator[float]:
    """Yield pauses in seconds, without end: doubling from `first` up to `longest`.

    Each is cut by up to half at random, so that the processes that lost a server together do not
    come back to it in step.
    """
    pause = first
    while True:
        yield pause * random.uniform(0.5, 1)  # noqa: S311 - nothing secret depends on a pause
        pause = min(2 * pause, longest)

"""Nobody takes all the places: a few at once for each agent, for each host."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from core.errors import Unavailable


class PlacesPerKey:
    """So many at once for each key. Whoever finds none free is turned away at once."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._taken: Counter[Hashable] = Counter()

    @contextmanager
    def one(self, key: Hashable) -> Iterator[None]:
        """Take a place meanwhile. Raises Unavailable where all are taken."""
        if self._taken[key] >= self._places:
            raise Unavailable(retry_after_seconds=1)
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]

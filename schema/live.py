"""What a subscription's resolver returns: a source, and how its items are shown."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from subscriptions.source import Source


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """A subscription that may be shared: whoever asks the same hears the same `source`.

    `show` makes the object of an item that a client sees; None for what clients are not told.
    `after` is the cursor that this subscriber goes on from. `attend` is entered while they listen.
    """

    source: Source
    show: Callable[[Any], object | None]
    after: str | None = None
    attend: Callable[[], AbstractAsyncContextManager[None]] | None = None

    def __aiter__(self) -> AsyncIterator[Any]:
        """Refuse: GraphQL asks for something to iterate over, and the server shares the source."""
        raise TypeError("Join a group of this source instead.")

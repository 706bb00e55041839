"""Where the marks of all processes meet."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from subscriptions.presence.marks import Held, Mark


@dataclass(frozen=True, slots=True)
class Put:
    """Let a mark stand for some seconds from now. It keeps its `since` if it stood already.

    One that `renews` leaves what another process has put in its place as it is, and lets it stand.
    """

    mark: Mark
    seconds: float
    renews: bool = False


Changes = Mapping[str, Put | None]
"""What is to become of the marks of a resource, by their names; None takes one away."""

Board = Mapping[str, Held]
"""The marks that stand at a resource, by their names."""

Hear = Callable[[str | None], None]
"""Is told which resource has changed; None where changes may have been missed. Returns at once."""


class PresenceStore(Protocol):
    """Keeps marks until they lapse, by one clock for all processes."""

    @property
    def connected(self) -> bool:
        """Whether changes that others make are heard at once."""

    def open(self, hear: Hear) -> AbstractAsyncContextManager[None]:
        """Connect, and let `hear` be called, until the context is left."""

    async def exchange(self, changes: Mapping[str, Changes]) -> Mapping[str, Board]:
        """Change the marks of some resources, each at once, and return all that stand there then.

        Whoever changes any, be it by finding that one has lapsed, lets everybody hear it, once.
        """

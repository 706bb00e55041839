"""What a subscription is about: a source of items, shared by all who ask for the same."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Hashable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from models.viewers import Viewer
from subscriptions.log.cursors import ResetReason
from subscriptions.log.following import Ready


class Item(Protocol):
    """Something that a stream tells; `cursor` is the place just after it."""

    @property
    def cursor(self) -> str:
        """The place just after this item."""

    @property
    def identity(self) -> Hashable:
        """What tells this item apart from all others of its source."""


class Verdict(Enum):
    """Whether a viewer is told an item."""

    HEARS = auto()
    SKIPS = auto()
    LOST = auto()
    """The viewer may not hear this source any more: their stream ends here."""


Judge = Callable[[Viewer], Verdict]  # of a `Viewer.person`


@dataclass(frozen=True, slots=True)
class State:
    """How something stands that is no history, such as who is present. `cursor` counts states."""

    cursor: str
    value: Any

    @property
    def identity(self) -> Hashable:
        """What tells this state apart from all others of its source."""
        return (State, self.cursor)


class Source(ABC):
    """What a subscription is about, whoever listens and wherever they begin.

    Sources with equal keys tell the same. `rights` are the `Viewer.rights` for which the source was
    made, where what it tells depends on them; a viewer whose rights change then gets another.
    """

    key: Hashable
    rights: Viewer | None = None
    # Whether all who may hear it, by `judge`, may subscribe: then that is not asked again.
    admits_who_may_hear: bool = False

    # Whether somebody may lose it by something that is no item of it, and is to be looked for.
    is_lost_unsaid: bool = False

    @abstractmethod
    def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Return the items after the cursor `after`, or those from now on.

        From now on, the first item says where or how things stand: Ready, or a State.
        Raises ValidationFailed at `after` for what is no cursor.
        """

    def open_anew(self, reason: ResetReason) -> AsyncGenerator[Item, None]:
        """Return the items from now on, for somebody who is told that they missed some before."""
        del reason
        return self.open(None)

    def greeting(self, last: Item) -> Item:
        """Return what is told first to somebody who joins after the item `last`."""
        return Ready(last.cursor)

    def farewell(self, last: Item) -> Item | None:
        """Return what is told to somebody who is LOST after the item `last`, if anything."""
        del last
        return None

    @abstractmethod
    async def judge(self, item: Item) -> Judge:
        """Find out who may hear an item: asked once, when it goes out, for all who listen."""

"""What a process knows of the presence at one resource that its clients look at."""

import asyncio
import time
from collections.abc import Iterable
from math import inf
from uuid import UUID

from models.presence import Present
from subscriptions.presence.marks import Mark, Voice, present_among, replying_among
from subscriptions.presence.store import Board, Changes, Put

# A mark is asked for a moment after it has lapsed, so that the clock of the store agrees.
SLACK_SECONDS = 0.05


class Room:
    """The marks at a resource as they were last read, and the voices of this process that attend.

    Nothing here waits: `changes` says what is to be sent to the store, `take` takes its answer in.
    """

    def __init__(self) -> None:
        self.users = 0
        self.watchers: set[asyncio.Event] = set()
        self.present: tuple[Present, ...] = ()
        self.replying: tuple[UUID, ...] = ()
        self.is_known = False
        self.is_stale = True
        self.due_at = inf
        self.attending: dict[str, Mark] = {}
        self._board: Board = {}
        self._pending: dict[str, Put | None] = {}
        self._parted: list[Voice] = []

    @property
    def is_over(self) -> bool:
        """Whether nobody needs it any more."""
        return not self.users and not self._pending

    def come(self, name: str, mark: Mark, seconds: float) -> None:
        """Let a voice attend."""
        self.attending[name] = mark
        self._pending[name] = Put(mark, seconds)
        self.is_stale = True

    def leave(self, name: str) -> None:
        """Let a voice attend no longer."""
        self._parted.append(self.attending.pop(name).voice)
        self._pending[name] = None
        self.is_stale = True

    def changes(self, *, renewed_for: float | None) -> Changes:
        """Return what the store is to change: what is pending, and what attends is renewed.

        `renewed_for` are the seconds until renewed marks lapse; None where it is too early.
        """
        changes = {**self._renewals(renewed_for), **self._withdrawals(), **self._pending}
        self._pending = {}
        self._parted = []
        self.is_stale = False
        return changes

    def take(self, board: Board) -> None:
        """Take in what stands now, and wake who watches if that shows."""
        self._board = board
        present, replying = present_among(board.values()), replying_among(board.values())
        shows = not self.is_known or (present, replying) != (self.present, self.replying)
        self.present, self.replying, self.is_known = present, replying, True
        first = min((held.seconds_left for held in board.values()), default=inf)
        self.due_at = time.monotonic() + first + SLACK_SECONDS
        if shows:
            for watcher in self.watchers:
                watcher.set()

    def _renewals(self, seconds: float | None) -> dict[str, Put | None]:
        """Let stand what attends here, and what is said of those who do."""
        if seconds is None:
            return {}
        heard = _with_sessions(mark.voice for mark in self.attending.values())
        said = {
            name: held.mark
            for name, held in self._board.items()
            if held.mark.is_said and held.mark.is_lasting and held.mark.voice in heard
        }
        marks = {**said, **self.attending}
        return {name: Put(mark, seconds, renews=True) for name, mark in marks.items()}

    def _withdrawals(self) -> dict[str, Put | None]:
        """Take away what was said by those who left, unless others of their session attend."""
        if not self._parted:
            return {}
        elsewhere = [
            held.mark.voice
            for name, held in self._board.items()
            if not held.mark.is_said and name not in self._pending
        ]
        here = [mark.voice for mark in self.attending.values()]
        parted = _with_sessions(self._parted) - _with_sessions([*elsewhere, *here])
        return {
            name: None
            for name, held in self._board.items()
            if held.mark.is_said and held.mark.voice in parted
        }


def _with_sessions(voices: Iterable[Voice]) -> set[Voice]:
    """Return the voices, and those of their sessions, which speak for them."""
    return {one for voice in voices for one in (voice, voice.of_session)}

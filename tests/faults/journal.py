"""The oracle: what a client heard is what the log holds, each event once and in order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from core.ids import NodeKind, encode_global_id
from models.event_records import EventRecord


class NotExactlyOnce(AssertionError):
    """A client missed events of a topic, heard some twice or out of order, or was told to reset."""


class Told(NamedTuple):
    """What an event told: its place in its topic, what happened, and to which note."""

    position: int
    type: str
    note: str | None


@dataclass(slots=True)
class Journal:
    """What one client heard of one topic after the position where it `began`."""

    topic: str
    began: int | None = None
    heard: list[tuple[Told, datetime]] = field(default_factory=list)
    resets: list[str] = field(default_factory=list)

    @property
    def position(self) -> int:
        """The place of what came last."""
        return self.heard[-1][0].position if self.heard else self.began or 0


def require_exactly_once(journal: Journal, log: Sequence[EventRecord]) -> None:
    """Raise NotExactlyOnce unless the journal goes on from its beginning to the end of the log.

    Positions count 1, 2, 3 … in the log itself, or nothing that is heard of it can be right.
    """
    positions = [record.sequence for record in log]
    if positions != list(range(1, len(log) + 1)):
        raise NotExactlyOnce(f"The log of {journal.topic} itself has gaps: {positions}")
    if journal.began is None:
        raise NotExactlyOnce(f"The stream of {journal.topic} never began.")
    if journal.resets:
        raise NotExactlyOnce(f"The stream of {journal.topic} was reset: {journal.resets}")
    expected = [_told_by(record) for record in log[journal.began :]]
    heard = [told for told, _moment in journal.heard]
    if heard != expected:
        raise NotExactlyOnce(_difference(journal.topic, heard, expected))


def _told_by(record: EventRecord) -> Told:
    note = record.payload.get("note_id")
    return Told(
        record.sequence, record.type, encode_global_id(NodeKind.NOTE, UUID(note)) if note else None
    )


def _difference(topic: str, heard: Sequence[Told], expected: Sequence[Told]) -> str:
    missing = Counter(expected) - Counter(heard)
    surplus = Counter(heard) - Counter(expected)
    if missing or surplus:
        return f"{topic}: missing {sorted(missing)}, too many {sorted(surplus)}"
    return f"{topic}: out of order, {[told.position for told in heard]}"

"""One entry of the event log, as it travels from the log to every subscriber."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A change that happened, at its place in one topic.

    `sequence` counts 1, 2, 3 … without gaps within `topic`. The same act may stand in several
    topics; its `id` is the same in all of them.
    """

    topic: str
    sequence: int
    id: UUID
    type: str
    actor_kind: str
    actor_id: UUID | None
    payload: dict[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class TopicHead:
    """How far a topic's log reaches: `sequence` is its newest entry, `oldest` the first one kept.

    A topic without entries has `sequence` 0 and `oldest` 1.
    """

    topic: str
    sequence: int
    oldest: int

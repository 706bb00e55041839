"""Marks: what each screen of an agent says of where they are, and what that makes of the agent.

A screen is a voice: a connection, or the session where requests come by plain HTTP. A voice that
attends a resource (it subscribes to who is there) is taken to view it until it says otherwise.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.presence import PresenceState, Present
from models.viewers import Viewer

connection_id: ContextVar[UUID | None] = ContextVar("connection_id", default=None)
"""The socket by which an operation came; None for plain HTTP. The edge sets it."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What speaks for an agent: one connection of a session, or the session itself."""

    agent_id: UUID
    session_id: UUID
    connection_id: UUID | None = None

    @classmethod
    def of(cls, viewer: Viewer) -> "Voice | None":
        """Return the voice of whoever sent the present operation; None for those without one."""
        if viewer.agent_id is None or viewer.session_id is None:
            return None
        return cls(viewer.agent_id, viewer.session_id, connection_id.get())

    @property
    def of_session(self) -> "Voice":
        """The voice of the session, which speaks for its connections that say nothing."""
        return Voice(self.agent_id, self.session_id)


@dataclass(frozen=True, slots=True)
class Mark:
    """That a voice is at a resource. Without `is_said` it only attends."""

    voice: Voice
    state: PresenceState
    field: str | None = None
    is_said: bool = True

    @property
    def is_lasting(self) -> bool:
        """Whether it is renewed while its voice attends; what hands are at fades by itself."""
        return self.state in {PresenceState.VIEWING, PresenceState.AWAY}


@dataclass(frozen=True, slots=True)
class Held:
    """A mark that stands since a moment, and lapses in some seconds unless it is renewed."""

    mark: Mark
    since: datetime
    seconds_left: float


def present_among(held: Iterable[Held]) -> tuple[Present, ...]:
    """Return who is here, each agent once with what says most, in the order of their activity."""
    standing = list(held)
    speaking = {one.mark.voice for one in standing if one.mark.is_said}
    strongest: dict[UUID, Held] = {}
    for one in standing:
        voice = one.mark.voice
        if not one.mark.is_said and not speaking.isdisjoint((voice, voice.of_session)):
            continue
        other = strongest.get(voice.agent_id)
        if other is None or _rank(one) > _rank(other):
            strongest[voice.agent_id] = one
    people = [
        Present(agent_id, one.mark.state, one.mark.field, one.since)
        for agent_id, one in strongest.items()
    ]
    return tuple(sorted(people, key=lambda present: (present.since, present.agent_id)))


def _rank(held: Held) -> tuple[int, float, str]:
    """Compare marks: of two that say as much the older one counts, so that screens do not vie."""
    return held.mark.state.strength, -held.since.timestamp(), held.mark.field or ""

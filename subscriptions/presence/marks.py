"""Marks: what each screen says of where somebody is, and what that makes of the person.

These are agents, and customers at the tickets of their chats.

A screen is a voice: a connection, or the session where requests come by plain HTTP. A voice that
attends a resource (it subscribes to who is there) is taken to view it until it says otherwise.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.actors import Actor, ActorKind
from models.presence import PresenceState, Present
from models.viewers import Viewer

REPLY = "reply"
"""The field in which agents type what goes to the customer, as all apps name it."""

connection_id: ContextVar[UUID | None] = ContextVar("connection_id", default=None)
"""The socket by which an operation came; None for plain HTTP. The edge sets it."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What speaks for somebody: one connection of a session, or the session itself."""

    actor: Actor
    session_id: UUID
    connection_id: UUID | None = None

    @classmethod
    def of(cls, viewer: Viewer) -> "Voice | None":
        """Return the voice of whoever sent the present operation; None for those without one."""
        if viewer.actor is None or viewer.session_id is None:
            return None
        if not (viewer.is_agent or viewer.is_customer):
            return None
        return cls(viewer.actor, viewer.session_id, connection_id.get())

    @property
    def of_session(self) -> "Voice":
        """The voice of the session, which speaks for its connections that say nothing."""
        return Voice(self.actor, self.session_id)


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
    """Return who is here, each person once with what says most, in the order of their activity."""
    standing = list(held)
    speaking = {one.mark.voice for one in standing if one.mark.is_said}
    strongest: dict[Actor, Held] = {}
    for one in standing:
        voice = one.mark.voice
        if not one.mark.is_said and not speaking.isdisjoint((voice, voice.of_session)):
            continue
        other = strongest.get(voice.actor)
        if other is None or _rank(one) > _rank(other):
            strongest[voice.actor] = one
    people = [
        Present(actor, one.mark.state, one.mark.field, one.since)
        for actor, one in strongest.items()
    ]
    return tuple(sorted(people, key=lambda present: (present.since, str(present.actor_id))))


def replying_among(held: Iterable[Held]) -> tuple[UUID, ...]:
    """Return the agents who type to the customer, in the order in which they began.

    Each screen is looked at by itself: what somebody types elsewhere, such as a note on another
    screen, neither shows here nor hides this.
    """
    typing = sorted(
        (one.since, actor.id)
        for one in held
        if one.mark.state is PresenceState.TYPING
        and one.mark.field == REPLY
        and (actor := one.mark.voice.actor).kind is ActorKind.AGENT
        and actor.id is not None
    )
    return tuple(dict.fromkeys(agent_id for _since, agent_id in typing))


def _rank(held: Held) -> tuple[int, float, str]:
    """Compare marks: of two that say as much the older one counts, so that screens do not vie."""
    return held.mark.state.strength, -held.since.timestamp(), held.mark.field or ""

"""Presence: who is at a ticket, a customer or another resource, and doing what. Kept in no table.

Presence is state, not history: it is gone when nobody renews it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.actors import Actor, ActorKind
from models.viewers import ApiScope, Viewer

# The names of form fields are far shorter.
FIELD_CHARACTERS = 50


class PresenceState(StrEnum):
    """What somebody is doing at a resource, from the least to the most."""

    AWAY = "AWAY"
    VIEWING = "VIEWING"
    EDITING = "EDITING"
    TYPING = "TYPING"

    @property
    def strength(self) -> int:
        """How much it tells: of an agent's screens, the one that says most is shown."""
        return list(PresenceState).index(self)


class PresenceChangeKind(StrEnum):
    """What changed about somebody's presence."""

    ARRIVED = "ARRIVED"
    CHANGED = "CHANGED"
    LEFT = "LEFT"


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody at a resource, on however many screens; `since` when they have been doing that.

    They are agents; at the ticket of a chat its customer is one of them.
    """

    actor: Actor
    state: PresenceState
    field: str | None
    since: datetime

    @property
    def actor_kind(self) -> ActorKind:
        """The kind of whoever is here."""
        return self.actor.kind

    @property
    def actor_id(self) -> UUID | None:
        """The id of whoever is here."""
        return self.actor.id

    @property
    def activity(self) -> tuple[PresenceState, str | None]:
        """What they are doing."""
        return self.state, self.field

    def as_seen_by(self, viewer: Viewer) -> "Present":
        """Return what the viewer may know of it.

        That somebody writes a note is as private as the note: who may not read notes sees only
        that an agent is there. Customers write none.
        """
        is_open = self.state is PresenceState.AWAY or self.actor_kind is ActorKind.CUSTOMER
        if is_open or viewer.may(ApiScope.NOTES_READ):
            return self
        return replace(self, state=PresenceState.VIEWING, field=None)


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """What changed about one of them; `before` and `now` are None while they are not here."""

    actor: Actor
    before: Present | None
    now: Present | None

    @property
    def actor_kind(self) -> ActorKind:
        """The kind of whom it is about."""
        return self.actor.kind

    @property
    def actor_id(self) -> UUID | None:
        """The id of whom it is about."""
        return self.actor.id

    @property
    def kind(self) -> PresenceChangeKind:
        """What changed."""
        if self.before is None:
            return PresenceChangeKind.ARRIVED
        return PresenceChangeKind.LEFT if self.now is None else PresenceChangeKind.CHANGED

    def is_seen_by(self, viewer: Viewer) -> bool:
        """Tell whether it changes anything that the viewer may know."""
        if self.before is None or self.now is None:
            return True
        before, now = self.before.as_seen_by(viewer), self.now.as_seen_by(viewer)
        return before.activity != now.activity


def changes_between(before: Sequence[Present], now: Sequence[Present]) -> list[PresenceChange]:
    """Return what changed from one moment to the other, in the order of `before` and then `now`.

    A list that came to be through other screens of the same people is no change.
    """
    was = {present.actor: present for present in before}
    is_now = {present.actor: present for present in now}
    return [
        PresenceChange(actor, was.get(actor), is_now.get(actor))
        for actor in dict.fromkeys([*was, *is_now])
        if _activity(was.get(actor)) != _activity(is_now.get(actor))
    ]


def _activity(present: Present | None) -> tuple[PresenceState, str | None] | None:
    return None if present is None else present.activity

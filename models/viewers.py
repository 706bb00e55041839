"""Who is looking: what every query is limited by."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self
from uuid import UUID

from models.actors import Actor, ActorKind


class ApiScope(StrEnum):
    """What an API token may do, within its brands."""

    TICKETS_READ = "TICKETS_READ"
    TICKETS_WRITE = "TICKETS_WRITE"
    MESSAGES_WRITE = "MESSAGES_WRITE"
    NOTES_READ = "NOTES_READ"
    NOTES_WRITE = "NOTES_WRITE"
    CUSTOMERS_READ = "CUSTOMERS_READ"
    CUSTOMERS_WRITE = "CUSTOMERS_WRITE"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who sent the request, and what that opens.

    `session_id` is the session, or the secret of an API token, that let the viewer in.
    `conversation_id` is the one ticket of a chat customer; nobody else has one.
    """

    actor: Actor | None
    language: str = "en"
    is_admin: bool = False
    brand_ids: frozenset[UUID] = frozenset()
    team_ids: frozenset[UUID] = frozenset()
    scopes: frozenset[ApiScope] = frozenset()
    session_id: UUID | None = None
    conversation_id: UUID | None = None

    @property
    def is_agent(self) -> bool:
        """Whether a person of the desk is looking."""
        return self.actor is not None and self.actor.kind is ActorKind.AGENT

    @property
    def is_customer(self) -> bool:
        """Whether a customer looks into their chat: nothing else is open to them."""
        return self.actor is not None and self.actor.kind is ActorKind.CUSTOMER

    @property
    def agent_id(self) -> UUID | None:
        """The agent's id, or None when something else is looking."""
        return self.actor.id if self.actor is not None and self.is_agent else None

    def may(self, scope: ApiScope) -> bool:
        """Tell whether the viewer may do this: agents may, integrations as their token says."""
        return self.is_agent or scope in self.scopes

    @property
    def person(self) -> Self:
        """The viewer on whatever connection: equal for all their sessions."""
        return replace(self, session_id=None)

    @property
    def rights(self) -> Self:
        """What decides which rows the viewer sees; it is the same for all admins."""
        if not self.is_admin:
            return replace(self, session_id=None, language="")
        actor = self.actor and Actor(self.actor.kind, None)
        return type(self)(actor, language="", is_admin=True)

    @property
    def audience(self) -> Self:
        """All who have the same rights and read the same language, whoever they are."""
        actor = self.actor and Actor(self.actor.kind, None)
        return replace(self.rights, actor=actor, language=self.language)

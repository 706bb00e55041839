"""Who does things: agents, customers, integrations, and Starling itself."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from models.base import enum_column


class ActorKind(StrEnum):
    """What kind of actor did something."""

    AGENT = "AGENT"
    CUSTOMER = "CUSTOMER"
    INTEGRATION = "INTEGRATION"
    AUTOMATION = "AUTOMATION"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, or something, that acts. Automation has no id."""

    kind: ActorKind
    id: UUID | None


AUTOMATION = Actor(ActorKind.AUTOMATION, None)


class Authored:
    """A row that somebody wrote."""

    author_kind: Mapped[ActorKind] = mapped_column(enum_column(ActorKind))
    author_id: Mapped[UUID | None]

"""Drafts of tickets: forms that an agent has begun to fill in."""

from uuid import UUID

from sqlalchemy.orm import Mapped

from models.base import Base, Key, Moment, Versioned, reference


class TicketDraft(Versioned, Base):
    """A half-filled form of one agent. Nobody else sees or changes it."""

    __tablename__ = "ticket_draft"

    id: Mapped[Key]
    agent_id: Mapped[UUID] = reference("agent.id")
    created_at: Mapped[Moment]

"""Templates of tickets: forms filled in once, to start from."""

from uuid import UUID

from sqlalchemy import ColumnElement, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import Authored
from models.base import (
    FREE_TEXT_CHARACTERS,
    Base,
    FoldedKey,
    Key,
    Moment,
    Name,
    Versioned,
    enum_column,
    limited,
    reference,
)
from models.notes import NOTE_CHARACTERS
from models.tickets import TicketPriority, TicketStatus
from models.viewers import Viewer


class TicketTemplate(Authored, Versioned, Base):
    """A form that tickets of one brand start from; its folded name is unique in the brand.

    What is null is left to the form. What it refers to may have been deleted since, or be nobody
    whom tickets of the brand can be given any more: it stays here until somebody edits it.
    """

    __tablename__ = "ticket_template"
    __table_args__ = (
        limited("name", 200),
        limited("title", FREE_TEXT_CHARACTERS),
        limited("email_subject", FREE_TEXT_CHARACTERS),
        limited("description", NOTE_CHARACTERS),
        UniqueConstraint("brand_id", "name_key"),
    )

    id: Mapped[Key]
    brand_id: Mapped[UUID] = reference("brand.id", index=False)
    name: Mapped[Name]
    name_key: Mapped[FoldedKey]
    topic_id: Mapped[UUID | None] = reference("topic.id")
    status: Mapped[TicketStatus | None] = mapped_column(enum_column(TicketStatus))
    priority: Mapped[TicketPriority | None] = mapped_column(enum_column(TicketPriority))
    title: Mapped[str | None]
    email_subject: Mapped[str | None]
    description: Mapped[str | None]
    assignee_id: Mapped[UUID | None] = reference("agent.id")
    team_id: Mapped[UUID | None] = reference("team.id")
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]


class TicketTemplateTag(Base):
    """A tag that tickets of a template get."""

    __tablename__ = "ticket_template_tag"

    template_id: Mapped[UUID] = reference("ticket_template.id", primary_key=True, index=False)
    tag_id: Mapped[UUID] = reference("tag.id", primary_key=True)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit templates to those of the brands that an agent works for.

    They hold what is private, such as descriptions: integrations fill in forms of their own.
    """
    if viewer.is_admin:
        return true()
    return TicketTemplate.brand_id.in_(viewer.brand_ids) if viewer.is_agent else false()

"""Drafts of tickets: forms that an agent has begun to fill in."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Dialect, Index, false
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from models.base import (
    EMAIL_CHARACTERS,
    FREE_TEXT_CHARACTERS,
    NAME_CHARACTERS,
    Base,
    JsonObject,
    Key,
    Moment,
    Versioned,
    enum_column,
    limited,
    reference,
)
from models.notes import NOTE_CHARACTERS
from models.tickets import TicketPriority, TicketStatus
from models.viewers import Viewer

# What was typed may be no number yet, or one with remarks.
_TYPED_PHONE_CHARACTERS = 250
# The most characters of each text of the form. The description becomes an inline note.
TEXT_LIMITS = {
    "title": FREE_TEXT_CHARACTERS,
    "customer_name": NAME_CHARACTERS,
    "customer_email": EMAIL_CHARACTERS,
    "customer_phone": _TYPED_PHONE_CHARACTERS,
    "email_subject": FREE_TEXT_CHARACTERS,
    "description": NOTE_CHARACTERS,
    "template_name": NAME_CHARACTERS,
}


class RowIds(TypeDecorator[tuple[UUID, ...]]):
    """A list of ids in one column. No reference: the rows may go, and the list stays."""

    impl = JsonObject
    cache_ok = True

    def process_bind_param(self, value: Iterable[UUID] | None, dialect: Dialect) -> Any:
        """Return the ids as JSON has them."""
        return [row_id.hex for row_id in value or ()]

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[UUID, ...]:
        """Return the ids again."""
        return tuple(UUID(text) for text in value)


def _text_limits() -> list[CheckConstraint]:
    return [limited(column, limit) for column, limit in TEXT_LIMITS.items()]


class TicketForm:
    """What stands in a form, as it was typed; null where nothing does.

    Ids are no references: whatever others delete, nothing of the form is lost. `template_name` is
    the name under which it is to be saved as a template, perhaps an empty one yet; null for none.
    """

    brand_id: Mapped[UUID | None]
    template_id: Mapped[UUID | None]
    topic_id: Mapped[UUID | None]
    status: Mapped[TicketStatus | None] = mapped_column(enum_column(TicketStatus))
    title: Mapped[str | None]
    customer_id: Mapped[UUID | None]
    customer_name: Mapped[str | None]
    customer_email: Mapped[str | None]
    customer_phone: Mapped[str | None]
    email_subject: Mapped[str | None]
    description: Mapped[str | None]
    priority: Mapped[TicketPriority | None] = mapped_column(enum_column(TicketPriority))
    assignee_id: Mapped[UUID | None]
    team_id: Mapped[UUID | None]
    tag_ids: Mapped[tuple[UUID, ...]] = mapped_column(RowIds, default=())
    template_name: Mapped[str | None]


class TicketDraft(TicketForm, Versioned, Base):
    """A half-filled form of one agent. Nobody else sees or changes it, admins neither.

    `step` is how far its agent has come; its files are those whose `draft_id` names it.
    """

    __tablename__ = "ticket_draft"
    __table_args__ = (*_text_limits(), Index(None, "agent_id", "updated_at", "id"))

    id: Mapped[Key]
    agent_id: Mapped[UUID] = reference("agent.id", index=False)
    step: Mapped[int]
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]


class TicketDraftRevision(TicketForm, Base):
    """What a draft was from `saved_at` on, and which fields that save changed.

    Its files may have gone since: they stand on drafts, not on what drafts were.
    """

    __tablename__ = "ticket_draft_revision"
    __table_args__ = (*_text_limits(), Index(None, "draft_id", "saved_at", "id"))

    id: Mapped[Key]
    draft_id: Mapped[UUID] = reference("ticket_draft.id", index=False)
    attachment_ids: Mapped[tuple[UUID, ...]] = mapped_column(RowIds, default=())
    fields: Mapped[list[str]]
    saved_at: Mapped[Moment]


# The columns of a form, in its order.
FORM_COLUMNS = tuple(TicketForm.__annotations__)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit drafts to the viewer's own."""
    return TicketDraft.agent_id == viewer.agent_id if viewer.is_agent else false()

"""Interactions: each time an agent and a customer were in touch."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    Index,
    Select,
    String,
    UniqueConstraint,
    false,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    FREE_TEXT_CHARACTERS,
    TAG_CHARACTERS,
    Base,
    FoldedKey,
    Key,
    Moment,
    UtcDateTime,
    Versioned,
    enum_column,
    limited,
    reference,
)
from models.channel_profiles import HANDLE_CHARACTERS
from models.channels import Channel
from models.customers import Customer, is_known_as
from models.viewers import ApiScope, Viewer

# No form is NULL, and not the null of JSON.
_OptionalJson = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Interaction(Versioned, Base):
    """A chat accepted, a call answered or an e-mail opened by an agent.

    It is open while it stands on the open list of any agent. `first_closed_at` is when that ended
    for the first time: from then on it can only be changed if it is the newest of its customer.
    `handle` is by what the channel knew somebody whom nobody else knew.
    """

    __tablename__ = "interaction"
    __table_args__ = (
        limited("summary", FREE_TEXT_CHARACTERS),
        CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="closes_after_opening"),
        Index(None, "customer_id", "opened_at", "id"),
    )

    id: Mapped[Key]
    agent_id: Mapped[UUID] = reference("agent.id", index=False)
    customer_id: Mapped[UUID | None] = reference("customer.id", index=False)
    ticket_id: Mapped[UUID | None] = reference("ticket.id")
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    handle: Mapped[str | None] = mapped_column(String(HANDLE_CHARACTERS))
    opened_at: Mapped[Moment]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    summary: Mapped[str | None]


class InteractionEntry(Base):
    """An interaction on an agent's list: the open one, or once it is closed there the recent one.

    `form` is what the agent has typed into the customer's form and not saved yet, in the shape of
    `services.interaction_forms`. It is theirs alone.
    """

    __tablename__ = "interaction_entry"
    __table_args__ = (
        CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="closes_after_opening"),
        CheckConstraint(
            "closed_at IS NULL OR form IS NULL", name="has_nothing_unsaved_once_closed"
        ),
        Index(None, "agent_id", "closed_at", "interaction_id"),
    )

    agent_id: Mapped[UUID] = reference("agent.id", primary_key=True, index=False)
    interaction_id: Mapped[UUID] = reference("interaction.id", primary_key=True)
    opened_at: Mapped[Moment]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    form: Mapped[dict[str, Any] | None] = mapped_column(_OptionalJson)


class InteractionTag(Base):
    """A tag typed by an agent; its folded key is unique within the interaction."""

    __tablename__ = "interaction_tag"
    __table_args__ = (limited("tag", TAG_CHARACTERS), UniqueConstraint("interaction_id", "tag_key"))

    id: Mapped[Key]
    interaction_id: Mapped[UUID] = reference("interaction.id", index=False)
    tag: Mapped[str] = mapped_column(String(TAG_CHARACTERS))
    tag_key: Mapped[FoldedKey]


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Every agent sees a customer's whole history; integrations need the right to read customers.

    The ticket of an interaction is hidden from those who may not see it.
    """
    return true() if viewer.may(ApiScope.CUSTOMERS_READ) else false()


def newest_of(customer_id: UUID) -> Select[Interaction]:
    """Return the newest interaction of a customer, to whom their id leads now."""
    customer = select(Customer.id).where(is_known_as(customer_id)).scalar_subquery()
    return (
        select(Interaction)
        .where(Interaction.customer_id == customer)
        .order_by(Interaction.opened_at.desc(), Interaction.id.desc())
        .limit(1)
    )

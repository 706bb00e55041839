"""Moves: whose rows became another customer's, so that they can be put back."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, String, exists, or_, select
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models import customers
from models.actors import ActorKind
from models.base import Base, Key, Moment, Name, UtcDateTime, enum_column, reference
from models.channel_profiles import ChannelProfile
from models.customers import Customer
from models.interactions import Interaction
from models.tickets import Ticket
from models.viewers import Viewer

_TABLE_NAME_CHARACTERS = 40
_KIND_CHARACTERS = 24  # as all columns of an enumeration have


class CustomerMoveKind(StrEnum):
    """Why rows moved: two customers turned out to be one, or a profile to be somebody else's."""

    MERGE = "MERGE"
    LINK = "LINK"


class CustomerMove(Base):
    """Rows of `source_id` became rows of `target_id`, until the move was undone.

    With `is_whole` it was all of them, so that the source is hidden. `source_name` is what the
    source was called then. `kept` is what the rows themselves cannot tell of how it was before.
    """

    __tablename__ = "customer_move"
    __table_args__ = (
        CheckConstraint("source_id <> target_id", name="leads_elsewhere"),
        Index(None, "source_id", "moved_at", "id"),
        Index(None, "target_id", "moved_at", "id"),
    )

    id: Mapped[Key]
    kind: Mapped[CustomerMoveKind] = mapped_column(enum_column(CustomerMoveKind))
    source_id: Mapped[UUID] = reference("customer.id", index=False)
    target_id: Mapped[UUID] = reference("customer.id", index=False)
    is_whole: Mapped[bool]
    source_name: Mapped[Name]
    kept: Mapped[dict[str, Any]]
    moved_by_kind: Mapped[ActorKind] = mapped_column(enum_column(ActorKind))
    moved_by_id: Mapped[UUID | None]
    moved_at: Mapped[Moment]
    undone_by_kind: Mapped[str | None] = mapped_column(String(_KIND_CHARACTERS))
    undone_by_id: Mapped[UUID | None]
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MovedRow(Base):
    """A row that a move took along: it was the source's before."""

    __tablename__ = "moved_row"

    move_id: Mapped[UUID] = reference("customer_move.id", primary_key=True, index=False)
    table_name: Mapped[str] = mapped_column(String(_TABLE_NAME_CHARACTERS), primary_key=True)
    row_id: Mapped[UUID] = mapped_column(primary_key=True)


def written_down(move: CustomerMove, model: type[Any]) -> ColumnElement[bool]:
    """Limit rows of `model` to those that a move took along."""
    taken = select(MovedRow.row_id).where(
        MovedRow.move_id == move.id, MovedRow.table_name == model.__tablename__
    )
    found: ColumnElement[bool] = model.id.in_(taken)
    return found


def went_along(move: CustomerMove, model: type[Any]) -> ColumnElement[bool]:
    """Limit rows to those that belong to a move: what it took, and what its profiles made since."""
    profiles = select(ChannelProfile.id).where(written_down(move, ChannelProfile))
    by_profiles = Ticket.profile_id.in_(profiles)
    if model is Ticket:
        return or_(written_down(move, Ticket), by_profiles)
    if model is Interaction:
        about = Interaction.ticket_id.in_(select(Ticket.id).where(by_profiles))
        return or_(written_down(move, Interaction), about)
    return written_down(move, model)


def merges_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit merges to those into whom the viewer sees, under whichever name they go now."""
    into = aliased(Customer)
    seen = select(Customer.id).where(customers.visible_to(viewer))
    return (CustomerMove.kind == CustomerMoveKind.MERGE) & exists(
        select(into.id).where(
            into.id == CustomerMove.target_id,
            or_(into.id.in_(seen), into.merged_into_id.in_(seen)),
        )
    )

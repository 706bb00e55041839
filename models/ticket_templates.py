"""Templates of tickets: forms filled in once, to start from."""

from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from models.base import Base, FoldedKey, Key, Moment, Name, Versioned, limited, reference


class TicketTemplate(Versioned, Base):
    """A form that tickets of one brand start from; its folded name is unique in the brand."""

    __tablename__ = "ticket_template"
    __table_args__ = (limited("name", 200), UniqueConstraint("brand_id", "name_key"))

    id: Mapped[Key]
    brand_id: Mapped[UUID] = reference("brand.id", index=False)
    name: Mapped[Name]
    name_key: Mapped[FoldedKey]
    created_at: Mapped[Moment]

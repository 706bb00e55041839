"""Files that came with a message or stand on a note."""

from uuid import UUID

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, Moment, reference

FILENAME_CHARACTERS = 255
CONTENT_TYPE_CHARACTERS = 127


class Attachment(Base):
    """A stored file; `storage_key` is where its bytes are. `size` is in bytes."""

    __tablename__ = "attachment"
    __table_args__ = (CheckConstraint("message_id IS NULL OR note_id IS NULL", name="one_owner"),)

    id: Mapped[Key]
    message_id: Mapped[UUID | None] = reference("message.id")
    note_id: Mapped[UUID | None] = reference("note.id")
    filename: Mapped[str] = mapped_column(String(FILENAME_CHARACTERS))
    content_type: Mapped[str] = mapped_column(String(CONTENT_TYPE_CHARACTERS))
    size: Mapped[int]
    storage_key: Mapped[str]
    created_at: Mapped[Moment]

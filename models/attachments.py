"""Files: uploaded ones, and those that came with mail."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, String, and_, text
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import ActorKind
from models.base import Base, Key, Moment, UtcDateTime, enum_column, reference

FILENAME_CHARACTERS = 255
CONTENT_TYPE_CHARACTERS = 127
CONTENT_ID_CHARACTERS = 255
FILE_BYTES = 20 * 1024 * 1024  # product.md, part 2
# Long enough for a form that is filled in over a working day and finished the next morning.
UNATTACHED_KEPT_FOR = timedelta(hours=24)

_OWNERS = ("message_id", "note_id", "draft_id", "template_id")
_STANDS_NOWHERE = " AND ".join(f"{owner} IS NULL" for owner in _OWNERS)
# All but one of them are empty: each pair has an empty one.
_ONE_OWNER = " AND ".join(
    f"({first} IS NULL OR {second} IS NULL)"
    for place, first in enumerate(_OWNERS)
    for second in _OWNERS[place + 1 :]
)


class Attachment(Base):
    """A file; `storage_key` is where its bytes are. `size` is in bytes.

    It stands on one message, note, draft or template, or on none yet. Copies share their bytes:
    several rows have one `storage_key`. `position` is its place among the files of its owner, null
    where they stand in the order of their ids. The uploader is null for what came with mail.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint(_ONE_OWNER, name="one_owner"),
        Index(
            "ix_attachment_unattached",
            "uploader_id",
            "created_at",
            sqlite_where=text(_STANDS_NOWHERE),
            postgresql_where=text(_STANDS_NOWHERE),
        ),
        # What customers of chats upload is counted before they may upload more.
        Index(None, "uploader_id", "created_at"),
        Index(None, "uploader_kind", "created_at"),
    )

    id: Mapped[Key]
    message_id: Mapped[UUID | None] = reference("message.id")
    note_id: Mapped[UUID | None] = reference("note.id")
    draft_id: Mapped[UUID | None] = reference("ticket_draft.id")
    template_id: Mapped[UUID | None] = reference("ticket_template.id")
    position: Mapped[int | None]
    filename: Mapped[str] = mapped_column(String(FILENAME_CHARACTERS))
    content_type: Mapped[str] = mapped_column(String(CONTENT_TYPE_CHARACTERS))
    size: Mapped[int]
    # How the HTML of its mail names it: `cid:` and this; null for what was not in one.
    content_id: Mapped[str | None] = mapped_column(String(CONTENT_ID_CHARACTERS))
    storage_key: Mapped[str] = mapped_column(index=True)
    uploader_kind: Mapped[ActorKind | None] = mapped_column(enum_column(ActorKind))
    uploader_id: Mapped[UUID | None]
    # Until when its bytes may arrive; null once they are here.
    awaited_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # How often its bytes have begun to arrive.
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[Moment]


def stands_nowhere() -> ColumnElement[bool]:
    """Limit files to those that stand on nothing yet, or no more."""
    return and_(
        Attachment.message_id.is_(None),
        Attachment.note_id.is_(None),
        Attachment.draft_id.is_(None),
        Attachment.template_id.is_(None),
    )

"""The dev mailbox: mails that nobody was sent, for those who develop."""

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, LongText, Moment


class DevMail(Base):
    """A mail as it would have gone out. The newest are kept; ids grow with time.

    `sender` and `recipient` are those of the envelope, `size` is that of `content` in bytes.
    """

    __tablename__ = "dev_mail"

    id: Mapped[Key]
    sender: Mapped[LongText]
    recipient: Mapped[LongText]
    subject: Mapped[LongText]
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[Moment]

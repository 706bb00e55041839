"""The one row that tells this database from every other."""

from sqlalchemy import CheckConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Installation(Base):
    """`epoch` names this event log, so that a cursor of another is recognised.

    `secret` signs links; every process of the installation reads the same one.
    """

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[str] = mapped_column(String(8))
    secret: Mapped[bytes] = mapped_column(LargeBinary(32))

"""Jobs: what is to be done after a transaction, at least once."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, Moment, UtcDateTime


class Job(Base):
    """A piece of work, written in the transaction that asks for it.

    A worker holds it until `leased_until`; a worker that dies loses the lease and another takes
    over. `attempts` counts the tries that were begun, and so tells whose lease it is. `finished_at`
    marks success, `failed_at` a dead letter: it has used up its tries.
    """

    __tablename__ = "job"
    __table_args__ = (Index(None, "finished_at", "run_at"),)

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(48))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[Moment]
    run_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None]
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

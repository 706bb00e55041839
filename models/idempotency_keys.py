"""Idempotency keys: a mutation that is sent twice happens once."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import ActorKind
from models.base import Base, Moment, enum_column

KEY_CHARACTERS = 255
KEPT_FOR = timedelta(hours=72)  # contract.md


class IdempotencyKey(Base):
    """What a key was used for: the mutation, the hash of its input, and the row it made."""

    __tablename__ = "idempotency_key"

    actor_kind: Mapped[ActorKind] = mapped_column(enum_column(ActorKind), primary_key=True)
    actor_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(KEY_CHARACTERS), primary_key=True)
    operation: Mapped[str] = mapped_column(String(48))
    input_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    result_id: Mapped[UUID]
    created_at: Mapped[Moment] = mapped_column(index=True)

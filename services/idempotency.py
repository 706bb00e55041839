"""A mutation with an idempotency key happens once, however often it is sent."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.errors import (
    FieldErrorCode,
    FieldProblem,
    IdempotencyKeyReused,
    NotFound,
    ValidationFailed,
)
from core.ids import new_id
from models.base import Base
from models.idempotency_keys import KEPT_FOR, KEY_CHARACTERS, IdempotencyKey
from services.unit_of_work import UnitOfWork

RowT = TypeVar("RowT", bound=Base)


@dataclass(frozen=True, slots=True)
class Once:
    """The key under which a mutation is to happen once, with the mutation's name and input."""

    key: str
    operation: str
    input: dict[str, Any]

    @property
    def input_hash(self) -> bytes:
        """Return what tells two inputs apart."""
        canonical = orjson.dumps(self.input, option=orjson.OPT_SORT_KEYS, default=str)
        return sha256(canonical).digest()


async def create_once(
    work: UnitOfWork,
    once: Once | None,
    model: type[RowT],
    create: Callable[[UUID], Awaitable[RowT]],
    *,
    shown: Sequence[ColumnElement[bool]] = (),
) -> RowT:
    """Call `create` with a new id, or return the row that the same call answered with before.

    `create` may answer with a row that is there already. `shown` limits rows to those that the
    viewer sees: they may have lost what they made.

    Two calls at once: the second waits for the first one's transaction at the key's row.
    Raises IdempotencyKeyReused when the key came with another input before, and NotFound where the
    row is not shown any more.
    """
    row_id = new_id()
    if once is None or work.actor.id is None:
        return await create(row_id)
    _check_key(once.key)
    if await _reserve(work, once, row_id):
        row = await create(row_id)
        await _remember(work, once, row.id, instead_of=row_id)  # type: ignore[attr-defined]
        return row
    used = (
        await work.session.scalars(select(IdempotencyKey).where(*_same_key(work, once.key)))
    ).one()
    if used.operation != once.operation or used.input_hash != once.input_hash:
        raise IdempotencyKeyReused
    row_id_column: Any = model.id  # type: ignore[attr-defined]
    made = await work.session.scalar(select(model).where(row_id_column == used.result_id, *shown))
    if made is None:
        raise NotFound
    return made


def _check_key(key: str) -> None:
    """Raise ValidationFailed for a key that cannot be kept as it came."""
    path, count = ("input", "idempotencyKey"), len(key)
    if not key.strip():
        raise ValidationFailed(FieldProblem(path, FieldErrorCode.REQUIRED))
    if count > KEY_CHARACTERS:
        raise ValidationFailed(FieldProblem(path, FieldErrorCode.TOO_LONG, KEY_CHARACTERS, count))
    if not key.isprintable():
        raise ValidationFailed(FieldProblem(path, FieldErrorCode.INVALID_FORMAT))


def _same_key(work: UnitOfWork, key: str) -> tuple[Any, ...]:
    return (
        IdempotencyKey.actor_kind == work.actor.kind,
        IdempotencyKey.actor_id == work.actor.id,
        IdempotencyKey.key == key,
    )


async def _remember(work: UnitOfWork, once: Once, row_id: UUID, *, instead_of: UUID) -> None:
    if row_id != instead_of:
        await work.session.execute(
            update(IdempotencyKey).where(*_same_key(work, once.key)).values(result_id=row_id)
        )


async def _reserve(work: UnitOfWork, once: Once, row_id: UUID) -> bool:
    """Take the key; False when it is taken already. An expired key is free again."""
    await work.session.execute(
        delete(IdempotencyKey).where(
            *_same_key(work, once.key), IdempotencyKey.created_at < work.now - KEPT_FOR
        )
    )
    dialect = work.session.get_bind().dialect.name
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(IdempotencyKey)
    taken = await work.session.execute(
        insert.values(
            actor_kind=work.actor.kind,
            actor_id=work.actor.id,
            key=once.key,
            operation=once.operation,
            input_hash=once.input_hash,
            result_id=row_id,
            created_at=work.now,
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    return taken.first() is not None

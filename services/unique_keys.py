"""Keys that only one row may have, also when two acts want the same one at the same moment."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import AlreadyExists
from models.base import Base
from services.unit_of_work import UnitOfWork, is_key_taken

RowT = TypeVar("RowT", bound=Base)
Clauses = Sequence[ColumnElement[bool]]


async def insert(
    work: UnitOfWork,
    row: RowT,
    key: InstrumentedAttribute[Any],
    *,
    within: Clauses = (),
    visible: Clauses = (),
) -> RowT:
    """Insert a row whose `key` is unique within the rows that `within` names.

    Raises AlreadyExists with the row that has the key, where it is `visible`.
    """
    value = getattr(row, key.key)
    if not await work.insert_unique(row):
        raise await already_exists(work, type(row), key == value, *within, *visible)
    return row


async def change(
    work: UnitOfWork,
    row: Base,
    key: InstrumentedAttribute[Any],
    value: str | None,
    *,
    within: Clauses = (),
    visible: Clauses = (),
) -> None:
    """Give a row another key. Raises AlreadyExists as `insert` does."""
    try:
        async with work.session.begin_nested():
            setattr(row, key.key, value)
            await work.session.flush()
    except IntegrityError as error:
        if not is_key_taken(error):
            raise
        taken = await already_exists(work, type(row), key == value, *within, *visible)
        raise taken from None


async def already_exists(
    work: UnitOfWork, model: type[Base], *clauses: ColumnElement[bool]
) -> AlreadyExists:
    """Return the error that shows the row which these clauses find, if any."""
    return AlreadyExists(await work.session.scalar(select(model).where(*clauses)))

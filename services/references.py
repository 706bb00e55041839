"""What acts refer to: topics, teams and tags, of which an admin may delete any meanwhile."""

from typing import TypeVar

from sqlalchemy import ColumnElement, select

from models.base import is_there
from services.unit_of_work import UnitOfWork

RowT = TypeVar("RowT")


async def refer_to(
    work: UnitOfWork, model: type[RowT], *is_meant: ColumnElement[bool]
) -> RowT | None:
    """Return the row that is meant, if it is there; it is not deleted before this act ends.

    So the jobs that take off what was deleted see all that refer to it. Lock the ticket first.
    """
    return await work.session.scalar(
        select(model).where(*is_meant, *is_there(model)).with_for_update(read=True)
    )

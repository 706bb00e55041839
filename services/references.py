"""What acts refer to: brands, topics, teams and tags, which an admin may delete meanwhile."""

from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, select

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from models.base import is_there
from models.brands import Brand
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


async def refer_to_brand(
    work: UnitOfWork, brand_id: UUID, *is_meant: ColumnElement[bool]
) -> Brand | None:
    """Return a brand, if it is there; it is not deleted before this act ends.

    An act that adds something to a brand calls this before it locks any template, topic or rule
    of it: whoever deletes the brand locks it, and then these. What else an act holds by then,
    turns, profiles or customers, no deletion of a brand waits for.
    The lock is the one that every reference to a row shares.
    """
    return await work.session.scalar(
        select(Brand)
        .where(Brand.id == brand_id, *is_there(Brand), *is_meant)
        .with_for_update(read=True, key_share=True)
    )


async def required_brand(work: UnitOfWork, brand_id: UUID, *is_meant: ColumnElement[bool]) -> Brand:
    """Return the brand that `brandId` of an input names. Raises ValidationFailed."""
    brand = await refer_to_brand(work, brand_id, *is_meant)
    if brand is None:
        path = ("input", "brandId")
        raise ValidationFailed(FieldProblem(path, FieldErrorCode.UNKNOWN_REFERENCE))
    return brand

"""What all tables share: naming of constraints, column types, the version of a row."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    Dialect,
    Enum,
    ForeignKey,
    MetaData,
    String,
    Text,
)
from sqlalchemy import DateTime as SQLDateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from core.ids import new_id

# The limits of product.md: free text of the customer's context, and tags.
FREE_TEXT_CHARACTERS = 2_000
TAG_CHARACTERS = 50
NAME_CHARACTERS = 200
# RFC 5321: a path is at most 256 octets with its angle brackets.
EMAIL_CHARACTERS = 254


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps no time zone, so it is given back when a value is read."""

    impl = SQLDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse moments without a time zone: they would mean another moment elsewhere."""
        if value is not None and value.tzinfo is None:
            message = "a moment needs a time zone"
            raise ValueError(message)
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment its time zone back."""
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


def enum_column(kind: type[StrEnum]) -> Enum:
    """Return a text column limited to the values of `kind`: easier to extend than native enums."""
    return Enum(
        kind, native_enum=False, create_constraint=True, length=24, name=kind.__name__.lower()
    )


def limited(column: str, characters: int) -> CheckConstraint:
    """Return the constraint that `column` has at most so many characters (Unicode code points)."""
    return CheckConstraint(f"length({column}) <= {characters}", name=f"{column}_length")


# Folded text sorts by code point on both databases, so that ranges and pages agree.
FoldedText = String().with_variant(String(collation="C"), "postgresql")

JsonObject = JSON().with_variant(JSONB, "postgresql")

Key = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]
Name = Annotated[str, mapped_column(String(NAME_CHARACTERS))]
FoldedKey = Annotated[str, mapped_column(FoldedText)]
LongText = Annotated[str, mapped_column(Text)]


def reference(target: str, *, primary_key: bool = False, index: bool = True) -> Any:
    """Return a foreign key column. `index=False` where another index begins with the column."""
    return mapped_column(ForeignKey(target), primary_key=primary_key, index=index)


class Base(DeclarativeBase):
    """The base of all tables. Relations are never loaded behind one's back: there are none."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JsonObject, list[str]: JsonObject}  # noqa: RUF012


class Versioned:
    """A row with a version: the sequence of the last event in the topic the row belongs to."""

    version: Mapped[int] = mapped_column(default=0)


class Deletable:
    """A row that stays when it is deleted, as others refer to it; `deleted_at` is when it was.

    Whoever reads such rows leaves the deleted ones out: to the API they never existed.
    """

    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def is_there(model: type[Any]) -> Sequence[ColumnElement[bool]]:
    """Limit rows of `model` to those that are not deleted, where any ever is."""
    return [model.deleted_at.is_(None)] if issubclass(model, Deletable) else []


Columns = frozenset[str] | None

# Marks a column that no read of the API ever loads: mapped_column(info={SECRET: True}).
SECRET = "secret"  # noqa: S105  # a name, not a password


def project(model: type[Base], columns: Columns) -> list[InstrumentedAttribute[Any]]:
    """Return the columns to select: `id` and those asked for; for None all but secret ones."""
    shown = [
        name
        for name, attribute in model.__mapper__.column_attrs.items()
        if not attribute.columns[0].info.get(SECRET)
    ]
    if columns is not None:
        shown = [name for name in shown if name in columns or name == "id"]
    return [getattr(model, name) for name in shown]

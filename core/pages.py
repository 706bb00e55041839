"""Keyset pages: a cursor is the sort key of a row, so no page skips or repeats one.

Offsets are never used: they count rows that others add and remove meanwhile.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    SmallInteger,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed

DEFAULT_PAGE_SIZE = 25  # contract.md
MAX_PAGE_SIZE = 100  # contract.md


# What parsers raise for values of another kind or size; UUID takes any object for a text.
_UNREADABLE = (ValueError, TypeError, OverflowError, AttributeError)

Sortable = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column of an order: the attribute of the row, the expression, and how to parse it."""

    name: str
    expression: Sortable
    parse: Callable[[Any], Any]

    def read(self, value: Any) -> Any:
        """Return the value that a cursor holds for this key.

        Anybody can make up a cursor, so what no row can have is refused here: the databases'
        drivers fail at it. Raises ValueError, or what `parse` raises.
        """
        parsed = self.parse(value)
        column_type = self.expression.type
        if isinstance(column_type, Integer) and parsed.bit_length() >= _bits(column_type):
            raise ValueError(value)
        if isinstance(parsed, str) and "\0" in parsed:
            raise ValueError(value)
        return parsed


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of rows; the last key is unique. `name` keeps cursors of other orders out."""

    name: str
    keys: tuple[SortKey, ...]
    descending: bool = False

    @property
    def columns(self) -> frozenset[str]:
        """Return the attributes a row needs for its cursor."""
        return frozenset(key.name for key in self.keys)

    def clauses(self, *, reverse: bool) -> list[ColumnElement[Any]]:
        """Return what to order by."""
        descending = self.descending is not reverse
        return [key.expression.desc() if descending else key.expression.asc() for key in self.keys]

    def cursor(self, row: Any) -> str:
        """Return the cursor of a row."""
        values = [getattr(row, key.name) for key in self.keys]
        return _encode([self.name, *values])

    def key_of_cursor(self, cursor: str, argument: str) -> tuple[Any, ...]:
        """Return the sort key that a cursor holds.

        Raises ValidationFailed at `argument` for a text that is no cursor of this order.
        """
        try:
            name, *values = _decode(cursor)
            if name == self.name and len(values) == len(self.keys):
                return tuple(key.read(value) for key, value in zip(self.keys, values, strict=True))
        except _UNREADABLE:
            pass
        raise ValidationFailed(FieldProblem((argument,), FieldErrorCode.INVALID_CURSOR))

    def beyond(self, key: Sequence[Any], *, reverse: bool) -> ColumnElement[bool]:
        """Limit rows to those that follow `key` (with `reverse`: that precede it)."""
        columns = tuple_(*(k.expression for k in self.keys))
        place = tuple_(
            *(literal(v, k.expression.type) for k, v in zip(self.keys, key, strict=True))
        )
        return columns < place if self.descending is not reverse else columns > place


def by_moment(
    name: str,
    moment: Sortable,
    row_id: Sortable,
    *,
    descending: bool = False,
) -> Order:
    """Return the order by a moment, then by id; `name` is the moment's attribute."""
    return Order(
        f"{name}{'-' if descending else '+'}",
        (SortKey(name, moment, _moment), SortKey("id", row_id, UUID)),
        descending,
    )


def by_text(name: str, column: Sortable, row_id: Sortable) -> Order:
    """Return the order by a text, then by id."""
    return Order(name, (SortKey(name, column, _text), SortKey("id", row_id, UUID)))


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: `size` rows after or before a cursor, or from one end."""

    size: int = DEFAULT_PAGE_SIZE
    after: str | None = None
    before: str | None = None
    backwards: bool = False

    @classmethod
    def of(
        cls,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> "PageRequest":
        """Check the arguments of a connection.

        Raises ValidationFailed for a size out of 0–100, and for `first` together with `last`.
        """
        if first is not None and last is not None:
            raise ValidationFailed(FieldProblem(("last",), FieldErrorCode.NOT_ALLOWED_VALUE))
        argument, size = ("last", last) if last is not None else ("first", first)
        if size is not None and size > MAX_PAGE_SIZE:
            raise ValidationFailed(
                FieldProblem((argument,), FieldErrorCode.PAGE_TOO_LARGE, MAX_PAGE_SIZE, size)
            )
        if size is not None and size < 0:
            raise ValidationFailed(FieldProblem((argument,), FieldErrorCode.OUT_OF_RANGE, 0, size))
        return cls(
            size=DEFAULT_PAGE_SIZE if size is None else size,
            after=after,
            before=before,
            backwards=last is not None,
        )

    def limits(self, order: Order) -> list[ColumnElement[bool]]:
        """Return what the cursors limit the rows to."""
        limits = []
        if self.after is not None:
            limits.append(order.beyond(order.key_of_cursor(self.after, "after"), reverse=False))
        if self.before is not None:
            limits.append(order.beyond(order.key_of_cursor(self.before, "before"), reverse=True))
        return limits


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, in the list's order."""

    rows: Sequence[Any]
    order: Order
    has_next: bool = False
    has_previous: bool = False
    total: int | None = None


def select_page(statement: Select[Any], order: Order, request: PageRequest) -> Select[Any]:
    """Limit `statement` to one page, and one row more that tells whether the list goes on."""
    return (
        statement.where(*request.limits(order))
        .order_by(*order.clauses(reverse=request.backwards))
        .limit(request.size + 1)
    )


def select_pages(
    statement: Select[Any], order: Order, request: PageRequest, parent: Sortable
) -> Select[Any]:
    """Limit `statement` to one page for each parent, all in one statement.

    The rows carry `page_parent`, the parent they belong to.
    """
    position = func.row_number().over(
        partition_by=parent, order_by=order.clauses(reverse=request.backwards)
    )
    ranked = (
        statement.add_columns(parent.label("page_parent"), position.label("page_position"))
        .where(*request.limits(order))
        .subquery()
    )
    return (
        select(ranked)
        .where(ranked.c.page_position <= request.size + 1)
        .order_by(ranked.c.page_parent, ranked.c.page_position)
    )


def to_page(
    rows: Sequence[Row[Any]], order: Order, request: PageRequest, *, total: int | None = None
) -> Page:
    """Make a page out of what `select_page` found."""
    more = len(rows) > request.size
    kept = rows[: request.size]
    if request.backwards:
        return Page(kept[::-1], order, request.before is not None, more, total)
    return Page(kept, order, more, request.after is not None, total)


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment.astimezone(UTC)


def _bits(column_type: Integer) -> int:
    if isinstance(column_type, BigInteger):
        return 64
    return 16 if isinstance(column_type, SmallInteger) else 32


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _encode(values: list[Any]) -> str:
    # Ids that a database driver made are UUIDs of its own class, which the encoder does not know.
    return urlsafe_b64encode(orjson.dumps(values, default=str)).rstrip(b"=").decode("ascii")


def _decode(cursor: str) -> list[Any]:
    padded = cursor + "=" * (-len(cursor) % 4)
    decoded = orjson.loads(urlsafe_b64decode(padded.encode("ascii")))
    if not isinstance(decoded, list) or not decoded:
        raise ValueError(cursor)
    return decoded

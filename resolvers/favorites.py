"""Favourites of tickets: the list, the star of an item, adding and removing."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, false, func, or_, select

from core.ids import NodeKind
from core.pages import Order, Page, SortKey, by_moment
from models import tickets
from models.base import Columns, project
from models.favorites import Favorite
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from resolvers import messages, notes
from resolvers.audiences import same_for_audience
from resolvers.batches import IDS, KEPT_STATEMENTS, Family, PageArguments, load_pages
from resolvers.global_ids import parse_id
from resolvers.scope import Batch, Scope
from services import favorites

# What is of one moment, as an import brings it, stands in the conversation by its id.
_ITEM_ID = func.coalesce(Favorite.message_id, Favorite.note_id)
_MOMENT, _ = by_moment("item_created_at", Favorite.item_created_at, _ITEM_ID).keys
CONVERSATION_ORDER = Order("conversation+", (_MOMENT, SortKey("item_id", _ITEM_ID, UUID)))


def _readable(viewer: Viewer) -> list[ColumnElement[bool]]:
    """Hide favourites of notes from those who may not read notes."""
    return [] if viewer.may(ApiScope.NOTES_READ) else [Favorite.note_id.is_(None)]


@same_for_audience
async def by_ticket(
    scope: Scope, ticket_ids: Sequence[UUID], arguments: PageArguments, columns: Columns
) -> Mapping[UUID, Page]:
    """Return one page of the favourites of each ticket that the viewer has come to see."""
    wanted = None if columns is None else columns | {"item_created_at"}
    starred = select(*project(Favorite, wanted), _ITEM_ID.label("item_id")).where(
        Favorite.ticket_id.in_(ticket_ids), *_readable(scope.viewer)
    )
    family = Family(ticket_ids, Favorite.ticket_id, CONVERSATION_ORDER)
    return await load_pages(scope, starred, family, arguments)


async def by_id(
    scope: Scope, ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Row[Any]]:
    """Return favourites by their ids."""
    rows = await scope.fetch(
        select(*project(Favorite, columns))
        .join(Ticket, Ticket.id == Favorite.ticket_id)
        .where(Favorite.id.in_(ids), tickets.visible_to(scope.viewer), *_readable(scope.viewer))
    )
    return {row.id: row for row in rows}


@same_for_audience
async def by_item(
    scope: Scope, item_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Row[Any]]:
    """Return the favourites of messages and notes that the viewer has come to see already."""
    statement = _of_items(columns, with_notes=scope.viewer.may(ApiScope.NOTES_READ))
    rows = await scope.fetch(statement, {"ids": item_ids})
    return {row.message_id or row.note_id: row for row in rows}


@lru_cache(KEPT_STATEMENTS)
def _of_items(columns: Columns, *, with_notes: bool) -> Select[Any]:
    wanted = None if columns is None else columns | {"message_id", "note_id"}
    of_notes = Favorite.note_id.in_(IDS) if with_notes else false()
    return select(*project(Favorite, wanted)).where(or_(Favorite.message_id.in_(IDS), of_notes))


@same_for_audience
async def counts(
    scope: Scope, keys: Sequence[tuple[UUID, int]], _arguments: None, _columns: Columns
) -> Mapping[tuple[UUID, int], int]:
    """Return how many favourites of tickets the viewer may see, by ticket and count on its row.

    Most viewers see them all, and for them nothing is counted.
    """
    if scope.viewer.may(ApiScope.NOTES_READ):
        return {key: key[1] for key in keys}
    rows = await scope.fetch(
        select(Favorite.ticket_id, func.count().label("total"))
        .where(Favorite.ticket_id.in_([key[0] for key in keys]), *_readable(scope.viewer))
        .group_by(Favorite.ticket_id)
    )
    totals = {row.ticket_id: row.total for row in rows}
    return {key: totals.get(key[0], 0) for key in keys}


async def add(scope: Scope, item_id: str) -> tuple[Any, Any]:
    """Star a message or a note; return the favourite and its ticket."""
    kind, row_id = parse_id(item_id, NodeKind.MESSAGE, NodeKind.NOTE, path=("input", "itemId"))
    async with scope.unit_of_work() as work:
        return await favorites.add(work, scope.viewer, kind, row_id)


async def remove(scope: Scope, item_id: str) -> Any:
    """Take a star away; return the ticket."""
    kind, row_id = parse_id(item_id, NodeKind.MESSAGE, NodeKind.NOTE, path=("input", "itemId"))
    async with scope.unit_of_work() as work:
        return await favorites.remove(work, scope.viewer, kind, row_id)


ItemKey = tuple[UUID | None, UUID | None]
"""The id of a message, or that of a note."""


@same_for_audience
async def item(
    scope: Scope, keys: Sequence[ItemKey], _arguments: None, _columns: Columns
) -> Mapping[ItemKey, tuple[bool, Any]]:
    """Return the messages (True) and notes (False) of a ticket that have these ids."""
    return await _items(scope, keys, notes.by_id)


@same_for_audience
async def starred_item(
    scope: Scope, keys: Sequence[ItemKey], _arguments: None, _columns: Columns
) -> Mapping[ItemKey, tuple[bool, Any]]:
    """Return the items of stars that were read just now: a note may have been deleted since."""
    return await _items(scope, keys, notes.by_id_even_deleted)


async def _items(
    scope: Scope, keys: Sequence[ItemKey], notes_by_id: Batch
) -> Mapping[ItemKey, tuple[bool, Any]]:
    message_rows = await messages.by_id(scope, [key for key, _ in keys if key], None, None)
    note_rows = await notes_by_id(scope, [key for _, key in keys if key], None, None)
    found: dict[ItemKey, tuple[bool, Any]] = {}
    found.update({(key, None): (True, row) for key, row in message_rows.items()})
    found.update({(None, key): (False, row) for key, row in note_rows.items()})
    return found

"""Tags, those that stand on tickets, and what admins do with them."""

from collections.abc import Mapping
from typing import Any

from core.ids import NodeKind
from core.pages import Page
from models.base import Columns
from models.tags import Tag, TicketTag, visible_to
from resolvers.access import require_signed_in
from resolvers.batches import PageArguments, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.links import rows_by_link
from resolvers.name_lists import page_by_name
from resolvers.scope import Scope
from services import deletions, tags
from services.changes import Edit
from services.tags import NewTag

by_id = rows_by_id(Tag, visible_to)
by_ticket = rows_by_link(Tag, visible_to, TicketTag.ticket_id, TicketTag.tag_id)


async def page(
    scope: Scope, search: str | None, arguments: PageArguments, columns: Columns
) -> Page:
    """Return one page of the tags, by name."""
    return await page_by_name(scope, Tag, visible_to, search, [Tag.name_key], arguments, columns)


async def create(scope: Scope, new: NewTag, idempotency_key: str | None) -> Tag:
    """Add a tag."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await tags.create(work, scope.viewer, new, idempotency_key=idempotency_key)


async def update(
    scope: Scope, tag_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Tag, Edit]:
    """Rename a tag; return it and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(tag_id, NodeKind.TAG, "input", "tagId")
    async with scope.unit_of_work() as work:
        return await tags.update(work, scope.viewer, row_id, expected_version, wanted)


async def delete(scope: Scope, tag_id: str) -> None:
    """Delete a tag."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(tag_id, NodeKind.TAG, "input", "tagId")
    async with scope.unit_of_work() as work:
        await deletions.delete_tag(work, scope.viewer, row_id)

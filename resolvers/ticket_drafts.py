"""The viewer's own drafts of tickets. Nobody sees those of others, admins neither."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from core.ids import NodeKind
from core.pages import Page, by_moment, select_page, to_page
from models.base import Columns, project
from models.event_topics import ticket_drafts_topic
from models.events import read_heads
from models.ticket_drafts import TicketDraft, TicketDraftRevision, visible_to
from models.viewers import Viewer
from resolvers import attachments, customers
from resolvers.access import require_signed_in
from resolvers.audiences import personal
from resolvers.batches import PageArguments, pages_by_parent, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.scope import Batch, Scope
from services import ticket_drafts
from services.interaction_lists import require_agent
from services.ticket_draft_references import REFERENCES, choices, named

NEWEST_FIRST = by_moment("updated_at", TicketDraft.updated_at, TicketDraft.id, descending=True)
SAVED_LAST_FIRST = by_moment(
    "saved_at", TicketDraftRevision.saved_at, TicketDraftRevision.id, descending=True
)
# The columns of a form that refer to other rows, as `lost_fields` is given them.
REFERRING = tuple(REFERENCES)

by_id = personal(rows_by_id(TicketDraft, visible_to))

# Their parents are drafts that the viewer has come to see already: their own.
revisions = personal(
    pages_by_parent(
        TicketDraftRevision,
        TicketDraftRevision.draft_id,
        SAVED_LAST_FIRST,
        limits=lambda _viewer, _only: [],
    )
)


def _choice(column: str) -> Batch:
    """Return the batch function for what a form refers to, as far as the viewer could choose it."""
    reference = REFERENCES[column]
    return personal(rows_by_id(reference.model, reference.open_to))


brand = _choice("brand_id")
template = _choice("template_id")
topic = _choice("topic_id")
assignee = _choice("assignee_id")
team = _choice("team_id")
_tag = _choice("tag_ids")


@personal
async def customer(
    scope: Scope, ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Row[Any]]:
    """Return the customers whom forms name; who was merged since is known as another."""
    return await customers.by_id(scope, ids, None, columns)


@personal
async def tags(
    scope: Scope, lists: Sequence[tuple[UUID, ...]], _arguments: None, columns: Columns
) -> Mapping[tuple[UUID, ...], Sequence[Row[Any]]]:
    """Return the tags of each list of ids that the viewer could choose, in the list's order."""
    return _in_order(lists, await _tag(scope, _ids_in(lists), None, columns))


@personal
async def former_files(
    scope: Scope, lists: Sequence[tuple[UUID, ...]], _arguments: None, columns: Columns
) -> Mapping[tuple[UUID, ...], Sequence[Row[Any]]]:
    """Return the files that stood on what drafts were, as far as the viewer sees them still."""
    return _in_order(lists, await attachments.by_id(scope, _ids_in(lists), None, columns))


@personal
async def lost_fields(
    scope: Scope, forms: Sequence[tuple[Any, ...]], _arguments: None, _columns: Columns
) -> Mapping[tuple[Any, ...], Sequence[str]]:
    """Return the fields of forms that refer to something the viewer could not choose any more."""
    ids = {
        form: {column: named(column, value) for column, value in zip(REFERRING, form, strict=True)}
        for form in forms
    }
    wanted = {column: {one for of in ids.values() for one in of[column]} for column in REFERRING}
    wanted = {column: of for column, of in wanted.items() if of}
    rows = await scope.fetch(choices(scope.viewer, wanted)) if wanted else []
    found = {row.id for row in rows}
    return {
        form: [REFERENCES[column].field for column in REFERRING if not found.issuperset(of[column])]
        for form, of in ids.items()
    }


def agent_of(viewer: Viewer) -> UUID:
    """Return whose drafts are asked for.

    Raises Unauthenticated for strangers, and NotAllowed for others who have none.
    """
    require_signed_in(viewer)
    return require_agent(viewer)


async def one(scope: Scope, draft_id: str, columns: Columns) -> Row[Any] | None:
    """Return one of the viewer's drafts; None for what is none of theirs."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(draft_id, NodeKind.TICKET_DRAFT, "id")
    row: Row[Any] | None = await scope.load(by_id, row_id, None, columns)
    return row


async def page(scope: Scope, arguments: PageArguments, columns: Columns) -> Page:
    """Return one page of the viewer's drafts, the one saved last first."""
    agent_of(scope.viewer)
    wanted = None if columns is None else columns | NEWEST_FIRST.columns
    mine = select(*project(TicketDraft, wanted)).where(visible_to(scope.viewer))
    rows = await scope.fetch(select_page(mine, NEWEST_FIRST, arguments.request))
    total = None
    if arguments.with_total:
        total = (await scope.fetch(mine.with_only_columns(func.count())))[0][0]
    return to_page(rows, NEWEST_FIRST, arguments.request, total=total)


async def position(scope: Scope) -> Mapping[str, int]:
    """Return how far the events of the viewer's drafts reach."""
    topic_name = ticket_drafts_topic(agent_of(scope.viewer))
    heads = await read_heads(await scope.connection(), [topic_name])
    return {topic_name: heads[topic_name].sequence}


async def save(
    scope: Scope,
    typed: Mapping[str, Any],
    *,
    draft_id: str | None,
    expected_version: int | None,
    idempotency_key: str | None,
) -> tuple[TicketDraft, Sequence[str]]:
    """Keep a form, a new one without an id; return it and what other tabs had saved meanwhile."""
    require_signed_in(scope.viewer)
    row_id = None if draft_id is None else _row_id(draft_id)
    async with scope.unit_of_work() as work:
        if row_id is None:
            draft = await ticket_drafts.create(
                work, scope.viewer, typed, idempotency_key=idempotency_key
            )
            return draft, ()
        draft, edit = await ticket_drafts.update(
            work, scope.viewer, row_id, expected_version, typed
        )
    return draft, edit.merged_fields


async def restore(
    scope: Scope, draft_id: str, revision_id: str, expected_version: int
) -> tuple[TicketDraft, Sequence[str]]:
    """Make of a draft what it was; return it and what other tabs had saved meanwhile."""
    require_signed_in(scope.viewer)
    row_id = _row_id(draft_id)
    revision = row_id_of(revision_id, NodeKind.TICKET_DRAFT_REVISION, "input", "revisionId")
    async with scope.unit_of_work() as work:
        draft, edit = await ticket_drafts.restore(
            work, scope.viewer, row_id, revision, expected_version
        )
    return draft, edit.merged_fields


async def delete(scope: Scope, draft_id: str) -> None:
    """Delete one of the viewer's drafts."""
    require_signed_in(scope.viewer)
    row_id = _row_id(draft_id)
    async with scope.unit_of_work() as work:
        await ticket_drafts.delete(work, scope.viewer, row_id)


def _row_id(draft_id: str) -> UUID:
    return row_id_of(draft_id, NodeKind.TICKET_DRAFT, "input", "draftId")


def _ids_in(lists: Sequence[tuple[UUID, ...]]) -> list[UUID]:
    return list({row_id for ids in lists for row_id in ids})


def _in_order(
    lists: Sequence[tuple[UUID, ...]], rows: Mapping[UUID, Row[Any]]
) -> Mapping[tuple[UUID, ...], Sequence[Row[Any]]]:
    return {ids: [rows[row_id] for row_id in ids if row_id in rows] for ids in lists}

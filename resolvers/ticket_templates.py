"""Templates of tickets, as the viewer may see them, and what agents do with them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from core.ids import NodeKind
from core.pages import Page, by_text, select_page, to_page
from models.agents import Agent
from models.base import Columns, project
from models.tags import Tag
from models.tags import visible_to as tag_visible_to
from models.teams import Team
from models.ticket_templates import TicketTemplate, TicketTemplateTag, visible_to
from models.topics import Topic
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import PageArguments, grouped, rows_by_id
from resolvers.global_ids import optional_row_id, row_id_of
from resolvers.links import rows_by_link
from resolvers.scope import Batch, Scope
from services import ticket_templates
from services.assignees import BrandId, agent_is_assignable, team_is_assignable
from services.changes import Edit
from services.name_search import words_begin
from services.template_problems import TemplateProblem, select_problems
from services.ticket_templates import NewTemplate

BY_NAME = by_text("name_key", TicketTemplate.name_key, TicketTemplate.id)

by_id = rows_by_id(TicketTemplate, visible_to)
tags_of = rows_by_link(Tag, tag_visible_to, TicketTemplateTag.template_id, TicketTemplateTag.tag_id)


def _offered(
    model: Any,
    named: InstrumentedAttribute[UUID | None],
    is_offered: Callable[[BrandId], ColumnElement[bool]],
) -> Batch:
    """Return the batch function that loads what templates name, where a ticket can be given it."""

    @same_for_audience
    async def by_template(
        scope: Scope, template_ids: Sequence[UUID], _arguments: None, columns: Columns
    ) -> Mapping[UUID, Row[Any]]:
        statement: Select[Any] = (
            select(TicketTemplate.id.label("template_id"), *project(model, columns))
            .join(model, model.id == named)
            .where(TicketTemplate.id.in_(template_ids), is_offered(TicketTemplate.brand_id))
        )
        return {row.template_id: row for row in await scope.fetch(statement)}

    return by_template


topic_of = _offered(Topic, TicketTemplate.topic_id, lambda _brand_id: Topic.deleted_at.is_(None))
team_of = _offered(Team, TicketTemplate.team_id, team_is_assignable)
assignee_of = _offered(Agent, TicketTemplate.assignee_id, agent_is_assignable)


@same_for_audience
async def problems_of(
    scope: Scope, template_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, Sequence[TemplateProblem]]:
    """Return what templates name that no ticket can be given any more."""
    rows = grouped(await scope.fetch(select_problems(template_ids)), "template_id")
    return {key: [TemplateProblem.of(row) for row in found] for key, found in rows.items()}


async def page(
    scope: Scope,
    brand_id: str | None,
    search: str | None,
    arguments: PageArguments,
    columns: Columns,
) -> Page:
    """Return one page of the templates of a brand, or of all the viewer's brands, by name."""
    require_signed_in(scope.viewer)
    clauses = [visible_to(scope.viewer), words_begin(search, TicketTemplate.name_key)]
    row_id = optional_row_id(brand_id, NodeKind.BRAND, "brandId")
    if row_id is not None:
        clauses.append(TicketTemplate.brand_id == row_id)
    needed = None if columns is None else columns | BY_NAME.columns
    chosen = select(*project(TicketTemplate, needed)).where(*clauses)
    rows = await scope.fetch(select_page(chosen, BY_NAME, arguments.request))
    total = None
    if arguments.with_total:
        counted = select(func.count(TicketTemplate.id)).where(*clauses)
        total = (await scope.fetch(counted))[0][0]
    return to_page(rows, BY_NAME, arguments.request, total=total)


async def one(scope: Scope, template_id: str, columns: Columns) -> Row[Any] | None:
    """Return the template with this id, or None where the viewer sees none."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(template_id, NodeKind.TICKET_TEMPLATE, "id")
    found: Row[Any] | None = await scope.load(by_id, row_id, columns=columns)
    return found


async def create(scope: Scope, new: NewTemplate, idempotency_key: str | None) -> TicketTemplate:
    """Make a template."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await ticket_templates.create(
            work, scope.viewer, new, idempotency_key=idempotency_key
        )


async def update(
    scope: Scope, template_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[TicketTemplate, Edit]:
    """Edit a template; return it and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = _row_id(template_id)
    async with scope.unit_of_work() as work:
        return await ticket_templates.update(work, scope.viewer, row_id, expected_version, wanted)


async def delete(scope: Scope, template_id: str) -> None:
    """Delete a template."""
    require_signed_in(scope.viewer)
    row_id = _row_id(template_id)
    async with scope.unit_of_work() as work:
        await ticket_templates.delete(work, scope.viewer, row_id)


def _row_id(template_id: str) -> UUID:
    return row_id_of(template_id, NodeKind.TICKET_TEMPLATE, "input", "templateId")

"""What drafts of tickets refer to: rows that others may hide or delete meanwhile."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, and_, literal, select, union_all

from models import agents, brands, customers, tags, teams, ticket_templates, topics
from models.agents import Agent
from models.brands import Brand
from models.customers import Customer
from models.tags import Tag
from models.teams import Team
from models.ticket_templates import TicketTemplate
from models.topics import Topic
from models.viewers import Viewer
from services.links import HIDDEN
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that refers to rows of `model`, and which of them the viewer could choose now."""

    field: str
    model: Any
    open_to: Callable[[Viewer], ColumnElement[bool]]


def _agents(viewer: Viewer) -> ColumnElement[bool]:
    return and_(agents.visible_to(viewer), Agent.active)


# By the column of the form; `tag_ids` holds several.
REFERENCES: Mapping[str, Reference] = {
    "brand_id": Reference("brand", Brand, brands.visible_to),
    "template_id": Reference("template", TicketTemplate, ticket_templates.visible_to),
    "topic_id": Reference("topic", Topic, topics.visible_to),
    "customer_id": Reference("customer", Customer, customers.leads_to_visible),
    "assignee_id": Reference("assignee", Agent, _agents),
    "team_id": Reference("team", Team, teams.visible_to),
    "tag_ids": Reference("tags", Tag, tags.visible_to),
}


def named(column: str, value: Any) -> Collection[UUID]:
    """Return the ids that the value of a column names."""
    if value is None:
        return ()
    return value if column == "tag_ids" else (value,)


def choices(
    viewer: Viewer, wanted: Mapping[str, Collection[UUID]]
) -> CompoundSelect[tuple[str, UUID, str]]:
    """Return the rows with these ids, by column, that the viewer could choose now."""
    return union_all(
        *(
            select(
                literal(column).label("column"),
                REFERENCES[column].model.id.label("id"),
                REFERENCES[column].model.name.label("name"),
            ).where(REFERENCES[column].model.id.in_(ids), REFERENCES[column].open_to(viewer))
            for column, ids in wanted.items()
        )
    )


async def names(work: UnitOfWork, viewer: Viewer, *forms: Mapping[str, Any]) -> dict[UUID, str]:
    """Return what the rows that forms refer to are called, as far as the viewer sees them."""
    wanted: dict[str, set[UUID]] = {column: set() for column in REFERENCES}
    for form in forms:
        for column in REFERENCES.keys() & form.keys():
            wanted[column].update(named(column, form[column]))
    found = await work.session.execute(choices(viewer, wanted))
    unknown = {row_id: HIDDEN for ids in wanted.values() for row_id in ids}
    return unknown | {row.id: row.name for row in found}

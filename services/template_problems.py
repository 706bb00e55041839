"""What a template names that no ticket can be given any more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from sqlalchemy import CompoundSelect, case, literal, select, union_all

from models.agents import Agent
from models.tags import Tag
from models.teams import Team
from models.ticket_templates import TicketTemplate, TicketTemplateTag
from models.topics import Topic
from services.assignees import agent_is_assignable, team_is_assignable
from services.unit_of_work import UnitOfWork


class TemplateField(StrEnum):
    """The field of a template that names it."""

    TOPIC = "TOPIC"
    ASSIGNEE = "ASSIGNEE"
    TEAM = "TEAM"
    TAGS = "TAGS"


class ProblemReason(StrEnum):
    """Why it cannot be given."""

    DELETED = "DELETED"
    NOT_ASSIGNABLE = "NOT_ASSIGNABLE"


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """Something that a template names and that cannot be given: `row_id` with this name."""

    field: TemplateField
    row_id: UUID
    name: str
    reason: ProblemReason

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return the problem that a row of `select_problems` tells."""
        return cls(TemplateField(row.field), row.row_id, row.name, ProblemReason(row.reason))

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Return the problem that the log tells."""
        return cls(
            TemplateField(payload["field"]),
            UUID(payload["row_id"]),
            payload["name"],
            ProblemReason(payload["reason"]),
        )

    def as_payload(self) -> dict[str, Any]:
        """Return the shape kept in the event log."""
        return {
            "field": self.field,
            "row_id": self.row_id.hex,
            "name": self.name,
            "reason": self.reason,
        }


async def problems_of(work: UnitOfWork, template_id: UUID) -> list[TemplateProblem]:
    """Return what a template names that cannot be given now."""
    rows = await work.session.execute(select_problems([template_id]))
    return [TemplateProblem.of(row) for row in rows]


def select_problems(template_ids: Sequence[UUID]) -> CompoundSelect[Any]:
    """Select (template_id, field, row_id, name, reason), in the form's order, then by name."""
    deleted, not_assignable = literal(ProblemReason.DELETED), literal(ProblemReason.NOT_ASSIGNABLE)
    chosen = TicketTemplate.id.in_(template_ids)
    brand_id = TicketTemplate.brand_id
    template_id = TicketTemplate.id.label("template_id")

    def columns(place: int, field: TemplateField, model: Any, reason: Any) -> tuple[Any, ...]:
        return (
            template_id,
            literal(place).label("place"),
            literal(field).label("field"),
            model.id.label("row_id"),
            model.name.label("name"),
            model.name_key.label("name_key"),
            reason.label("reason"),
        )

    return union_all(
        select(*columns(0, TemplateField.TOPIC, Topic, deleted))
        .join(Topic, Topic.id == TicketTemplate.topic_id)
        .where(chosen, Topic.deleted_at.is_not(None)),
        select(*columns(1, TemplateField.ASSIGNEE, Agent, not_assignable))
        .join(Agent, Agent.id == TicketTemplate.assignee_id)
        .where(chosen, ~agent_is_assignable(brand_id)),
        select(
            *columns(
                2,
                TemplateField.TEAM,
                Team,
                case((Team.deleted_at.is_not(None), deleted), else_=not_assignable),
            )
        )
        .join(Team, Team.id == TicketTemplate.team_id)
        .where(chosen, ~team_is_assignable(brand_id) | Team.deleted_at.is_not(None)),
        select(*columns(3, TemplateField.TAGS, Tag, deleted))
        .select_from(TicketTemplate)
        .join(TicketTemplateTag, TicketTemplateTag.template_id == TicketTemplate.id)
        .join(Tag, Tag.id == TicketTemplateTag.tag_id)
        .where(chosen, Tag.deleted_at.is_not(None)),
    ).order_by("place", "name_key")

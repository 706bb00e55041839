"""Handing a ticket over: to an agent, to a team, or back to nobody."""

from collections.abc import Mapping
from uuid import UUID

from models.agents import Agent
from models.teams import Team
from models.viewers import Viewer
from services import notes, notifications
from services.assignees import choose_agent, choose_team
from services.changes import FieldChange
from services.tickets import take
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck


async def transfer(
    work: UnitOfWork,
    viewer: Viewer,
    ticket_id: UUID,
    wanted: Mapping[str, UUID | None],
    comment: str | None = None,
) -> None:
    """Give a ticket to what `wanted` says of `team_id` and `assignee_id`; None takes it away.

    The comment stays with the ticket as an inline note, like all its notes.
    Raises ValidationFailed for an agent or a team that may not be assigned in the ticket's brand.
    """
    hand = await take(work, viewer, ticket_id)
    ticket = hand.ticket
    check = InputCheck()
    changes = []
    if "team_id" in wanted and wanted["team_id"] != ticket.team_id:
        team = await choose_team(work, check, ticket.brand_id, wanted["team_id"])
        before = await work.session.get(Team, ticket.team_id) if ticket.team_id else None
        ticket.team_id = team.id if team else None
        changes.append(_change("team", before, team))
    if "assignee_id" in wanted and wanted["assignee_id"] != ticket.assignee_id:
        agent = await choose_agent(work, check, ticket.brand_id, wanted["assignee_id"])
        holder = await work.session.get(Agent, ticket.assignee_id) if ticket.assignee_id else None
        ticket.assignee_id = agent.id if agent else None
        changes.append(_change("assignee", holder, agent))
        notifications.tell_assigned(work, ticket)
    check.raise_problems()
    hand.record_changes(changes)
    if comment is not None and comment.strip():
        await notes.add_comment(work, viewer, hand, comment)
    await hand.finish()


def _change(field: str, before: Agent | Team | None, after: Agent | Team | None) -> FieldChange:
    return FieldChange(
        field,
        before.name if before else None,
        after.name if after else None,
        before.id if before else None,
        after.id if after else None,
    )

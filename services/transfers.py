"""Handing a ticket over: to an agent, to a team, or back to nobody."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from models.agents import Agent
from models.teams import Team
from models.tickets import Ticket
from models.viewers import Viewer
from services import notes, notifications
from services.assignees import choose_agent, choose_team
from services.changes import FieldChange
from services.idempotency import Once, create_once
from services.tickets import TicketInHand, take
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck


async def transfer(
    work: UnitOfWork,
    viewer: Viewer,
    ticket_id: UUID,
    wanted: Mapping[str, UUID | None],
    comment: str | None = None,
    *,
    idempotency_key: str | None = None,
) -> None:
    """Give a ticket to what `wanted` says of `team_id` and `assignee_id`; None takes it away.

    The comment stays with the ticket as an inline note, like all its notes: with an idempotency key
    it is written once.
    Raises ValidationFailed for an agent or a team that may not be assigned in the ticket's brand.
    """
    once = None
    if idempotency_key is not None:
        given = {"ticket": ticket_id, "wanted": wanted, "comment": comment}
        once = Once(idempotency_key, "ticketTransfer", given)
    hand_over = partial(_transfer, work, viewer, ticket_id, wanted, comment)
    await create_once(work, once, Ticket, lambda _new_id: hand_over())


async def _transfer(
    work: UnitOfWork,
    viewer: Viewer,
    ticket_id: UUID,
    wanted: Mapping[str, UUID | None],
    comment: str | None,
) -> Ticket:
    hand = await take(work, viewer, ticket_id)
    await assign(work, hand, wanted)
    if comment is not None and comment.strip():
        await notes.add_comment(work, viewer, hand, comment)
    await hand.finish()
    return hand.ticket


async def assign(work: UnitOfWork, hand: TicketInHand, wanted: Mapping[str, UUID | None]) -> bool:
    """Give the ticket in hand to whom `wanted` names; return whether that changes anything.

    Raises ValidationFailed as `transfer` does, before anything is changed.
    """
    ticket = hand.ticket
    check = InputCheck()
    changes = []
    team_id = wanted.get("team_id", ticket.team_id)
    if team_id != ticket.team_id:
        team = await choose_team(work, check, ticket.brand_id, team_id)
        before = await work.session.get(Team, ticket.team_id) if ticket.team_id else None
        changes.append(_change("team", before, team))
    assignee_id = wanted.get("assignee_id", ticket.assignee_id)
    is_given = assignee_id != ticket.assignee_id
    if is_given:
        agent = await choose_agent(work, check, ticket.brand_id, assignee_id)
        holder = await work.session.get(Agent, ticket.assignee_id) if ticket.assignee_id else None
        changes.append(_change("assignee", holder, agent))
    check.raise_problems()
    ticket.team_id, ticket.assignee_id = team_id, assignee_id
    if is_given:
        notifications.tell_assigned(work, ticket)
    hand.record_changes(changes)
    return bool(changes)


def _change(field: str, before: Agent | Team | None, after: Agent | Team | None) -> FieldChange:
    return FieldChange(
        field,
        before.name if before else None,
        after.name if after else None,
        before.id if before else None,
        after.id if after else None,
    )

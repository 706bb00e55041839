"""What agents do with tickets: edit, hand over, close and reopen them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.errors import FieldErrorCode, NotAllowed, NotFound
from models.agents import Agent, AgentRole
from models.base import FREE_TEXT_CHARACTERS, Versioned
from models.brands import BrandMember
from models.customers import Customer
from models.event_topics import inbox_topic, topic_of
from models.tags import TicketTag
from models.teams import Team, TeamBrand
from models.tickets import Ticket, TicketStatus, visible_to
from models.topics import Topic
from models.viewers import ApiScope, Viewer
from services.changes import Edit, FieldChange, apply_edit
from services.search import index_ticket
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

_FINISHED = (TicketStatus.RESOLVED, TicketStatus.CLOSED)


class TicketInHand:
    """A ticket locked by the act that changes it, and its state before."""

    def __init__(self, work: UnitOfWork, ticket: Ticket, before: dict[str, Any] | None) -> None:
        self.ticket = ticket
        self._work = work
        self._before = before
        self._acts: list[dict[str, Any]] = []

    def record(
        self, event_type: str, payload: dict[str, Any], *, versions: Sequence[Versioned] = ()
    ) -> None:
        """Write an event into the ticket's topic; `versions` as in `UnitOfWork.record`."""
        self._work.record(
            event_type, payload, topic=topic_of(self.ticket), versions=[self.ticket, *versions]
        )
        self.ticket.updated_at = self._work.now
        self._acts.append({"type": event_type, **payload})

    def record_changes(self, changes: list[FieldChange]) -> None:
        """Write the changed fields as one event. No change, no event."""
        if changes:
            self.record("TicketChanged", {"changes": [c.as_payload() for c in changes]})

    async def finish(self) -> None:
        """Tell the brand's inbox what the act did, once, with the state before and after."""
        if self._acts:
            payload = {
                "ticket_id": self.ticket.id.hex,
                "before": self._before,
                "after": await ticket_state(self._work, self.ticket),
                "acts": [act["type"] for act in self._acts],
                "changes": [c for act in self._acts for c in act.get("changes", ())],
            }
            self._work.record("InboxChanged", payload, topic=inbox_topic(self.ticket.brand_id))


async def ticket_state(work: UnitOfWork, ticket: Ticket) -> dict[str, Any]:
    """Return what filters and access depend on, as the inbox's events keep it."""
    tags = await work.session.scalars(
        select(TicketTag.tag_id).where(TicketTag.ticket_id == ticket.id)
    )
    company_id = await work.session.scalar(
        select(Customer.company_id).where(Customer.id == ticket.customer_id)
    )
    return {
        "status": ticket.status,
        "priority": ticket.priority,
        "channel": ticket.channel,
        "brand_id": ticket.brand_id.hex,
        "team_id": ticket.team_id.hex if ticket.team_id else None,
        "assignee_id": ticket.assignee_id.hex if ticket.assignee_id else None,
        "customer_id": ticket.customer_id.hex,
        "company_id": company_id.hex if company_id else None,
        "tag_ids": [tag_id.hex for tag_id in tags],
        "created_at": ticket.created_at.isoformat(),
        "updated_at": ticket.updated_at.isoformat(),
    }


async def take(
    work: UnitOfWork, viewer: Viewer, ticket_id: UUID, *, scope: ApiScope = ApiScope.TICKETS_WRITE
) -> TicketInHand:
    """Lock a ticket for the act. Raises NotFound where the viewer does not see it."""
    ticket = await work.session.scalar(
        select(Ticket).where(visible_to(viewer), Ticket.id == ticket_id).with_for_update()
    )
    if ticket is None:
        raise NotFound
    if not viewer.may(scope):
        raise NotAllowed
    return TicketInHand(work, ticket, await ticket_state(work, ticket))


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    ticket_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Ticket, Edit]:
    """Edit fields of a ticket; absent fields stay as they are.

    Raises EditConflict where somebody else changed the same field since `expected_version`.
    """
    hand = await take(work, viewer, ticket_id)
    ticket = hand.ticket
    cleaned = await _clean(work, ticket, wanted)
    topic_before = ticket.topic_id
    edit = await apply_edit(
        work, ticket, expected_version, cleaned, field_names={"topic_id": "topic"}
    )
    changes = [
        await _named_topic(work, change, topic_before, ticket.topic_id)
        if change.field == "topic"
        else change
        for change in edit.changes
    ]
    _set_closing_moment(ticket, work)
    hand.record_changes(changes)
    if "title" in cleaned:
        await index_ticket(work.session, ticket.id, ticket.title)
    await hand.finish()
    return ticket, Edit(changes, edit.merged_fields)


async def close(work: UnitOfWork, viewer: Viewer, ticket_id: UUID) -> Ticket:
    """Close a ticket. Closing a closed one changes nothing."""
    return await _set_status(work, viewer, ticket_id, TicketStatus.CLOSED)


async def reopen(work: UnitOfWork, viewer: Viewer, ticket_id: UUID) -> Ticket:
    """Open a resolved or closed ticket again. Reopening an open one changes nothing."""
    return await _set_status(work, viewer, ticket_id, TicketStatus.OPEN, only_from=_FINISHED)


async def transfer(
    work: UnitOfWork, viewer: Viewer, ticket_id: UUID, wanted: Mapping[str, UUID | None]
) -> TicketInHand:
    """Give a ticket to an agent, a team or both (None takes it away from them).

    The caller finishes the ticket in hand: a comment may follow in the same act.
    Raises ValidationFailed for an agent or a team that may not be assigned in the ticket's brand.
    """
    hand = await take(work, viewer, ticket_id)
    ticket = hand.ticket
    check = InputCheck()
    changes = []
    if "team_id" in wanted and wanted["team_id"] != ticket.team_id:
        before = await work.session.get(Team, ticket.team_id) if ticket.team_id else None
        after = await _assignable_team(work, check, ticket.brand_id, wanted["team_id"])
        ticket.team_id = after.id if after else None
        changes.append(_reference_change("team", before, after))
    if "assignee_id" in wanted and wanted["assignee_id"] != ticket.assignee_id:
        holder = await work.session.get(Agent, ticket.assignee_id) if ticket.assignee_id else None
        agent = await _assignable_agent(work, check, ticket.brand_id, wanted["assignee_id"])
        ticket.assignee_id = agent.id if agent else None
        changes.append(_reference_change("assignee", holder, agent))
    check.raise_problems()
    hand.record_changes(changes)
    return hand


async def _set_status(
    work: UnitOfWork,
    viewer: Viewer,
    ticket_id: UUID,
    status: TicketStatus,
    *,
    only_from: tuple[TicketStatus, ...] = tuple(TicketStatus),
) -> Ticket:
    hand = await take(work, viewer, ticket_id)
    before = hand.ticket.status
    if before is not status and before in only_from:
        hand.ticket.status = status
        _set_closing_moment(hand.ticket, work)
        hand.record_changes([FieldChange("status", before, status)])
    await hand.finish()
    return hand.ticket


def _set_closing_moment(ticket: Ticket, work: UnitOfWork) -> None:
    if ticket.status is not TicketStatus.CLOSED:
        ticket.closed_at = None
    elif ticket.closed_at is None:
        ticket.closed_at = work.now


async def _clean(work: UnitOfWork, ticket: Ticket, wanted: Mapping[str, Any]) -> dict[str, Any]:
    check = InputCheck()
    cleaned = dict(wanted)
    if "title" in cleaned:
        cleaned["title"] = check.line("title", cleaned["title"], FREE_TEXT_CHARACTERS)
    if "description" in cleaned:
        cleaned["description"] = check.optional_text(
            "description", cleaned["description"], FREE_TEXT_CHARACTERS
        )
    for field in ("status", "priority"):
        if field in cleaned and cleaned[field] is None:
            check.refuse(field, FieldErrorCode.REQUIRED)
    if cleaned.get("topic_id") is not None:
        topic = await work.session.get(Topic, cleaned["topic_id"])
        if topic is None or topic.brand_id != ticket.brand_id:
            check.refuse("topicId", FieldErrorCode.UNKNOWN_REFERENCE)
    check.raise_problems()
    return cleaned


async def _named_topic(
    work: UnitOfWork, change: FieldChange, before_id: UUID | None, after_id: UUID | None
) -> FieldChange:
    before = await work.session.get(Topic, before_id) if before_id else None
    after = await work.session.get(Topic, after_id) if after_id else None
    return _reference_change(change.field, before, after)


def _reference_change(
    field: str, before: Agent | Team | Topic | None, after: Agent | Team | Topic | None
) -> FieldChange:
    return FieldChange(
        field,
        before.name if before else None,
        after.name if after else None,
        before.id if before else None,
        after.id if after else None,
    )


async def _assignable_team(
    work: UnitOfWork, check: InputCheck, brand_id: UUID, team_id: UUID | None
) -> Team | None:
    if team_id is None:
        return None
    team = await work.session.scalar(
        select(Team)
        .join(TeamBrand, TeamBrand.team_id == Team.id)
        .where(Team.id == team_id, TeamBrand.brand_id == brand_id)
    )
    if team is None:
        check.refuse("teamId", FieldErrorCode.UNKNOWN_REFERENCE)
    return team


async def _assignable_agent(
    work: UnitOfWork, check: InputCheck, brand_id: UUID, agent_id: UUID | None
) -> Agent | None:
    if agent_id is None:
        return None
    members = select(BrandMember.agent_id).where(BrandMember.brand_id == brand_id)
    agent = await work.session.scalar(
        select(Agent).where(
            Agent.id == agent_id,
            Agent.active,
            (Agent.role == AgentRole.ADMIN) | Agent.id.in_(members),
        )
    )
    if agent is None:
        check.refuse("assigneeId", FieldErrorCode.UNKNOWN_REFERENCE)
    return agent

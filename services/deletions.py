"""Topics, teams and tags are deleted: gone at once for all who ask, then taken off their tickets.

Their rows stay, since templates and drafts refer to them. The tickets follow by jobs: the act that
deletes holds what tickets refer to, and must not wait for tickets as well. Agents go the same way
(`services.agents.delete`); then they leave brands and teams, and hand on what they had open.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select

from models.actors import Actor, ActorKind
from models.agents import Agent
from models.tags import Tag, TicketTag
from models.teams import Team
from models.tickets import Ticket
from models.topics import Topic
from models.viewers import Viewer
from services import links
from services.changes import FieldChange
from services.directory import find, mark_deleted, take_directory, take_turn_in_directory
from services.links import (
    AGENT_BRANDS,
    AGENT_TEAMS,
    TEAM_BRANDS,
    TEAM_MEMBERS,
    Link,
    LinkedRows,
)
from services.successions import AT_ONCE, hand_on_next
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork

# Each is some events, and holds up whoever works on the ticket: some tenths of a second.
TICKETS_PER_JOB = 100
# What somebody had sent before they were deleted, or others for them, is written by then.
_REQUESTS_END_WITHIN = timedelta(minutes=1)
JOB_KIND = "deletion"

Deleted = Topic | Team | Tag | Agent

_MODELS: Mapping[str, type[Any]] = {"topic": Topic, "team": Team, "tag": Tag, "agent": Agent}
# The fields of tickets that name one of them.
_FIELDS: Mapping[type[Any], str] = {Topic: "topic", Team: "team", Agent: "assignee"}


async def delete_topic(work: UnitOfWork, viewer: Viewer, topic_id: UUID) -> None:
    """Delete a topic. Raises NotAllowed for all but admins, and NotFound."""
    await _delete(work, viewer, Topic, topic_id)


async def delete_team(work: UnitOfWork, viewer: Viewer, team_id: UUID) -> None:
    """Delete a team. Raises NotAllowed for all but admins, and NotFound.

    Its members see its tickets until the last of them is open to their whole brand.
    """
    await _delete(work, viewer, Team, team_id)


async def delete_tag(work: UnitOfWork, viewer: Viewer, tag_id: UUID) -> None:
    """Delete a tag. Raises NotAllowed for all but admins, and NotFound."""
    await _delete(work, viewer, Tag, tag_id)


async def take_off_more(work: UnitOfWork, payload: Mapping[str, Any]) -> None:
    """Take what was deleted off the next tickets that have it, as whoever deleted it.

    Nobody can put it on a ticket any more. Who loses it is not updated by that: lists that show
    what was worked on last stay as they are.
    """
    actor_id = payload["actor_id"]
    work.actor = Actor(ActorKind(payload["actor_kind"]), UUID(actor_id) if actor_id else None)
    model = _MODELS[payload["kind"]]
    deleted: Deleted = await work.session.get_one(model, UUID(payload["id"]))
    tickets = await _hold_tickets(work, deleted)
    if tickets:
        await _take_off(work, deleted, tickets)
        go_on(work, deleted)
    elif isinstance(deleted, Team):
        await _end_memberships(work, deleted, TEAM_BRANDS, TEAM_MEMBERS)
    elif isinstance(deleted, Agent):
        await _leave_to_others(work, deleted)


async def _delete(
    work: UnitOfWork, viewer: Viewer, model: type[Topic | Team | Tag], row_id: UUID
) -> None:
    await take_directory(work, viewer)
    row = await find(work, model, row_id)
    mark_deleted(work, row)
    go_on(work, row)


def go_on(work: UnitOfWork, deleted: Deleted, after: timedelta = timedelta()) -> None:
    """Ask for the job that goes on with what was deleted."""
    actor = work.actor
    payload = {
        "kind": deleted.__tablename__,
        "id": deleted.id.hex,
        "actor_kind": actor.kind,
        "actor_id": actor.id.hex if actor.id else None,
    }
    work.enqueue(JOB_KIND, payload, run_at=work.now + after)


async def _hold_tickets(work: UnitOfWork, deleted: Deleted) -> Sequence[Ticket]:
    """Lock the first tickets that have it, in the order of their ids, as all do."""
    rows = await work.session.scalars(
        select(Ticket)
        .where(_has(deleted))
        .order_by(Ticket.id)
        .limit(TICKETS_PER_JOB)
        .with_for_update()
    )
    return rows.all()


def _has(deleted: Deleted) -> ColumnElement[bool]:
    if isinstance(deleted, Tag):
        return Ticket.id.in_(select(TicketTag.ticket_id).where(TicketTag.tag_id == deleted.id))
    column: ColumnElement[UUID | None] = getattr(Ticket, f"{_FIELDS[type(deleted)]}_id")
    return column == deleted.id


async def _take_off(work: UnitOfWork, deleted: Deleted, tickets: Sequence[Ticket]) -> None:
    work.happen_after(max(ticket.updated_at for ticket in tickets))
    if isinstance(deleted, Tag):
        await _untag(work, deleted, tickets)
        return
    field = _FIELDS[type(deleted)]
    change = FieldChange.between(field, deleted.id, None, {deleted.id: deleted.name})
    for ticket in tickets:
        hand = TicketInHand(work, ticket, moment=ticket.updated_at)
        setattr(ticket, f"{field}_id", None)
        hand.record_changes([change])
        await hand.finish()


async def _untag(work: UnitOfWork, tag: Tag, tickets: Sequence[Ticket]) -> None:
    ticket_ids = [ticket.id for ticket in tickets]
    tags: dict[UUID, list[Any]] = defaultdict(list)
    for row in await work.session.execute(
        select(TicketTag.ticket_id, Tag.id, Tag.name)
        .join(Tag, Tag.id == TicketTag.tag_id)
        .where(TicketTag.ticket_id.in_(ticket_ids))
    ):
        tags[row.ticket_id].append(row)
    await work.session.execute(
        delete(TicketTag).where(TicketTag.tag_id == tag.id, TicketTag.ticket_id.in_(ticket_ids))
    )
    for ticket in tickets:
        before = LinkedRows.of(tags[ticket.id])
        if tag.id not in before.ids:
            continue  # it was taken off while this job waited for the ticket
        after = LinkedRows.of(row for row in tags[ticket.id] if row.id != tag.id)
        hand = TicketInHand(work, ticket, moment=ticket.updated_at)
        hand.had_tags(before.ids)
        hand.record_changes([FieldChange.between("tags", before, after)])
        await hand.finish()


async def _leave_to_others(work: UnitOfWork, agent: Agent) -> None:
    """End the memberships of an agent who has no tickets; then hand on what they had open.

    It is one job after the other: what waits for the heir's form is tried by one each day. What
    came late is handed on before that.
    """
    if await _end_memberships(work, agent, AGENT_BRANDS, AGENT_TEAMS):
        go_on(work, agent)
        return
    after = await hand_on_next(work, agent)
    deleted_at = agent.deleted_at
    if after != AT_ONCE and deleted_at and work.now < deleted_at + _REQUESTS_END_WITHIN:
        after = deleted_at + _REQUESTS_END_WITHIN - work.now
    if after is not None:
        go_on(work, agent, after)


async def _end_memberships(work: UnitOfWork, deleted: Team | Agent, *of_its: Link) -> bool:
    """Take a deleted row out of the sets of others; tell whether it was in any."""
    before = await links.hang_on(work, deleted, of_its)
    if not any(linked.ids for linked in before.values()):
        return False  # nobody adds it any more: no turn is needed to see that
    await take_turn_in_directory(work)
    for link, linked in (await links.hang_on(work, deleted, of_its)).items():
        await links.replace(work, link, deleted.id, linked, LinkedRows())
    return True

"""Topics, teams and tags are deleted: gone at once for all who ask, then taken off their tickets.

Their rows stay, since templates and drafts refer to them. The tickets follow by jobs: the act that
deletes holds what tickets refer to, and must not wait for tickets as well.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select

from models.actors import Actor, ActorKind
from models.tags import Tag, TicketTag
from models.teams import Team
from models.tickets import Ticket
from models.topics import Topic
from models.viewers import Viewer
from services import links
from services.changes import FieldChange
from services.directory import find, record_deleted, take_directory, take_turn_in_directory
from services.links import TEAM_BRANDS, TEAM_MEMBERS, LinkedRows
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork

# Each is some events, and holds up whoever works on the ticket: some tenths of a second.
TICKETS_PER_JOB = 100
JOB_KIND = "deletion"

Deleted = Topic | Team | Tag

_MODELS: Mapping[str, type[Any]] = {"topic": Topic, "team": Team, "tag": Tag}


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
        _go_on(work, deleted)
    elif isinstance(deleted, Team):
        await _end_memberships(work, deleted)


async def _delete(work: UnitOfWork, viewer: Viewer, model: type[Deleted], row_id: UUID) -> None:
    await take_directory(work, viewer)
    row = await find(work, model, row_id)
    row.deleted_at = work.now
    row.name_key = f" {row.id.hex}"  # its name is free: no name folds to what begins with a space
    record_deleted(work, row)
    _go_on(work, row)


def _go_on(work: UnitOfWork, deleted: Deleted) -> None:
    actor = work.actor
    payload = {
        "kind": deleted.__tablename__,
        "id": deleted.id.hex,
        "actor_kind": actor.kind,
        "actor_id": actor.id.hex if actor.id else None,
    }
    work.enqueue(JOB_KIND, payload)


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
    if isinstance(deleted, Topic):
        return Ticket.topic_id == deleted.id
    if isinstance(deleted, Team):
        return Ticket.team_id == deleted.id
    return Ticket.id.in_(select(TicketTag.ticket_id).where(TicketTag.tag_id == deleted.id))


async def _take_off(work: UnitOfWork, deleted: Deleted, tickets: Sequence[Ticket]) -> None:
    work.happen_after(max(ticket.updated_at for ticket in tickets))
    if isinstance(deleted, Tag):
        await _untag(work, deleted, tickets)
        return
    change = FieldChange.between(
        deleted.__tablename__, deleted.id, None, {deleted.id: deleted.name}
    )
    for ticket in tickets:
        hand = TicketInHand(work, ticket, moment=ticket.updated_at)
        setattr(ticket, f"{deleted.__tablename__}_id", None)
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


async def _end_memberships(work: UnitOfWork, team: Team) -> None:
    await take_turn_in_directory(work)
    for link, linked in (await links.hang_on(work, team, (TEAM_BRANDS, TEAM_MEMBERS))).items():
        await links.replace(work, link, team.id, linked, LinkedRows())

"""What agents are told because it concerns them, and what of it they have read."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, true, tuple_, update

from core.errors import FieldErrorCode, LimitReached, NotAllowed, NotFound
from core.ids import new_id
from models.actors import Actor, ActorKind
from models.agents import Agent, AgentRole
from models.base import FREE_TEXT_CHARACTERS
from models.brands import BrandMember
from models.event_topics import notifications_topic
from models.messages import Message
from models.notes import Note
from models.notifications import Notification, NotificationKind, visible_to
from models.teams import TeamMember
from models.tickets import Ticket
from models.viewers import Viewer
from services.turns import take_turn
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

NOTIFICATIONS_PER_ACT = 100  # the longest page; who wants more says up to which one
# Keeps what one event says far below what a socket takes at a time, however much was unread.
_READ_PER_EVENT = 500


async def tell_mentioned(work: UnitOfWork, note: Note, agent_ids: Collection[UUID]) -> None:
    """Tell agents that a note mentions them: those of them who may read it."""
    may_read = await may_read_notes(work, note.ticket_id)
    told = await work.session.scalars(
        select(Agent.id).where(Agent.id.in_(agent_ids), may_read).order_by(Agent.id)
    )
    for agent_id in told:
        _tell_of_note(work, agent_id, NotificationKind.MENTIONED, note)


def tell_reminded(work: UnitOfWork, note: Note, agent_id: UUID) -> None:
    """Tell an agent that a note was to be remembered now."""
    _tell_of_note(work, agent_id, NotificationKind.REMINDER_DUE, note)


def tell_assigned(work: UnitOfWork, ticket: Ticket) -> None:
    """Tell the agent who has been given a ticket, if somebody was."""
    if ticket.assignee_id is not None:
        _tell(work, ticket.assignee_id, NotificationKind.ASSIGNED, ticket_id=ticket.id)


async def tell_undelivered(work: UnitOfWork, ticket: Ticket, message: Message) -> None:
    """Tell who wrote a message that it could not be delivered; whose ticket it is, otherwise.

    An agent who sees the ticket no more is told nothing.
    """
    author_id = message.author_id if message.author_kind is ActorKind.AGENT else None
    concerned = [agent_id for agent_id in (author_id, ticket.assignee_id) if agent_id]
    sees = await may_read_notes(work, ticket.id)
    seeing = set(
        await work.session.scalars(
            select(Agent.id).where(Agent.id.in_(concerned), Agent.active, sees)
        )
    )
    told = next((agent_id for agent_id in concerned if agent_id in seeing), None)
    if told is not None:
        _tell(work, told, NotificationKind.DELIVERY_FAILED, ticket_id=ticket.id)


async def tell_admins(
    work: UnitOfWork,
    kind: NotificationKind,
    *,
    rule_id: UUID | None = None,
    webhook_id: UUID | None = None,
    ticket_id: UUID | None = None,
) -> None:
    """Tell all admins who are at work of what needs one."""
    admins = select(Agent.id).where(Agent.role == AgentRole.ADMIN, Agent.active)
    for agent_id in await work.session.scalars(admins.order_by(Agent.id)):
        _tell(work, agent_id, kind, rule_id=rule_id, webhook_id=webhook_id, ticket_id=ticket_id)


async def tell_what_rule_says(
    work: UnitOfWork,
    rule_id: UUID,
    ticket: Ticket,
    body: str,
    *,
    agent_id: UUID | None = None,
    team_id: UUID | None = None,
) -> int:
    """Tell an agent, all of a team, or without both the admins, what a rule says of a ticket.

    Who does not see the ticket is told nothing. Returns how many were told.
    """
    if agent_id is not None:
        meant = Agent.id == agent_id
    elif team_id is not None:
        of_team = select(TeamMember.agent_id).where(TeamMember.team_id == team_id)
        meant = Agent.id.in_(of_team)
    else:
        meant = Agent.role == AgentRole.ADMIN
    sees = await may_read_notes(work, ticket.id)
    found = await work.session.scalars(
        select(Agent.id).where(meant, Agent.active, sees).order_by(Agent.id)
    )
    told = found.all()
    about = {"ticket_id": ticket.id, "rule_id": rule_id}
    for each in told:
        _tell(work, each, NotificationKind.RULE_NOTICE, body=body[:FREE_TEXT_CHARACTERS], **about)
    return len(told)


async def may_read_notes(work: UnitOfWork, ticket_id: UUID | None) -> ColumnElement[bool]:
    """Limit agents to those who see the notes of a ticket; every agent sees those of no ticket.

    It is what `visible_to` of tickets says, from the other side.
    """
    if ticket_id is None:
        return true()
    ticket = await work.session.get_one(Ticket, ticket_id)
    of_brand = select(BrandMember.agent_id).where(BrandMember.brand_id == ticket.brand_id)
    of_team = select(TeamMember.agent_id).where(TeamMember.team_id == ticket.team_id)
    return or_(
        Agent.role == AgentRole.ADMIN,
        Agent.id == ticket.assignee_id,
        and_(Agent.id.in_(of_brand), true() if ticket.team_id is None else Agent.id.in_(of_team)),
    )


async def mark_read(
    work: UnitOfWork,
    viewer: Viewer,
    *,
    notification_ids: Sequence[UUID] | None = None,
    up_to_id: UUID | None = None,
) -> int:
    """Mark notifications as read: those with these ids, or one and all before it.

    Returns how many are left unread. What was read before stays as it is.
    Raises NotFound where one is not the viewer's, and then marks none; NotAllowed for those who
    have no notifications; LimitReached for more than 100 ids.
    """
    if viewer.agent_id is None:
        raise NotAllowed
    _check_choice(notification_ids, up_to_id)
    # Two acts on the same rows would lock them in any order, and could wait for each other.
    await take_turn(work, notifications_topic(viewer.agent_id))
    if up_to_id is not None:
        chosen = await _up_to(work, viewer, up_to_id)
    else:
        chosen = await _all_of(work, viewer, frozenset(notification_ids or ()))
    read = await work.session.scalars(
        update(Notification)
        .where(visible_to(viewer), Notification.read_at.is_(None), chosen)
        .values(read_at=work.now)
        .returning(Notification.id)
    )
    _record_read(work, viewer.agent_id, sorted(row_id.hex for row_id in read))
    unread = select(func.count()).where(visible_to(viewer), Notification.read_at.is_(None))
    return await work.session.scalar(unread) or 0


def _tell_of_note(work: UnitOfWork, agent_id: UUID, kind: NotificationKind, note: Note) -> None:
    _tell(
        work,
        agent_id,
        kind,
        ticket_id=note.ticket_id,
        customer_id=note.customer_id,
        company_id=note.company_id,
        note_id=note.id,
    )


def _tell(
    work: UnitOfWork,
    agent_id: UUID,
    kind: NotificationKind,
    *,
    body: str | None = None,
    **about: UUID | None,
) -> None:
    """Tell an agent of what somebody else did."""
    if work.actor == Actor(ActorKind.AGENT, agent_id):
        return
    notification = Notification(
        id=new_id(),
        agent_id=agent_id,
        kind=kind,
        actor_kind=work.actor.kind,
        actor_id=work.actor.id,
        created_at=work.now,
        body=body,
        **about,
    )
    work.session.add(notification)
    work.record(
        "NotificationAdded",
        {"notification_id": notification.id.hex},
        topic=notifications_topic(agent_id),
    )


def _check_choice(notification_ids: Sequence[UUID] | None, up_to_id: UUID | None) -> None:
    check = InputCheck()
    if notification_ids is None and up_to_id is None:
        check.refuse("notificationIds", FieldErrorCode.REQUIRED)
    if notification_ids is not None and up_to_id is not None:
        check.refuse("upToId", FieldErrorCode.NOT_ALLOWED_VALUE)
    check.raise_problems()
    if len(notification_ids or ()) > NOTIFICATIONS_PER_ACT:
        raise LimitReached(NOTIFICATIONS_PER_ACT)


async def _up_to(work: UnitOfWork, viewer: Viewer, last_id: UUID) -> ColumnElement[bool]:
    """Limit to what was told up to a notification, and that one."""
    place = (Notification.created_at, Notification.id)
    last = (
        await work.session.execute(
            select(*place).where(visible_to(viewer), Notification.id == last_id)
        )
    ).one_or_none()
    if last is None:
        raise NotFound
    return tuple_(*place) <= tuple_(
        *(literal(value, column.type) for value, column in zip(last, place, strict=True))
    )


async def _all_of(work: UnitOfWork, viewer: Viewer, ids: frozenset[UUID]) -> ColumnElement[bool]:
    chosen = Notification.id.in_(ids)
    found = await work.session.scalar(select(func.count()).where(visible_to(viewer), chosen))
    if found != len(ids):
        raise NotFound
    return chosen


def _record_read(work: UnitOfWork, agent_id: UUID, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), _READ_PER_EVENT):
        work.record(
            "NotificationsRead",
            {"notification_ids": ids[start : start + _READ_PER_EVENT]},
            topic=notifications_topic(agent_id),
        )

"""Telling that tickets and interactions have another customer.

The newest are told of by the act that moved them, the others by jobs: each is some events, and the
act holds up whoever works with the customer. No rule runs for that: nothing happened on a ticket
that somebody should be answered for.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from models.actors import Actor, ActorKind
from models.customer_moves import CustomerMove, went_along
from models.customers import Customer
from models.event_topics import inbox_topic, interactions_topic, topic_of
from models.interactions import Interaction, InteractionEntry
from models.tags import TicketTag
from models.tickets import Ticket
from services.changes import FieldChange
from services.tickets import TicketInHand, state_of
from services.unit_of_work import UnitOfWork

# Each is two events or more: some tenths of a second.
ROWS_PER_ACT = 100
JOB_KIND = "customer_move"


async def tell_of_move(
    work: UnitOfWork,
    move: CustomerMove,
    before: Customer,
    now: Customer,
    *,
    hand: TicketInHand | None = None,
) -> None:
    """Tell who looks at tickets and interactions of a move that they are `now`'s, not `before`'s.

    A ticket that the act has in hand tells it with what else the act does, when it is finished.
    """
    in_hand = None if hand is None else hand.ticket.id
    if hand is not None and hand.ticket.customer_id == now.id:
        hand.had_company(before.company_id)
        hand.record_changes([_change(before, now)])
    await _tell_tickets(work, move, before, now, after=None, in_hand=in_hand)
    await _tell_interactions(work, move, before, now, after=None)


async def tell_more(work: UnitOfWork, payload: Mapping[str, Any]) -> None:
    """Go on where an act has left off, as whoever began it. What moved on meanwhile is left out."""
    actor_id = payload["actor_id"]
    work.actor = Actor(ActorKind(payload["actor_kind"]), UUID(actor_id) if actor_id else None)
    move = await work.session.get_one(CustomerMove, UUID(payload["move_id"]))
    before = await work.session.get_one(Customer, UUID(payload["before_id"]))
    now = await work.session.get_one(Customer, UUID(payload["now_id"]))
    tell = {"ticket": _tell_tickets, "interaction": _tell_interactions}[payload["table"]]
    await tell(work, move, before, now, after=UUID(payload["after"]))


async def _tell_tickets(
    work: UnitOfWork,
    move: CustomerMove,
    before: Customer,
    now: Customer,
    *,
    after: UUID | None,
    in_hand: UUID | None = None,
) -> None:
    which = [went_along(move, Ticket), Ticket.customer_id == now.id]
    tickets: Sequence[Ticket] = await _next(work, Ticket, which, after)
    told = [ticket for ticket in tickets if ticket.id != in_hand]
    if told:
        work.happen_after(max(ticket.updated_at for ticket in told))
    tags = await _tags_of(work, told) if told else {}
    change = _change(before, now).as_payload()
    for ticket in told:
        moved = {"changes": [change], "went_along": True}
        work.record("TicketChanged", moved, topic=topic_of(ticket), versions=[ticket])
        surroundings = {"tag_ids": tags[ticket.id]}
        state_now = state_of(ticket) | surroundings | _whose(now)
        payload = {
            "ticket_id": ticket.id.hex,
            "before": state_now | _whose(before),
            "after": state_now,
            "acts": ["TicketChanged"],
            "changes": [change],
        }
        work.record("InboxChanged", payload, topic=inbox_topic(ticket.brand_id))
    _go_on(work, move, before, now, tickets)


async def _tell_interactions(
    work: UnitOfWork, move: CustomerMove, before: Customer, now: Customer, *, after: UUID | None
) -> None:
    which = [went_along(move, Interaction), Interaction.customer_id == now.id]
    interactions: Sequence[Interaction] = await _next(work, Interaction, which, after)
    agents = await _agents_of(work, interactions) if interactions else {}
    change = _change(before, now).as_payload()
    for interaction in interactions:
        event_id = work.record(
            "InteractionChanged",
            {"changes": [change]},
            topic=topic_of(interaction),
            versions=[interaction],
        )
        about = {"interaction_id": interaction.id.hex, "edits": [change]}
        for agent_id in agents[interaction.id]:
            topic = interactions_topic(agent_id)
            work.record("InteractionChanged", about, topic=topic, event_id=event_id)
    _go_on(work, move, before, now, interactions)


async def _next(
    work: UnitOfWork, model: type[Any], which: Sequence[ColumnElement[bool]], after: UUID | None
) -> Sequence[Any]:
    """Lock the newest rows that are older than `after`, in the order of their ids, as all do."""
    older = [] if after is None else [model.id < after]
    newest = select(model.id).where(*which, *older).order_by(model.id.desc()).limit(ROWS_PER_ACT)
    rows = await work.session.scalars(
        select(model)
        .where(model.id.in_(newest))
        .order_by(model.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return rows.all()


def _go_on(
    work: UnitOfWork, move: CustomerMove, before: Customer, now: Customer, told: Sequence[Any]
) -> None:
    if len(told) < ROWS_PER_ACT:
        return
    payload = {
        "move_id": move.id.hex,
        "table": told[0].__tablename__,
        "before_id": before.id.hex,
        "now_id": now.id.hex,
        "after": told[0].id.hex,
        "actor_kind": work.actor.kind,
        "actor_id": work.actor.id.hex if work.actor.id else None,
    }
    work.enqueue(JOB_KIND, payload)


def _change(before: Customer, now: Customer) -> FieldChange:
    names = {before.id: before.name, now.id: now.name}
    return FieldChange.between("customer", before.id, now.id, names)


def _whose(customer: Customer) -> dict[str, Any]:
    company_id = customer.company_id
    return {
        "customer_id": customer.id.hex,
        "company_id": company_id.hex if company_id else None,
    }


async def _tags_of(work: UnitOfWork, tickets: Sequence[Ticket]) -> Mapping[UUID, list[str]]:
    tag_ids: dict[UUID, list[str]] = defaultdict(list)
    rows = await work.session.execute(
        select(TicketTag.ticket_id, TicketTag.tag_id).where(
            TicketTag.ticket_id.in_([ticket.id for ticket in tickets])
        )
    )
    for row in rows:
        tag_ids[row.ticket_id].append(row.tag_id.hex)
    return tag_ids


async def _agents_of(
    work: UnitOfWork, interactions: Sequence[Interaction]
) -> Mapping[UUID, list[UUID]]:
    """Return on whose lists interactions stand."""
    agents: dict[UUID, list[UUID]] = defaultdict(list)
    rows = await work.session.execute(
        select(InteractionEntry.interaction_id, InteractionEntry.agent_id)
        .where(InteractionEntry.interaction_id.in_([one.id for one in interactions]))
        .order_by(InteractionEntry.agent_id)
    )
    for row in rows:
        agents[row.interaction_id].append(row.agent_id)
    return agents

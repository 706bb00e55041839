"""The work of the desk in numbers: how many tickets there are of each kind, and who is there."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, cast, func, null, select, union_all

from models import agents
from models.agents import Agent
from models.channels import Channel
from models.teams import Team
from models.tickets import FINISHED_STATUSES, Ticket, TicketPriority, TicketStatus, visible_to
from models.viewers import Viewer
from services.ticket_filters import TicketFilter
from services.waiting import OPEN_STATUSES, Waiting, select_longest

# Whoever writes by one of these sits there and expects the answer now.
CHAT_CHANNELS = frozenset(Channel) - {
    Channel.EMAIL,
    Channel.PHONE,
    Channel.WEB,
    Channel.INTERNAL,
}
# Named one by one, since no index helps to find what is not of a kind.
_UNFINISHED = tuple(status for status in TicketStatus if status not in FINISHED_STATUSES)

Fetch = Callable[[Any], Awaitable[Sequence[Row[Any]]]]
Key = TypeVar("Key")
Kind = TypeVar("Kind", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Count(Generic[Key]):
    """How many tickets there are of one kind."""

    key: Key
    count: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The numbers at one moment. Equal dashboards show the same.

    Of statuses all tickets are counted, of everything else the unfinished ones: neither RESOLVED
    nor CLOSED. Each enum value has its count, in the order of the enum; teams and agents have one
    where they have tickets, the busiest first, and None stands for those of nobody.
    """

    by_status: tuple[Count[TicketStatus], ...]
    by_priority: tuple[Count[TicketPriority], ...]
    by_channel: tuple[Count[Channel], ...]
    by_team: tuple[Count[UUID | None], ...]
    by_agent: tuple[Count[UUID | None], ...]
    unassigned: int
    chats_in_progress: int
    oldest_waiting: Waiting | None
    agents_online: frozenset[UUID]


async def read(
    fetch: Fetch, viewer: Viewer, wanted: TicketFilter, online: Collection[UUID]
) -> Dashboard:
    """Count the tickets that the viewer sees and `wanted` finds, in two statements.

    `online` are the agents who are there now; the viewer is shown those whom they see, which
    takes a third statement.
    """
    limits = [visible_to(viewer), *wanted.clauses()]
    rows = await fetch(_select_counts(limits))
    of_kinds = [row for row in rows if row.status is not None]
    of_people = [row for row in rows if row.status is None]
    unfinished = [row for row in of_kinds if row.status not in FINISHED_STATUSES]
    chats = (
        row.tickets
        for row in of_kinds
        if row.status in OPEN_STATUSES and row.channel in CHAT_CHANNELS
    )
    by_agent = _sums(of_people, "assignee_id")
    return Dashboard(
        by_status=_of_each(TicketStatus, _sums(of_kinds, "status")),
        by_priority=_of_each(TicketPriority, _sums(unfinished, "priority")),
        by_channel=_of_each(Channel, _sums(unfinished, "channel")),
        by_team=_busiest_first(_sums(of_people, "team_id")),
        by_agent=_busiest_first(by_agent),
        unassigned=by_agent.get(None, 0),
        chats_in_progress=sum(chats),
        oldest_waiting=await _oldest_waiting(fetch, limits),
        agents_online=await _visible_agents(fetch, viewer, online),
    )


def _select_counts(limits: Sequence[ColumnElement[bool]]) -> Any:
    """Count the finished by status, the others by status, priority and channel, and by people.

    One statement, so that all numbers are of one moment. Most tickets are finished, and grouping
    those by status alone halves the time; grouped by all five columns at once, the others of a
    desk of a hundred agents would have nearly as many groups as tickets.
    """
    unfinished = (
        select(
            Ticket.status,
            Ticket.priority,
            Ticket.channel,
            Ticket.team_id,
            Ticket.assignee_id,
        )
        .where(*limits, Ticket.status.in_(_UNFINISHED))
        .cte("unfinished")
    ).c
    tickets = func.count().label("tickets")
    nothing = {column.name: cast(null(), column.type).label(column.name) for column in unfinished}
    of_kinds = select(
        unfinished.status,
        unfinished.priority,
        unfinished.channel,
        nothing["team_id"],
        nothing["assignee_id"],
        tickets,
    ).group_by(unfinished.status, unfinished.priority, unfinished.channel)
    people = (
        select(unfinished.team_id, unfinished.assignee_id, tickets)
        .group_by(unfinished.team_id, unfinished.assignee_id)
        .subquery()
    )
    # A team that was deleted is nobody, also while there are tickets that still name it.
    is_team = and_(Team.id == people.c.team_id, Team.deleted_at.is_(None))
    of_people = select(
        nothing["status"],
        nothing["priority"],
        nothing["channel"],
        Team.id.label("team_id"),
        people.c.assignee_id,
        people.c.tickets,
    ).select_from(people.outerjoin(Team, is_team))
    finished = (
        select(
            Ticket.status,
            nothing["priority"],
            nothing["channel"],
            nothing["team_id"],
            nothing["assignee_id"],
            tickets,
        )
        .where(*limits, Ticket.status.in_(FINISHED_STATUSES))
        .group_by(Ticket.status)
    )
    return union_all(of_kinds, of_people, finished)


async def _oldest_waiting(fetch: Fetch, limits: Sequence[ColumnElement[bool]]) -> Waiting | None:
    found = await fetch(select_longest(limits))
    return Waiting(found[0].ticket_id, found[0].since) if found else None


async def _visible_agents(
    fetch: Fetch, viewer: Viewer, online: Collection[UUID]
) -> frozenset[UUID]:
    if not online:
        return frozenset()
    found = await fetch(select(Agent.id).where(agents.visible_to(viewer), Agent.id.in_(online)))
    return frozenset(row.id for row in found)


def _sums(rows: Iterable[Row[Any]], column: str) -> dict[Any, int]:
    """Return how many tickets the rows count for each value of a column."""
    sums: dict[Any, int] = defaultdict(int)
    for row in rows:
        sums[getattr(row, column)] += row.tickets
    return sums


def _of_each(kinds: type[Kind], sums: Mapping[Kind, int]) -> tuple[Count[Kind], ...]:
    return tuple(Count(kind, sums.get(kind, 0)) for kind in kinds)


def _busiest_first(sums: Mapping[UUID | None, int]) -> tuple[Count[UUID | None], ...]:
    """Return the counts, the highest first, and the count of nobody at the end."""
    counts = [Count(row_id, tickets) for row_id, tickets in sums.items()]
    counts.sort(key=lambda count: (count.key is None, -count.count, count.key))
    return tuple(counts)

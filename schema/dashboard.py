"""The dashboard: the work of the desk in numbers, asked once or live."""

from collections.abc import AsyncIterable, Callable
from datetime import datetime
from typing import Annotated, Any

import strawberry

from models.channels import Channel
from models.tickets import TicketPriority, TicketStatus
from resolvers import agents, dashboard, tickets
from schema.agents import Agent
from schema.fields import Info, column, derived, relation
from schema.live import Live
from schema.nodes import FromRow
from schema.teams import Team
from schema.ticket_filters import TicketFilterInput, ticket_filter
from schema.tickets import Ticket
from subscriptions.dashboard import DashboardSource

_HOW_MANY = "How many tickets there are."
# What many desks have; each also has a team, or an agent, to be loaded.
_AGENTS_ASSUMED = 40

Filter = Annotated[
    TicketFilterInput | None,
    strawberry.argument(description="Which tickets; all that the viewer sees unless told."),
]


@strawberry.type(description="How many tickets have a status.")
class StatusCount(FromRow):
    """How many tickets have a status."""

    status: TicketStatus = column("The status.", name="key")
    count: int = column(_HOW_MANY)


@strawberry.type(description="How many tickets have a priority.")
class PriorityCount(FromRow):
    """How many tickets have a priority."""

    priority: TicketPriority = column("The priority.", name="key")
    count: int = column(_HOW_MANY)


@strawberry.type(description="How many tickets came in by a channel.")
class ChannelCount(FromRow):
    """How many tickets came in by a channel."""

    channel: Channel = column("The channel.", name="key")
    count: int = column(_HOW_MANY)


@strawberry.type(description="How many tickets a team has.")
class TeamCount(FromRow):
    """How many tickets a team has."""

    team: Team | None = relation(
        "The team; null for the tickets of no team.", tickets.teams_of, key="key"
    )
    count: int = column(_HOW_MANY)


@strawberry.type(description="How many tickets an agent has.")
class AgentCount(FromRow):
    """How many tickets an agent has."""

    agent: Agent | None = relation(
        "The agent; null for the tickets of nobody.", agents.at_work, key="key"
    )
    count: int = column(_HOW_MANY)


@strawberry.type(description="The ticket whose customer has waited longest for an answer.")
class WaitingTicket(FromRow):
    """The ticket whose customer has waited longest."""

    ticket: Ticket | None = relation(
        "The ticket; null when the viewer lost it this very moment.",
        tickets.by_id,
        key="ticket_id",
    )
    since: datetime = column(
        "When the customer first wrote what no agent has answered; "
        "when the ticket was opened, if no agent has ever answered."
    )


def _list_of(shape: type[FromRow], counts: str) -> Callable[[Any], Any]:
    return lambda row: [shape.from_row(count) for count in getattr(row, counts)]


def _oldest_waiting(row: Any) -> WaitingTicket | None:
    return None if row.oldest_waiting is None else WaitingTicket.from_row(row.oldest_waiting)


@strawberry.type(
    description=(
        "The work of the desk in numbers: of the tickets that the viewer sees and the filter "
        "finds. Unfinished tickets are those that are neither RESOLVED nor CLOSED."
    )
)
class Dashboard(FromRow):
    """The work of the desk in numbers."""

    by_status: list[StatusCount] = derived(
        "All tickets, also finished ones, by status: each status once, in the order of the enum.",
        _list_of(StatusCount, "by_status"),
        needs=("by_status",),
    )
    by_priority: list[PriorityCount] = derived(
        "Unfinished tickets by priority: each priority once, in the order of the enum.",
        _list_of(PriorityCount, "by_priority"),
        needs=("by_priority",),
    )
    by_team: list[TeamCount] = derived(
        "Unfinished tickets by team: those teams that have any, the busiest first; "
        "what no team has comes last.",
        _list_of(TeamCount, "by_team"),
        needs=("by_team",),
    )
    by_agent: list[AgentCount] = derived(
        "Unfinished tickets by agent: those agents who have any, the busiest first; "
        "what nobody has comes last.",
        _list_of(AgentCount, "by_agent"),
        needs=("by_agent",),
    )
    by_channel: list[ChannelCount] = derived(
        "Unfinished tickets by channel: each channel once, in the order of the enum.",
        _list_of(ChannelCount, "by_channel"),
        needs=("by_channel",),
    )
    unassigned: int = column("Unfinished tickets that no agent has.")
    oldest_waiting: WaitingTicket | None = derived(
        "The customer who has waited longest; null when nobody waits. A customer waits while the "
        "ticket is NEW or OPEN and no agent has written since the customer did, or at all. "
        "Who writes again does not start to wait anew, and automatic messages are no answer.",
        _oldest_waiting,
        needs=("oldest_waiting",),
    )
    chats_in_progress: int = column(
        "NEW and OPEN tickets of channels on which people expect the answer at once: "
        "all but EMAIL, PHONE, WEB and INTERNAL."
    )
    agents_online: list[Agent] = relation(
        "Agents who have a live connection now, by name; those whom the viewer sees. "
        "Who loses theirs without a word counts for up to 30 seconds more.",
        dashboard.agents_online,
        key="agents_online",
        assumed_size=_AGENTS_ASSUMED,
    )


@strawberry.type
class DashboardQuery:
    """Reading the numbers."""

    @strawberry.field(description="The work of the desk in numbers, now.")
    async def dashboard(self, info: Info, filter: Filter = None) -> Dashboard:
        """Count."""
        online = info.context.resources.streams.online_agents.now
        wanted = ticket_filter(info.context.viewer, filter)
        return Dashboard.from_row(await dashboard.read(info.context, wanted, online))


@strawberry.type
class DashboardSubscription:
    """The numbers, live."""

    @strawberry.subscription(
        description=(
            "The work of the desk in numbers: as it is, then again when it has changed, "
            "at most once a second. The last change always comes."
        )
    )
    async def dashboard(self, info: Info, filter: Filter = None) -> AsyncIterable[Dashboard]:
        """Follow the numbers."""
        resources = info.context.resources
        streams = resources.streams
        source = DashboardSource(
            streams,
            resources.database,
            streams.online_agents,
            info.context.viewer,
            ticket_filter(info.context.viewer, filter),
        )
        return Live(source, lambda state: Dashboard.from_row(state.value))

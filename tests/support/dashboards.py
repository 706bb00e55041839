"""Dashboards under test: a world that knows who is online, and what is asked of it."""

from typing import Any

from sqlalchemy import update

from core.ids import decode_global_id
from models.tickets import Ticket
from subscriptions.presence.online_agents import OnlineAgents
from tests.support.desk import World

NUMBERS = """
    byStatus { status count } byPriority { priority count } byChannel { channel count }
    byTeam { team { name } count } byAgent { agent { name } count }
    unassigned chatsInProgress oldestWaiting { ticket { id } since } agentsOnline { name }
"""
READ = f"query ($filter: TicketFilter) {{ dashboard(filter: $filter) {{ {NUMBERS} }} }}"
WATCH = f"subscription ($filter: TicketFilter) {{ dashboard(filter: $filter) {{ {NUMBERS} }} }}"


def know_who_is_online(world: World) -> OnlineAgents:
    """Return what knows who is online."""
    online: OnlineAgents = world.desk.resources.streams.online_agents
    return online


def given(counts: list[dict[str, Any]], name: str) -> dict[Any, int]:
    """Return the counts that are not zero, by the name of what is counted."""
    found: dict[Any, int] = {}
    for count in counts:
        key = count[name]
        found[key["name"] if isinstance(key, dict) else key] = count["count"]
    return {key: number for key, number in found.items() if number}


def numbers(dashboard: dict[str, Any]) -> dict[str, Any]:
    """Return what a dashboard says, without zeros."""
    return {
        "status": given(dashboard["byStatus"], "status"),
        "priority": given(dashboard["byPriority"], "priority"),
        "channel": given(dashboard["byChannel"], "channel"),
        "team": given(dashboard["byTeam"], "team"),
        "agent": given(dashboard["byAgent"], "agent"),
        "unassigned": dashboard["unassigned"],
        "chats": dashboard["chatsInProgress"],
    }


async def read(world: World, name: str, **filters: Any) -> dict[str, Any]:
    """Ask for the dashboard of an agent."""
    found: dict[str, Any] = await getattr(world, name).ask(READ, filter=filters or None)
    dashboard: dict[str, Any] = found["dashboard"]
    return dashboard


async def place(world: World, ticket: str, **values: Any) -> str:
    """Set columns of a ticket, without a word to anybody."""
    async with world.desk.database.transaction() as session:
        row_id = decode_global_id(ticket)[1]
        await session.execute(update(Ticket).where(Ticket.id == row_id).values(**values))
    return ticket

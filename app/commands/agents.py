"""`starling agent create`."""

import getpass
import sys
from typing import Literal

from app.commands.running import CommandFailed, console, find_settings, run
from app.setting_up import open_database, require_newest_schema
from core.errors import AlreadyExists
from core.settings import Settings
from models.actors import AUTOMATION
from models.agents import AgentRole
from models.viewers import Viewer
from services import agents
from services.unit_of_work import unit_of_work


def create_agent(
    *, name: str, email: str, role: Literal["admin", "agent"] = "agent", language: str = "en"
) -> None:
    """Add an agent. The password is asked for, or read from standard input.

    Parameters
    ----------
    name
        As colleagues and customers see it.
    email
        The address to sign in with.
    role
        Admins see and set up everything.
    language
        Of the agent's screen: en, tr or el.

    """
    settings = find_settings()
    new = agents.NewAgent(name, email, _read_password(), AgentRole(role.upper()), language)
    run(_create_agent(settings, new))


async def _create_agent(settings: Settings, new: agents.NewAgent) -> None:
    viewer = Viewer(actor=AUTOMATION, is_admin=True)
    async with open_database(settings) as database:
        await require_newest_schema(database)
        try:
            # Nobody is called: running processes find the event in the log.
            async with unit_of_work(database, lambda _records: None, viewer.actor) as work:
                agent = await agents.create(work, viewer, new)
        except AlreadyExists as error:
            raise CommandFailed(f"There is an agent with the address {new.email}.") from error
    console.print(f"{agent.name} can sign in as {agent.email}.")


def _read_password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")

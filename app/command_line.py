"""The command line: `starling serve`, `starling migrate` and the like.

A command is read in when it is typed: a mail server starts `starling deliver` for each mail, and
need not wait for the API to be built.
"""

import sys
import tomllib

from cyclopts import App, CycloptsError

from app.commands.running import CommandFailed, error_console
from app.setting_up import NotReady
from core.errors import PublicError
from core.settings import PROJECT_ROOT


def main() -> None:
    """Run the command that was typed. What went wrong is told in a line, with exit code 1."""
    try:
        commands(sys.argv[1:])
    except (CommandFailed, NotReady, PublicError, OSError) as error:
        sys.exit(f"starling: {error}")


def _version() -> str:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def _describe_usage_error(error: CycloptsError) -> str:
    return f"starling: {error}"


commands = App(
    name="starling",
    help="Starling, the back end of a customer-support desk.",
    version=_version,
    error_console=error_console,
    error_formatter=_describe_usage_error,
)
agent_commands = App(name="agent", help="Keep the people of the desk.")
schema_commands = App(name="schema", help="Keep the contract of the API.")

commands.command("app.commands.serving:serve", name="serve")
commands.command("app.commands.serving:worker", name="worker")
commands.command("app.commands.databases:migrate", name="migrate")
commands.command("app.commands.databases:fill_demo", name="demo")
commands.command("app.commands.mail:import_mail", name="import")
commands.command("app.commands.mail:deliver_mail", name="deliver")
commands.command(agent_commands)
agent_commands.command("app.commands.agents:create_agent", name="create")
commands.command(schema_commands)
schema_commands.command("app.commands.contract:print_schema", name="print")

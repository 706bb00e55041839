"""The command line: `starling serve`, `starling migrate` and the like."""

import asyncio
import difflib
import getpass
import socket
import sys
import tomllib
from collections.abc import Coroutine
from errno import EADDRINUSE
from pathlib import Path
from typing import Any, Literal

from cyclopts import App, CycloptsError
from pydantic import ValidationError
from rich.console import Console
from uvicorn.loops.auto import auto_loop_factory

from app import logs, mail_command, migrations, server
from app.desk import open_desk
from app.dev_mail import PATH as DEV_MAIL_PATH
from app.dev_mail import open_mailbox
from app.mail_archives import NothingToImport, import_archive
from app.setting_up import (
    NotReady,
    fill_with_demo_data,
    how_to_sign_in,
    open_database,
    require_newest_schema,
)
from app.worker import work_until_stopped
from core.errors import AlreadyExists, PublicError
from core.settings import PROJECT_ROOT, Settings
from core.settings import settings as read_settings
from models.actors import AUTOMATION
from models.agents import AgentRole
from models.viewers import Viewer
from schema.schema import build_schema
from services import agents
from services.mail_import import ImportStopped
from services.unit_of_work import unit_of_work

SCHEMA_FILE = PROJECT_ROOT / "schema" / "schema.graphql"

_console = Console(highlight=False, soft_wrap=True)
_error_console = Console(stderr=True, highlight=False, soft_wrap=True)


class CommandFailed(Exception):
    """The command could not be done; the message says why, and what helps."""


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
    error_console=_error_console,
    error_formatter=_describe_usage_error,
)
agent_commands = App(name="agent", help="Keep the people of the desk.")
schema_commands = App(name="schema", help="Keep the contract of the API.")
commands.command(agent_commands)
commands.command(schema_commands)


@commands.command
def serve() -> None:
    """Serve the API until Ctrl-C or SIGTERM.

    An SQLite database is migrated first, and filled with demo data if nobody can sign in to it yet.
    """
    settings = _settings()
    with _listen(settings) as listener:
        _run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    async with open_database(settings) as database:
        if settings.is_embedded:
            await migrations.upgrade(database)
            await fill_with_demo_data(database, _console)
        await require_newest_schema(database)
        sign_in = await how_to_sign_in(database)
    url = settings.model_copy(update={"port": listener.getsockname()[1]}).base_url
    lines = [f"Starling serves on {url}", f"  GraphQL      {url}/graphql"]
    async with open_desk(settings) as desk:
        if open_mailbox(desk) is not None:
            lines.append(f"  Mail         {url}{DEV_MAIL_PATH}")
        lines += sign_in
        await server.serve(desk, listener, on_ready=lambda: _console.print("\n".join(lines)))


@commands.command
def worker() -> None:
    """Do the jobs of the queue until Ctrl-C or SIGTERM."""
    _run(_work(_settings()))


async def _work(settings: Settings) -> None:
    async with open_database(settings) as database:
        await require_newest_schema(database)
    async with open_desk(settings) as desk:
        await work_until_stopped(desk)


@commands.command
def migrate() -> None:
    """Bring the database to the newest schema."""
    _run(_migrate(_settings()))


async def _migrate(settings: Settings) -> None:
    async with open_database(settings) as database:
        await migrations.upgrade(database)
    _console.print("The database has the newest schema.")


@commands.command(name="demo")
def fill_demo() -> None:
    """Fill an empty desk with brands, people, customers and tickets to try things on."""
    _run(_fill_demo(_settings()))


async def _fill_demo(settings: Settings) -> None:
    async with open_database(settings) as database:
        await require_newest_schema(database)
        if not await fill_with_demo_data(database, _console):
            raise CommandFailed("This desk has agents already. Demo data is for an empty one.")
        _console.print(*await how_to_sign_in(database), sep="\n")


@commands.command(name="import")
def import_mail(path: Path, /, *, brand: str) -> None:
    """Take in a mail archive: .eml files, folders of them, Maildir, mbox. Known mails are left out.

    Parameters
    ----------
    path
        A file or a folder.
    brand
        The name of the brand whose tickets the mails become.

    """
    _run(_import_mail(_settings(), path, brand))


async def _import_mail(settings: Settings, path: Path, brand: str) -> None:
    async with open_database(settings) as database:
        await require_newest_schema(database)
        server.spare_lasting_objects()
        try:
            outcomes = await import_archive(settings, database, path, brand, _console)
        except (NothingToImport, ImportStopped) as error:
            raise CommandFailed(str(error)) from error
    _console.print(", ".join(f"{outcome} {count}" for outcome, count in outcomes.items()))


@commands.command(name="deliver")
def deliver_mail(*, recipient: list[str] | None = None, sender: str | None = None) -> None:
    """Take in one mail from standard input, for a mail server. Exit codes are those of sysexits.h.

    Parameters
    ----------
    recipient
        The address that it was sent to; more of them by more of these options. Without one the
        mail's header says it.
    sender
        The address of the envelope that it came from, empty for reports.

    """
    content = mail_command.read_mail()
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        code, line = runner.run(mail_command.deliver(_settings, content, sender, recipient or ()))
    if code:
        _error_console.print(f"starling: {line}", markup=False)
    sys.exit(code)


@agent_commands.command(name="create")
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
    settings = _settings()
    new = agents.NewAgent(name, email, _read_password(), AgentRole(role.upper()), language)
    _run(_create_agent(settings, new))


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
    _console.print(f"{agent.name} can sign in as {agent.email}.")


def _read_password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")


@schema_commands.command(name="print")
def print_schema(*, check: bool = False, path: Path = SCHEMA_FILE) -> None:
    """Write the schema of the API to its file.

    Parameters
    ----------
    check
        Write nothing; fail, and show the differences, if the file is not up to date.
    path
        The file.

    """
    printed = build_schema().as_str() + "\n"
    if check:
        _require_same(path, printed)
    else:
        path.write_text(printed)


def _require_same(path: Path, printed: str) -> None:
    written = path.read_text() if path.exists() else ""
    if written == printed:
        return
    old, new = written.splitlines(keepends=True), printed.splitlines(keepends=True)
    sys.stdout.writelines(difflib.unified_diff(old, new, str(path), "the schema of this code"))
    raise CommandFailed(f"{path} is not up to date. Run: ./starling schema print")


def _settings() -> Settings:
    try:
        settings = read_settings()
    except ValidationError as error:
        # Values are not shown: some hold passwords.
        problems = [f"{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()]
        raise CommandFailed("; ".join(problems)) from error
    except ValueError as error:
        raise CommandFailed(str(error)) from error
    logs.configure(settings.log_format, settings.log_level)
    return settings


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(coroutine)


def _listen(settings: Settings) -> socket.socket:
    place = f"{settings.host}:{settings.port}"
    try:
        return server.open_listener(settings.host, settings.port)
    except OSError as error:
        if error.errno == EADDRINUSE:
            raise CommandFailed(
                f"Another program listens on {place}. Choose another port, such as PORT=8001."
            ) from error
        raise CommandFailed(f"Cannot listen on {place}: {error.strerror}") from error

"""The commands, as people and orchestrators run them.

Starting a process takes seconds, so what does not depend on one runs in the process of the tests.
"""

import asyncio
import io
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app import logs
from app.command_line import main
from app.server import open_listener
from core.database import Database
from core.settings import Settings
from core.settings import settings as read_settings
from models.agents import Agent, AgentRole
from services.passwords import password_matches
from tests.support.commands import Finished, starling, start
from tests.support.databases import create_database, drop_database
from tests.support.fork_server import anew
from tests.support.servers import PostgresServer

PASSWORD = "a long and good password"
ADD_ADA = ("agent", "create", "--name", "Ada", "--email", "ada@desk.example", "--role", "admin")

Run = Callable[..., Finished]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:8000"),
        ("::1", "http://[::1]:8000"),
        ("desk.example", "http://desk.example:8000"),
    ],
)
def test_a_desk_is_reached_where_it_listens(host: str, url: str) -> None:
    assert Settings(host=host, port=8000, public_url=None, _env_file=None).base_url == url


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command in this process, and return how it ended."""
    monkeypatch.setattr(logs, "configure", lambda *_: None)

    def run(*arguments: str, stdin: str = "", **environment: str) -> Finished:
        monkeypatch.setattr(sys, "argv", ["starling", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        read_settings.cache_clear()
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capsys.readouterr()
        if isinstance(exit_.value.code, str):  # Python prints it, and exits with 1
            return Finished(1, out, f"{err}{exit_.value.code}\n")
        return Finished(exit_.value.code or 0, out, err)

    yield run
    read_settings.cache_clear()


@pytest.fixture
def migrated(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a migrated, empty SQLite file."""
    shutil.copy(sqlite_template, tmp_path / "starling.sqlite3")
    return f"sqlite:///{tmp_path}/starling.sqlite3"


async def read_agents(database_url: str) -> list[Agent]:
    database = Database(database_url.replace("sqlite:", "sqlite+aiosqlite:"))
    async with database.transaction() as session:
        agents = list(await session.scalars(select(Agent)))
    await database.close()
    return agents


async def test_migrate_makes_a_database_in_which_an_agent_can_be_added(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/starling.sqlite3"

    with start(["migrate"], {"DATABASE_URL": url}, begin=anew) as migrate:
        assert migrate.finished() == Finished(0, "The database has the newest schema.\n", "")
    assert starling(*ADD_ADA, stdin=f"{PASSWORD}\n", DATABASE_URL=url) == Finished(
        0, "Ada can sign in as ada@desk.example.\n", ""
    )

    (agent,) = await read_agents(url)
    assert (agent.name, agent.role, agent.language) == ("Ada", AgentRole.ADMIN, "en")
    assert await password_matches(PASSWORD, agent.password_hash)


def test_an_address_is_given_to_one_agent_only(run: Run, migrated: str) -> None:
    for_ada = {"stdin": f"{PASSWORD}\n", "DATABASE_URL": migrated}
    run(*ADD_ADA, **for_ada)

    assert run(*ADD_ADA, **for_ada) == Finished(
        1, "", "starling: There is an agent with the address ada@desk.example.\n"
    )
    assert len(asyncio.run(read_agents(migrated))) == 1


def test_a_short_password_is_refused_in_one_line(run: Run, migrated: str) -> None:
    assert run(*ADD_ADA, stdin="short\n", DATABASE_URL=migrated) == Finished(
        1, "", "starling: The input was refused (input.password: TOO_SHORT).\n"
    )
    assert asyncio.run(read_agents(migrated)) == []


def test_demo_data_is_for_an_empty_desk(run: Run, migrated: str) -> None:
    run(*ADD_ADA, stdin=f"{PASSWORD}\n", DATABASE_URL=migrated)

    assert run("demo", DATABASE_URL=migrated) == Finished(
        1, "", "starling: This desk has agents already. Demo data is for an empty one.\n"
    )
    assert len(asyncio.run(read_agents(migrated))) == 1


def test_a_port_that_is_taken_is_named_before_anything_is_done(run: Run, tmp_path: Path) -> None:
    with open_listener("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        finished = run(
            "serve", DATABASE_URL=f"sqlite:///{tmp_path}/starling.sqlite3", PORT=str(port)
        )

    assert finished == Finished(
        1,
        "",
        f"starling: Another program listens on 127.0.0.1:{port}. "
        "Choose another port, such as PORT=8001.\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_nothing_serves_a_postgresql_database_that_lacks_migrations(
    run: Run, postgres_server: PostgresServer
) -> None:
    url = asyncio.run(create_database(postgres_server.url))
    try:
        for command in ("serve", "worker"):
            assert run(command, DATABASE_URL=url, PORT="0") == Finished(
                1, "", "starling: The database lacks migrations. Run: ./starling migrate\n"
            )
    finally:
        asyncio.run(drop_database(postgres_server.url, url))


def test_a_database_that_cannot_be_reached_is_named_without_its_password(run: Run) -> None:
    finished = run("migrate", DATABASE_URL="postgresql://ada:secret@127.0.0.1:1/desk")

    assert (finished.code, finished.out, finished.err.count("\n")) == (1, "", 1)
    assert finished.err.startswith(
        "starling: The database postgresql+asyncpg://ada:***@127.0.0.1:1/desk cannot be used: "
    )


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"PORT": "http"}, "PORT: Input should be a valid integer"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL: String should match pattern"),
        ({"DATABASE_URL": "mysql://u:pw@h/d"}, "DATABASE_URL: Value error, must begin with"),
        ({"ALLOWED_ORIGINS": "https://a.example"}, 'error parsing value for field "allowed_'),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(
    run: Run, environment: dict[str, str], complaint: str
) -> None:
    finished = run("migrate", **environment)

    assert (finished.code, finished.out, finished.err.count("\n")) == (1, "", 1)
    assert finished.err.startswith(f"starling: {complaint}")


def test_an_unknown_command_is_answered_with_those_there_are(run: Run) -> None:
    finished = run("dance")

    assert (finished.code, finished.out, finished.err.count("\n")) == (2, "", 1)
    assert finished.err.startswith('starling: Unknown command "dance". Available commands: ')


def test_the_printed_schema_passes_its_check_until_it_differs(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "schema.graphql"
    check = ("schema", "print", "--check", "--path", str(path))

    assert run("schema", "print", "--path", str(path)) == Finished(0, "", "")
    assert run(*check) == Finished(0, "", "")
    path.write_text(path.read_text().replace("\ntype Query ", "\ntype Queries "))
    finished = run(*check)

    assert (finished.code, finished.err) == (
        1,
        f"starling: {path} is not up to date. Run: ./starling schema print\n",
    )
    assert finished.out.startswith(f"--- {path}\n+++ the schema of this code\n@@ ")
    changed = [line for line in finished.out.splitlines()[2:] if line[0] in "+-"]
    assert [line.split(" ")[:2] for line in changed] == [["-type", "Queries"], ["+type", "Query"]]

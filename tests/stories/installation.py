"""The installation that the stories take place at: two web processes, a worker, and a shop."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

from tests.commands import ROOT, starling
from tests.faults.web import WebProcess
from tests.processes import ServerProcess, scratch_directory
from tests.stories.admin import Admin, Office
from tests.stories.person import Person

ADMIN = "admin@desk.example"
PASSWORD = "a long password of the desk"


class WorkerProcess:
    """The process that does the jobs. It may be away for a while."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self._directory = directory
        self._environment = environment
        self._process = self._launch()

    def stop(self) -> None:
        """End the process in its own way."""
        self._process.stop()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let no job be done meanwhile."""
        self.stop()
        try:
            yield
        finally:
            self._process = self._launch()

    def _launch(self) -> ServerProcess:
        variables = {**self._environment, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "ERROR"}
        environment = (f"{name}={value}" for name, value in variables.items())
        command = ["env", *environment, sys.executable, "-P", "-m", "app", "worker"]
        # Nothing waits for it but the news that it brings.
        return ServerProcess(command, self._directory, is_ready=lambda: True, stop_signal=SIGTERM)


@dataclass(frozen=True, slots=True)
class Installation:
    """Where people work, and the office that its admin has set up."""

    first_server: str
    second_server: str
    worker: WorkerProcess
    database_url: str
    admin_token: str
    office: Office
    _first: WebProcess

    @contextmanager
    def first_server_down(self) -> Iterator[None]:
        """Let the first web process be gone meanwhile, as after a crash."""
        self._first.kill()
        try:
            yield
        finally:
            self._first.restart()

    def take_in_mail(self, path: Path) -> str:
        """Let the operator import an archive of mail; return what the command says."""
        brand = self.office.brand
        command = starling("import", str(path), "--brand", brand, DATABASE_URL=self.database_url)
        return command.out


@contextmanager
def set_up(database_url: str, redis_url: str) -> Iterator[Installation]:
    """Serve a migrated, empty database, as an operator does."""
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    admin = ("--name", "Admin", "--email", ADMIN, "--role", "admin")
    created = starling("agent", "create", *admin, stdin=PASSWORD, **servers)
    assert created.code == 0, created.err
    with ExitStack() as cleanup:

        def directory() -> Path:
            return cleanup.enter_context(scratch_directory())

        first = WebProcess(directory(), WORKER_IN_WEB="false", **servers)
        cleanup.callback(first.kill)
        second = WebProcess(directory(), WORKER_IN_WEB="false", **servers)
        cleanup.callback(second.kill)
        worker = WorkerProcess(directory(), **servers)
        cleanup.callback(worker.stop)
        token, office = asyncio.run(_open_office(first.url))
        yield Installation(first.url, second.url, worker, database_url, token, office, first)


async def _open_office(server: str) -> tuple[str, Office]:
    async with AsyncExitStack() as closing:
        visitor = Person("Admin", server, None, closing)
        token = await visitor.signs_in(ADMIN, PASSWORD)
        return token, await Admin("Admin", server, token, closing).opens_an_office()

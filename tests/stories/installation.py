"""The installation that the stories take place at: two web processes, a worker, and a shop.

Its mail goes to the mail server of the world outside, and its callbacks to the CRM there.
"""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

from tests.faults.web import WebProcess
from tests.stories.admin import Admin, Office
from tests.stories.outside import WorldOutside
from tests.stories.person import Person
from tests.support.commands import starling
from tests.support.fork_server import Program
from tests.support.processes import ServerProcess, free_port, scratch_directory

ADMIN = "admin@desk.example"
PASSWORD = "a long password of the desk"
REPLIES = "yanit@desk.example"


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
        with self._gone(self.stop):
            yield

    @contextmanager
    def crashed(self) -> Iterator[None]:
        """Let it die in the middle of whatever it does, and be gone meanwhile."""
        with self._gone(self._process.kill):
            yield

    @contextmanager
    def _gone(self, end: Callable[[], None]) -> Iterator[None]:
        end()
        try:
            yield
        finally:
            self._process = self._launch()

    def _launch(self) -> ServerProcess:
        variables = {**self._environment, "LOG_LEVEL": "ERROR"}
        work = Program("app", ["worker"], variables, self._directory)
        # Nothing waits for it but the news that it brings.
        return ServerProcess(work, self._directory, is_ready=lambda: True, stop_signal=SIGTERM)


@dataclass(frozen=True, slots=True)
class Installation:
    """Where people work, and the office that its admin has set up.

    Mail for it is delivered at `mail_port`.
    """

    first_server: str
    second_server: str
    worker: WorkerProcess
    database_url: str
    admin_token: str
    office: Office
    outside: WorldOutside
    mail_port: int
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
def set_up(database_url: str, redis_url: str, outside: WorldOutside) -> Iterator[Installation]:
    """Serve a migrated, empty database, as an operator does."""
    with ExitStack() as cleanup:

        def directory() -> Path:
            return cleanup.enter_context(scratch_directory())

        settings = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "STORAGE_PATH": str(directory()),
            "SMTP_URL": outside.mail.mailbox.url,
            "MAIL_REPLY_ADDRESS": REPLIES,
            "SECRETS_KEY": b64encode(secrets.token_bytes(32)).decode(),
            "CALLBACK_ALLOWED_NETWORKS": '["127.0.0.0/8", "::1/128"]',
            "CALLBACK_CA_FILE": str(outside.authority),
        }
        admin = ("--name", "Admin", "--email", ADMIN, "--role", "admin")
        created = starling("agent", "create", *admin, stdin=PASSWORD, **settings)
        assert created.code == 0, created.err
        first = WebProcess(directory(), WORKER_IN_WEB="false", **settings)
        cleanup.callback(first.kill)
        second = WebProcess(directory(), WORKER_IN_WEB="false", **settings)
        cleanup.callback(second.kill)
        mail_port = free_port()
        listen = f"smtp://127.0.0.1:{mail_port}"
        worker = WorkerProcess(directory(), MAIL_LISTEN=listen, **settings)
        cleanup.callback(worker.stop)
        token, office = asyncio.run(_open_office(first.url))
        yield Installation(
            first.url,
            second.url,
            worker,
            database_url,
            token,
            office,
            outside,
            mail_port,
            first,
        )


async def _open_office(server: str) -> tuple[str, Office]:
    async with AsyncExitStack() as closing:
        visitor = Person("Admin", server, None, closing)
        token = await visitor.signs_in(ADMIN, PASSWORD)
        return token, await Admin("Admin", server, token, closing).opens_an_office()

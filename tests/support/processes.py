"""Server processes that end when the tests end, however the tests end."""

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tests.support.fork_server import Process, Program, forked

START_TIMEOUT_SECONDS = 20  # an initial start takes one; a busy machine may need many
STOP_TIMEOUT_SECONDS = 10

# Below the ephemeral range of Linux and macOS: a client that keeps knocking at a dead port inside
# that range may be given this very port as its own, and then talks to itself.
_PORTS = range(20_000, 32_000)

# Waits for the end of its standard input, which comes even when we are killed.
_GUARDIAN = 'read -r _; kill -s "$1" "$2"; sleep 1; rm -rf -- "$3"'


class ServerUnavailableError(Exception):
    """A server could not be had; the message says what to install, or what the server said."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 on which nobody listens."""
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    message = f"every port of {_PORTS} is taken"
    raise ServerUnavailableError(message)


def unprivileged_account() -> pwd.struct_passwd | None:
    """Return the account to run PostgreSQL as, which refuses root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    names = {account.pw_name: account for account in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def credentials(account: pwd.struct_passwd | None) -> Mapping[str, Any]:
    """Return the arguments of `subprocess` that run a command as `account`, or as ourselves."""
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def scratch_directory(account: pwd.struct_passwd | None = None) -> Iterator[Path]:
    """Make a directory that `account` owns and can reach, and remove it afterwards."""
    # The temporary directory of root may be closed to everybody else; /tmp never is.
    parent = None if account is None else "/tmp"
    path = Path(tempfile.mkdtemp(prefix="starling-test-", dir=parent))
    try:
        if account is not None:
            shutil.chown(path, account.pw_uid, account.pw_gid)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class ServerProcess:
    """A running server, its log, and a guardian that ends it when we are killed."""

    def __init__(
        self,
        command: Sequence[str | Path] | Program,
        directory: Path,
        *,
        is_ready: Callable[[], bool],
        stop_signal: signal.Signals,
        account: pwd.struct_passwd | None = None,
    ) -> None:
        """Start `command`, with a log in `directory`, and return once it `is_ready`.

        Raises ServerUnavailableError, with the end of the log, when it ends or takes too long.
        """
        self._program = command.module if isinstance(command, Program) else command[0]
        self._stop_signal = stop_signal
        self._log = directory / "server.log"
        with Path(os.devnull).open("rb") as nothing, self._log.open("ab") as log:
            files = (nothing, log, log)
            self._server = (
                forked(command, files)
                if isinstance(command, Program)
                else _begin(command, directory, account, files)
            )
        self._guardian = subprocess.Popen(
            [
                *("/bin/sh", "-c", _GUARDIAN, "guardian"),
                *(stop_signal.name.removeprefix("SIG"), str(self._server.pid), directory),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._wait_until(is_ready)
        except BaseException:
            self.kill()
            raise

    def _wait_until(self, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not is_ready():
            if self._server.poll() is not None or time.monotonic() > deadline:
                tail = self._log.read_text(errors="replace")[-2_000:]
                message = f"{self._program} did not start:\n{tail}"
                raise ServerUnavailableError(message)
            time.sleep(0.01)

    @property
    def process_id(self) -> int:
        """The id of the server's process."""
        return self._server.pid

    @property
    def is_running(self) -> bool:
        """Whether the server has not ended, by itself or by us."""
        return self._server.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send the server a signal."""
        self._server.send_signal(number)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Let the server do nothing meanwhile; the system keeps its connections."""
        self.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.send(signal.SIGCONT)

    def stop(self) -> None:
        """End the server in its own way. Ending it twice is ending it once."""
        self._end(self._stop_signal)

    def kill(self) -> None:
        """End the server as a crash would."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        # The guardian goes first: once the server is gone, its process id may be another's.
        self._guardian.kill()
        self._guardian.communicate()
        self._server.send_signal(number)
        try:
            self._server.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()


def _begin(
    command: Sequence[str | Path],
    directory: Path,
    account: pwd.struct_passwd | None,
    files: Sequence[IO[bytes]],
) -> Process:
    stdin, stdout, stderr = files
    return subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, "LC_ALL": "C"},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,  # Ctrl-C is for the tests, which then stop their servers
        **credentials(account),
    )

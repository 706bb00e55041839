"""Processes of Starling that begin at once: forked from one that has read everything in.

To read the modules in and to build the schema takes a process three seconds of CPU, and the tests
start dozens of processes. So one, the template, does that once, and then only waits to be told to
fork. It has no thread, no event loop and no connection; settings are read after the fork. A fork
runs a module as `python -m` would, with arguments, variables, folder, files and session of its own;
signals and exit codes are those of any process. When the tests end, however they end, so do the
template and its forks.

Tests of the command line itself begin a process `anew`, as people do.
"""

import atexit
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import IO, Any, Protocol

from core.settings import PROJECT_ROOT

# What the command line would read in when a command is typed, and more than one of them needs.
_READ_IN = ("agents", "contract", "databases", "mail", "serving")
_MESSAGE_BYTES = 100_000  # of arguments and variables
_LOOK_SECONDS = 0.005


class Process(Protocol):
    """What the tests need of a `subprocess.Popen`, and forks have as well."""

    @property
    def pid(self) -> int:
        """The id of the process."""

    def poll(self) -> int | None:
        """Return the exit code, negative for the signal that ended it; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code at the end. Raises subprocess.TimeoutExpired after `timeout` s."""

    def send_signal(self, sig: int, /) -> None:
        """Send a signal, unless the process has ended."""

    def kill(self) -> None:
        """End it as a crash would."""


@dataclass(frozen=True, slots=True)
class Program:
    """A module to run as `python -m` would, with variables beside those of the tests."""

    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    directory: Path


def anew(program: Program, files: Sequence[IO[bytes]]) -> Process:
    """Begin a process with a Python of its own; `files` are its input, output and errors."""
    stdin, stdout, stderr = files
    return subprocess.Popen(
        [sys.executable, "-P", "-m", program.module, *program.arguments],
        cwd=program.directory,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT), **program.environment},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,  # Ctrl-C is for the tests, which then end their processes
    )


def forked(program: Program, files: Sequence[IO[bytes]]) -> Process:
    """Begin a process that has read everything in; `files` are its input, output and errors."""
    if sys.platform == "darwin":  # libraries of its system may crash in a fork
        return anew(program, files)
    template = _template()
    start = {
        "module": program.module,
        "arguments": list(program.arguments),
        "environment": {**os.environ, **program.environment},
        "directory": str(program.directory),
    }
    return _Fork(template, template.ask(start, *(file.fileno() for file in files)))


class _Template:
    """The template, as the tests see it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._lock = Lock()

    def ask(self, question: dict[str, Any], *files: int) -> Any:
        """Return the template's answer."""
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(question).encode()], files)
            answer = self._socket.recv(_MESSAGE_BYTES)
        if not answer:
            message = "the template of Starling's processes has ended"
            raise ChildProcessError(message)
        return json.loads(answer)

    def close(self) -> None:
        """End the template and its forks."""
        self._socket.close()
        self._process.wait()


@cache
def _template() -> _Template:
    template = _Template()
    atexit.register(template.close)
    return template


class _Fork:
    """A process that was forked. The template is its parent, and learns how it ends."""

    def __init__(self, template: _Template, pid: int) -> None:
        self.pid = pid
        self._template = template
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            self._code = self._template.ask({"ended": self.pid})
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"fork {self.pid}", timeout or 0)
            time.sleep(_LOOK_SECONDS)
        return code

    def send_signal(self, sig: int, /) -> None:
        # The id is nobody else's until the template has asked how the process ended.
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run_forks(requests: socket.socket) -> None:
    """Be the template until the tests end, and in each fork run what was asked for."""
    import_module("app.lasting_objects").collect_rarely()
    for command in _READ_IN:
        import_module(f"app.commands.{command}")
    import_module("app.command_line")
    import_module("schema.schema").build_schema()
    import_module("app.lasting_objects").spare_lasting_objects()
    asked = _fork_when_asked(requests)
    if asked is not None:
        start, files = asked
        _become(start, files)
        runpy.run_module(start["module"], run_name="__main__", alter_sys=True)


def _fork_when_asked(requests: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return in each fork what it is to run, with which files; in the template None at the end."""
    forks = set[int]()
    with requests:
        while True:
            question, files, *_ = socket.recv_fds(requests, _MESSAGE_BYTES, 3)
            match json.loads(question or "null"):
                case None:
                    break
                case {"ended": pid}:
                    ended, status = os.waitpid(pid, os.WNOHANG)
                    answer = os.waitstatus_to_exitcode(status) if ended else None
                    forks.discard(ended)
                case start:
                    answer = os.fork()
                    if answer == 0:
                        return start, files
                    forks.add(answer)
                    for file in files:
                        os.close(file)
            requests.send(json.dumps(answer).encode())
    for pid in forks:  # none is another's process: its end was not asked for
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return None


def _become(start: dict[str, Any], files: list[int]) -> None:
    """Take on what a process has of its own."""
    os.setsid()
    os.chdir(start["directory"])
    os.environ.clear()
    os.environ.update(start["environment"])
    sys.argv[1:] = start["arguments"]
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)


if __name__ == "__main__":
    _run_forks(socket.socket(fileno=int(sys.argv[1])))

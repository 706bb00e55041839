"""The command line under test, in processes of its own."""

import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from tests.support.fork_server import Process, Program, forked

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 60  # a command takes a moment; a busy machine may need many more

Begin = Callable[[Program, Sequence[IO[bytes]]], Process]


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Started:
    """A command under way. What it writes stands in files, so that it never waits for a reader."""

    process: Process
    _folder: Path

    @property
    def out(self) -> str:
        """What it has written so far."""
        return (self._folder / "out").read_text()

    def finished(self) -> Finished:
        """Wait for the end."""
        code = self.process.wait(TIMEOUT_SECONDS)
        return Finished(code, self.out, (self._folder / "err").read_text())


@dataclass(frozen=True, slots=True)
class Served:
    """A desk that answers at `url`, and what it said of itself."""

    url: str
    said: list[str]
    process: Process
    _command: Started

    def end(self, stop_signal: signal.Signals) -> Finished:
        """Send the signal and wait for the end."""
        self.process.send_signal(stop_signal)
        return self._command.finished()


def starling(*arguments: str, stdin: str = "", **environment: str) -> Finished:
    """Run a command to its end."""
    with start(arguments, environment, stdin=stdin) as command:
        return command.finished()


@contextmanager
def served(begin: Begin = forked, /, **environment: str) -> Iterator[Served]:
    """Serve on a free port until the end of the test."""
    with start(["serve"], {"PORT": "0", **environment}, begin=begin) as command:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not (said := command.out):
            assert command.process.poll() is None, command.finished()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        found = re.search(r"http://\S+", said)
        assert found, said
        yield Served(found[0], said.splitlines(), command.process, command)


@contextmanager
def start(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: str = "",
    begin: Begin = forked,
) -> Iterator[Started]:
    """Start a command, and kill it at the end of the test if it still runs."""
    with TemporaryDirectory(prefix="starling-test-") as name:
        folder = Path(name)
        (folder / "in").write_text(stdin)
        with (
            (folder / "in").open("rb") as given,
            (folder / "out").open("wb") as out,
            (folder / "err").open("wb") as err,
        ):
            process = begin(Program("app", arguments, environment, ROOT), (given, out, err))
        try:
            yield Started(process, folder)
        finally:
            process.kill()
            process.wait()

"""The command line under test, in processes of its own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TIMEOUT_SECONDS = 60  # a command takes two; a busy machine may need many more


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Served:
    """A desk that answers at `url`."""

    url: str
    process: subprocess.Popen[str]

    def end(self, stop_signal: signal.Signals) -> Finished:
        """Send the signal and wait for the end."""
        self.process.send_signal(stop_signal)
        out, err = self.process.communicate(timeout=TIMEOUT_SECONDS)
        return Finished(self.process.returncode, out, err)


def starling(*arguments: str, stdin: str = "", **environment: str) -> Finished:
    """Run a command to its end."""
    with start(arguments, environment) as process:
        out, err = process.communicate(stdin, timeout=TIMEOUT_SECONDS)
    return Finished(process.returncode, out, err)


@contextmanager
def served(**environment: str) -> Iterator[Served]:
    """Serve on a free port until the end of the test."""
    with start(["serve"], {"PORT": "0", **environment}) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, f"{line}{process.communicate(timeout=TIMEOUT_SECONDS)}"
            yield Served(found[0], process)
        finally:
            process.kill()


def start(arguments: Iterable[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start a command whose input and output are pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

"""A web process that a test may kill, pause, and start again at its address."""

import asyncio
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path
from signal import SIGKILL, Signals

from tests.support.fork_server import Program
from tests.support.processes import ServerProcess, free_port

LOOK_SECONDS = 1
END_SECONDS = 15


class WebProcess:
    """A desk that answers at `url`. It runs the module `program`: `app`, or one that wraps it."""

    def __init__(self, directory: Path, **environment: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.program = "app"
        self._directory = directory
        self._environment = {
            "STORAGE_PATH": str(directory / "files"),
            **environment,
            "PORT": str(port),
            "LOG_LEVEL": "ERROR",
        }
        self._process = self._launch()

    @property
    def process_id(self) -> int:
        """The id of the present process."""
        return self._process.process_id

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.is_running

    def kill(self) -> None:
        """End the process as a crash would."""
        self._process.kill()

    def restart(self, program: str = "app") -> None:
        """Kill the process, if it lives, and start another at the same address."""
        self.kill()
        self.program = program
        self._process = self._launch()

    def send(self, number: Signals) -> None:
        """Send the process a signal."""
        self._process.send(number)

    async def ended(self) -> None:
        """Wait for the process to end by itself."""
        async with asyncio.timeout(END_SECONDS):
            while self.is_running:
                await asyncio.sleep(0.01)

    def paused(self) -> AbstractContextManager[None]:
        """Let the process do nothing meanwhile; the system keeps its connections."""
        return self._process.paused()

    def _launch(self) -> ServerProcess:
        serve = Program(self.program, ["serve"], self._environment, self._directory)
        return ServerProcess(serve, self._directory, is_ready=self._is_live, stop_signal=SIGKILL)

    def _is_live(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/live", timeout=LOOK_SECONDS):
                return True
        except OSError:
            return False

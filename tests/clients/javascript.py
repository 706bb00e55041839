"""Programs in JavaScript that use the examples, and say what they hear."""

import asyncio
import json
import shutil
import subprocess
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import ROOT
from tests.support.live import LiveWorld

HERE = Path(__file__).parent
INSTALL = ("npm", "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund")
INSTALL_SECONDS = 60
WAIT_SECONDS = 20  # a restart takes three, and clients pause up to five; a busy machine needs more
QUIET_SECONDS = 0.3  # for what should not come
MAX_LINE_BYTES = 1 << 20


def install(folder: Path) -> None:
    """Fill a folder with the examples, the programs of the tests, and what they need."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("The clients in JavaScript need node and npm: install them to test these.")
    for file in (*HERE.glob("package*.json"), *HERE.glob("*.mjs"), *ROOT.glob("examples/*.mjs")):
        shutil.copy(file, folder)
    npm = subprocess.run(
        INSTALL, cwd=folder, check=False, capture_output=True, text=True, timeout=INSTALL_SECONDS
    )
    if npm.returncode:
        pytest.skip(f"npm could not install the clients: {npm.stdout or npm.stderr}")


class Program:
    """A running program. Each line that it prints is a JSON object with one key: the kind."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._printed: defaultdict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)

    async def read(self) -> None:
        """Take in what is printed, to the end."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            ((kind, content),) = json.loads(line).items()
            self._printed[kind].put_nowait(content)

    async def does(self, act: str, argument: Any = None) -> None:
        """Have the program do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({act: argument}).encode() + b"\n")
        await self._process.stdin.drain()

    async def says(self, kind: str) -> Any:
        """Return the next thing of a kind that is printed."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._printed[kind].get()

    def has_said(self, kind: str) -> list[Any]:
        """Return all of a kind that has been printed and not been read."""
        printed = self._printed[kind]
        return [printed.get_nowait() for _ in range(printed.qsize())]

    async def says_no_more(self, kind: str) -> None:
        """Check that for a while nothing of a kind is printed."""
        await asyncio.sleep(QUIET_SECONDS)
        assert self.has_said(kind) == []

    async def ask(self, document: str, **variables: Any) -> Any:
        """Return the result of a query or mutation."""
        await self.does("ask", {"query": document, "variables": variables})
        return await self.says("answer")

    async def follow(self, document: str, **variables: Any) -> None:
        """Subscribe, and resume whenever the connection is lost."""
        await self.does("follow", {"query": document, "variables": variables})

    async def ends(self) -> tuple[int, str]:
        """Wait for the program to end by itself; return its exit status and complaints."""
        assert self._process.stderr is not None
        async with asyncio.timeout(WAIT_SECONDS):
            complaints = await self._process.stderr.read()
            return await self._process.wait(), complaints.decode()


@asynccontextmanager
async def running(folder: Path, *command: str) -> AsyncIterator[Program]:
    """Run a program in a folder until the end of the test."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=MAX_LINE_BYTES
    )
    program = Program(process)
    reading = asyncio.create_task(program.read())
    try:
        yield program
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


def connected(
    installed: Path, way: str, url: str, token: str
) -> AbstractAsyncContextManager[Program]:
    """Run a client that goes the given way to the desk at `url`."""
    return running(installed, "node", "client.mjs", way, f"{url}/graphql", token)


def url_of(desk: LiveWorld) -> str:
    """Return where a desk that is served in the process of the tests answers."""
    return f"http://127.0.0.1:{desk.port}"

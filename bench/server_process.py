"""Commanding the processes that are measured, from outside."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from bench import fanout_server
from bench.live_desk import SESSIONS, LiveDesk


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server that answers on `port`, and tells of itself as `fanout_server.Control` can.

    A worker answers on none: its port is 0.
    """

    port: int
    _process: asyncio.subprocess.Process

    async def ask(self, command: str, **arguments: Any) -> Any:
        """Command something, and return what it is answered with when it is done."""
        assert self._process.stdin
        self._process.stdin.write(orjson.dumps([command, arguments]) + b"\n")
        return await _line(self._process)


@asynccontextmanager
async def server_process(
    live: LiveDesk, *options: str, port: int = 0
) -> AsyncIterator[ServerProcess]:
    """Serve a desk from a process of its own, and end that process as an orchestrator does.

    `options` are those of `fanout_server`.
    """
    assert live.desk.settings.redis_url
    async with commanded_process(
        fanout_server.__name__,
        *options,
        DATABASE_URL=live.desk.database.url.render_as_string(hide_password=False),
        REDIS_URL=live.desk.settings.redis_url,
        PORT=str(port),
        WORKER_IN_WEB="false",  # jobs are no part of what is measured
        CONNECTIONS_PER_AGENT=str(SESSIONS),
    ) as server:
        yield server


@asynccontextmanager
async def commanded_process(
    module: str, *options: str, **environment: str
) -> AsyncIterator[ServerProcess]:
    """Run a module that obeys a `fanout_server.Control`, and end it as an orchestrator does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module),
        *options,
        env={**os.environ, "LOG_LEVEL": "WARNING", **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield ServerProcess(await _line(process), process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _line(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError(f"the server has ended with {await process.wait()}")
    return orjson.loads(line)

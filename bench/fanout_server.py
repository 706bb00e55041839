"""The server that is measured: the application in a process of its own, which tells of itself.

It reads commands from its standard input and answers on its standard output, a line of JSON each.
It ends with its standard input, or as any server: by SIGTERM.
"""

import asyncio
import gc
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, cast
from unittest.mock import patch

import orjson
import psutil
import uvicorn
from sqlalchemy import Engine, event
from uvicorn.loops.auto import auto_loop_factory
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from app import logs, server
from app.application import create_application
from app.desk import open_desk
from bench.bare_application import BareApplication
from core.settings import Settings

WITHOUT_SHARING = "--without-sharing"
BARE = "--bare"

_TABLE = re.compile(r"(?:FROM|INTO|UPDATE) (\w+)")


class Control:
    """Answers about this process, and does in it what a plain program would do."""

    def __init__(self, servers: list[uvicorn.Server], statements: Counter[str]) -> None:
        self._servers = servers
        self._statements = statements

    async def obey(self) -> None:
        """Do what is commanded until there is nobody left to command."""
        commands = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
        )
        while line := await commands.readline():
            name, arguments = orjson.loads(line)
            tell(await getattr(self, f"do_{name}")(**arguments))

    async def do_cpu(self) -> float:
        """Return the seconds of CPU that this process has taken so far, the kernel's included."""
        return time.process_time()

    async def do_memory(self) -> int:
        """Return the bytes of memory that this process holds once its garbage is collected."""
        gc.collect()
        return int(psutil.Process().memory_info().rss)

    async def do_statements(self) -> dict[str, int]:
        """Return how many SQL statements there were since the last time, by their first table."""
        by_table: Counter[str] = Counter()
        for statement, count in self._statements.items():
            table = _TABLE.search(statement)
            by_table[table[1] if table else "none"] += count
        self._statements.clear()
        return by_table

    async def do_send_plainly(self, text: str, times: int, pause_seconds: float) -> None:
        """Write one prepared frame to each open socket, so many times, at a steady pace.

        This is the least that telling a thousand clients can cost in one Python process.
        """
        frame = Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
        loop = asyncio.get_running_loop()
        started = loop.time()
        for number in range(1, times + 1):
            for protocol in self._servers[0].server_state.connections:
                cast("WebSocketsSansIOProtocol", protocol).transport.write(frame)
            await asyncio.sleep(started + number * pause_seconds - loop.time())


def tell(answer: object) -> None:
    """Write an answer."""
    sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
    sys.stdout.buffer.flush()


@contextmanager
def noting_servers() -> Iterator[list[uvicorn.Server]]:
    """Give the servers that start meanwhile: `app.server.serve` keeps its own to itself."""
    servers: list[uvicorn.Server] = []
    startup = uvicorn.Server.startup

    async def note_and_start(self: uvicorn.Server, sockets: Any = None) -> None:
        servers.append(self)
        await startup(self, sockets)

    with patch.object(uvicorn.Server, "startup", note_and_start):
        yield servers


def count_statements() -> Counter[str]:
    """Count the SQL statements of all databases of this process from now on."""
    statements: Counter[str] = Counter()

    @event.listens_for(Engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements[statement] += 1

    return statements


def end_with(commanded: asyncio.Task[None]) -> None:
    """End this process when nobody commands it any more, or a command has failed."""
    if not commanded.cancelled():
        os.kill(os.getpid(), signal.SIGTERM)


async def serve(settings: Settings, create: Callable[..., Any]) -> None:
    """Serve until SIGTERM, commanded from the start."""
    statements = count_statements()
    with (
        noting_servers() as servers,
        patch.object(server, "create_application", create),
        server.open_listener(settings.host, settings.port) as listener,
    ):
        control = Control(servers, statements)
        commanded = asyncio.create_task(control.obey())
        commanded.add_done_callback(end_with)
        async with open_desk(settings) as desk:
            port = listener.getsockname()[1]
            await server.serve(desk, listener, on_ready=lambda: tell(port))
        commanded.cancel()
        with suppress(asyncio.CancelledError):
            await commanded


def main() -> None:
    """Serve as the environment says, each subscriber by themselves with `--without-sharing`.

    With `--bare` nothing is served but handshakes.
    """
    settings = Settings(_env_file=None)
    logs.configure(settings.log_format, settings.log_level)
    create: Callable[..., Any] = create_application
    if WITHOUT_SHARING in sys.argv:
        create = partial(create_application, shares_executions=False)
    if BARE in sys.argv:
        create = BareApplication
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(serve(settings, create))


if __name__ == "__main__":
    main()

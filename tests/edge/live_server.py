"""A real server on a free port, in the event loop of the test."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from app.socket_protocol import SocketProtocol


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[int]:
    """Serve `app` and yield the port."""
    # asyncio switches Nagle's algorithm off, 40 ms a message, only where TCP is named.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            log_config=None,
            lifespan="off",
            ws=SocketProtocol,
            timeout_graceful_shutdown=1,
            ws_per_message_deflate=False,
            ws_max_size=128 * 1024,
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.001)
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving

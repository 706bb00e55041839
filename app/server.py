"""The web process: its socket, its memory, and how it ends."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress

import uvicorn
from starlette.applications import Starlette

from app.application import create_application
from app.desk import Desk
from app.lasting_objects import spare_lasting_objects
from app.mail_listener import listening
from app.signals import on_stop_signal
from app.socket_protocol import SocketProtocol
from app.worker import wake_by_bell, worker_of, working

# A peer that acknowledges nothing for so long is gone. Without this it is kept for a quarter of an
# hour, with all that waits for it in the kernel's buffer.
PEER_TIMEOUT_MILLISECONDS = 20_000
SEND_BUFFER_BYTES = 128 * 1024
BACKLOG = 2_048

SOCKET_MESSAGE_BYTES = 128 * 1024
PING_SECONDS = 15.0  # below the minute after which proxies drop silent connections
GRACE_SECONDS = 5  # for sockets to be closed, and again for requests that are being answered


def open_listener(host: str, port: int) -> socket.socket:
    """Return a listening socket; connections wait in it until they are served.

    Raises OSError, as when another program listens there.
    """
    family, kind, protocol, _name, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    # asyncio switches Nagle's algorithm off, 40 ms a message, only where TCP is named.
    listener = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit these.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PEER_TIMEOUT_MILLISECONDS
            )
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


async def serve(desk: Desk, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, then drain; `on_ready` is called when requests are answered.

    Sockets are closed with 1012, after which clients connect again; requests get GRACE_SECONDS.
    """
    async with AsyncExitStack() as cleanup:
        worker = mail = None
        if desk.settings.worker_in_web:
            worker = worker_of(desk)
            wake_by_bell(desk, worker)
            await cleanup.enter_async_context(working(worker))
            mail = await cleanup.enter_async_context(listening(desk))
        application = create_application(desk)
        server = _Server(application, on_ready)

        def stop() -> None:
            server.should_exit = True
            if worker is not None:
                worker.stop()
            if mail is not None:
                mail.stop()

        with on_stop_signal(stop):
            await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, application: Starlette, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                ws=SocketProtocol,
                ws_max_size=SOCKET_MESSAGE_BYTES,
                ws_ping_interval=PING_SECONDS,
                ws_ping_timeout=PING_SECONDS,
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._application = application
        self._on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `serve`: uvicorn would raise them again at the end, as a failure."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        spare_lasting_objects()
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take leave of the sockets in our own words before uvicorn ends what is left."""
        # Those who are sent away come again at once: no longer to this process.
        for server in self.servers:
            server.close()
        self._application.state.event_streams.end_all()
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await self._application.state.sockets.close_all()
        await super().shutdown(sockets)

"""Connections that go to checked addresses only, and bring no more than a fixed amount."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpcore2

from core.errors import CallbackFailed, CallbackFailure
from services.calls.addresses import AddressGuard

# host, port → the addresses of the host, the most suitable first
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# A host whose first address is dead is reached at its second one within the 3 s of a callback.
SECONDS_BEFORE_NEXT_ADDRESS = 1.0
# Whatever is read at once is taken apart at once, and thousands of tiny parts take a while: others
# get their turn in between.
BYTES_PER_READ = 4_096


class Resolver:
    """Asks the system for addresses, in threads of its own: a name server may take a minute."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolver")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, in whatever spelling. Raises CallbackFailed."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads, _look_up, host, port
            )
        except (OSError, UnicodeError):
            raise CallbackFailed(CallbackFailure.CONNECTION) from None
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def close(self) -> None:
        """Wait for nobody: an answer that comes now helps nobody any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to exactly the addresses that were checked, so that no second look-up can differ."""

    def __init__(self, resolve: Resolve, guard: AddressGuard, bytes_maximum: int) -> None:
        self._resolve = resolve
        self._guard = guard
        self._bytes_maximum = bytes_maximum
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to a host. Raises CallbackFailed if one of its addresses may not be called."""
        addresses = await self._resolve(host, port)
        if not all(map(self._guard.allows, addresses)):
            raise CallbackFailed(CallbackFailure.REFUSED_ADDRESS)
        return GuardedStream(await self._connect(addresses, port), self._bytes_maximum)

    async def _connect(self, addresses: Sequence[str], port: int) -> httpcore2.AsyncNetworkStream:
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout=SECONDS_BEFORE_NEXT_ADDRESS
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._network.connect_tcp(addresses[-1], port)


class GuardedStream(httpcore2.AsyncNetworkStream):
    """A connection that ends with CallbackFailed once it has brought more than `bytes_maximum`."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, bytes_maximum: int) -> None:
        self._stream = stream
        self._bytes_maximum = bytes_maximum
        self._bytes_read = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read some bytes."""
        with _telling_of_tls():
            data = await self._stream.read(min(max_bytes, BYTES_PER_READ), timeout)
        self._bytes_read += len(data)
        if self._bytes_read > self._bytes_maximum:
            raise CallbackFailed(CallbackFailure.TOO_LARGE)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Write all bytes."""
        with _telling_of_tls():
            await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's interface
    ) -> httpcore2.AsyncNetworkStream:
        """Encrypt the connection. Raises CallbackFailed for a server that is not who it must be."""
        try:
            stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except httpcore2.ConnectError:
            raise CallbackFailed(CallbackFailure.TLS) from None
        return GuardedStream(stream, self._bytes_maximum)

    def get_extra_info(self, info: str) -> Any:
        """Tell something about the connection."""
        return self._stream.get_extra_info(info)


@contextmanager
def _telling_of_tls() -> Iterator[None]:
    """Raise CallbackFailed for a server that breaks TLS after it has proved who it is."""
    try:
        yield
    except ssl.SSLError:
        raise CallbackFailed(CallbackFailure.TLS) from None


def _look_up(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)

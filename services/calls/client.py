"""One request, one answer: without redirects, cookies, proxies or compression, and in time."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

import httpcore2

from core.errors import CallbackFailed, CallbackFailure
from services.calls.addresses import AddressGuard
from services.calls.network import GuardedNetwork, Resolve

BODY_BYTES_MAXIMUM = 64 * 1024  # product.md
# Headers, and what frames the pieces of a body, come on top.
ANSWER_BYTES_MAXIMUM = BODY_BYTES_MAXIMUM + 32 * 1024
# A body of single bytes would keep the processor busy for half a second.
PIECES_MAXIMUM = 1_000
# For what an answer says besides its status, where only that matters.
LISTENING_SECONDS = 2.0

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `host` is ASCII, an IPv6 address without brackets; `target` is path and query.

    JSON is asked for, unless the headers say by themselves what is accepted.
    """

    scheme: str
    host: str
    port: int
    method: str
    target: str = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes | None = field(repr=False)
    timeout_seconds: float

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == {"http": 80, "https": 443}[self.scheme]
        return host if is_usual else f"{host}:{self.port}"


class GuardedClient:
    """Sends requests, each on a connection of its own.

    TLS trusts the authorities that the system knows, and those in `ca_file`.
    """

    def __init__(self, resolve: Resolve, guard: AddressGuard, ca_file: Path | None = None) -> None:
        self._network = GuardedNetwork(resolve, guard, ANSWER_BYTES_MAXIMUM)
        self._ca_file = ca_file

    async def fetch(self, call: Call) -> bytes:
        """Return the body of a successful answer. Raises CallbackFailed for whatever else."""
        async with _in_time(call), self._answer(call) as response:
            _check_status(response)
            _check_body(response)
            return await _read(response)

    async def tell(self, call: Call) -> int:
        """Return the status of a successful answer; what it says besides does not matter.

        Raises CallbackFailed for whatever else.
        """
        status = 0
        try:
            async with _in_time(call) as limit, self._answer(call) as response:
                _check_status(response)
                status = response.status
                # Servers log an error where nobody listens to what they say, so it is read for a
                # moment. It may be too much, break off, or never end.
                limit.reschedule(asyncio.get_running_loop().time() + LISTENING_SECONDS)
                await _read(response)
        except Exception:
            if not status:
                raise
        return status

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """Whom TLS trusts; read when it is needed, since that takes a while."""
        context = httpcore2.default_ssl_context()
        if self._ca_file is not None:
            context.load_verify_locations(self._ca_file)
        return context

    @asynccontextmanager
    async def _answer(self, call: Call) -> AsyncIterator[httpcore2.Response]:
        url = httpcore2.URL(scheme=call.scheme, host=call.host, port=call.port, target=call.target)
        headers = [
            ("Host", call.authority),
            ("Connection", "close"),
            # A small answer can unpack to gigabytes, so packed ones are not asked for.
            ("Accept-Encoding", "identity"),
            ("User-Agent", "Starling"),
            *call.headers,
        ]
        if not any(name.lower() == "accept" for name, _ in call.headers):
            headers.append(("Accept", "application/json"))
        connection = httpcore2.AsyncHTTPConnection(
            url.origin, ssl_context=self._trusted, network_backend=self._network
        )
        async with (
            connection,
            connection.stream(call.method, url, headers=headers, content=call.body) as response,
        ):
            yield response


@asynccontextmanager
async def _in_time(call: Call) -> AsyncIterator[asyncio.Timeout]:
    """Let a call go on for its time, and tell of its end in our own words."""
    try:
        async with asyncio.timeout(call.timeout_seconds) as limit:
            yield limit
    except (TimeoutError, httpcore2.TimeoutException):
        raise CallbackFailed(CallbackFailure.TIMEOUT) from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError):
        raise CallbackFailed(CallbackFailure.CONNECTION) from None


def _check_status(response: httpcore2.Response) -> None:
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        raise CallbackFailed(CallbackFailure.REDIRECTED, response.status)
    if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        raise CallbackFailed(CallbackFailure.HTTP_STATUS, response.status)


def _check_body(response: httpcore2.Response) -> None:
    headers = {name.lower(): value.lower() for name, value in response.headers}
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise CallbackFailed(CallbackFailure.ENCODED)
    if int(headers.get(b"content-length", b"0")) > BODY_BYTES_MAXIMUM:
        raise CallbackFailed(CallbackFailure.TOO_LARGE)


async def _read(response: httpcore2.Response) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async with aclosing(response.aiter_stream()) as stream:
        async for piece in stream:
            pieces.append(piece)
            size += len(piece)
            if size > BODY_BYTES_MAXIMUM or len(pieces) > PIECES_MAXIMUM:
                raise CallbackFailed(CallbackFailure.TOO_LARGE)
    return b"".join(pieces)

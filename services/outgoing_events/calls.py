"""One try to tell a webhook something: signed as Standard Webhooks says, and how it went."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from time import perf_counter
from typing import Any

import structlog
from standardwebhooks import Webhook as Signer

from core import clock
from core.errors import CallbackFailed, CallbackFailure, Unavailable
from core.secrets import SecretBox, SecretUnreadable
from models.webhooks import WebhookFailure
from services.calls.addresses import AddressGuard
from services.calls.client import Call, GuardedClient
from services.few_at_once import FewAtOnce
from services.lookups.urls import CallbackUrl
from services.outgoing_events.secrets import Stored, signing_secrets

TIMEOUT_SECONDS = 15.0  # Standard Webhooks: 15 to 30, so that slow receivers are not called twice
LOOK_UPS_AT_ONCE = 50  # one of each webhook that there can be
TESTS_AT_ONCE = 10

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Try:
    """A try: when it began, how long it took, and what came of it. No failure: it succeeded.

    `status` is the answer's, where there was one.
    """

    at: datetime
    milliseconds: int
    status: int | None
    failure: WebhookFailure | None

    def as_json(self) -> dict[str, Any]:
        """Return the shape in which it is kept."""
        return {
            "at": self.at.isoformat(),
            "milliseconds": self.milliseconds,
            "status": self.status,
            "failure": self.failure,
        }

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> "Try":
        """Return the try that is kept in this shape."""
        failure = kept["failure"]
        return cls(
            datetime.fromisoformat(kept["at"]),
            kept["milliseconds"],
            kept["status"],
            WebhookFailure(failure) if failure else None,
        )


class WebhookCalls:
    """Calls the addresses of webhooks, as far as the guard allows."""

    def __init__(self, client: GuardedClient, guard: AddressGuard, box: SecretBox) -> None:
        self.box = box
        self._client = client
        self._guard = guard
        self._tests = FewAtOnce(TESTS_AT_ONCE)

    def may_call(self, url: CallbackUrl) -> bool:
        """Tell whether a URL may be called, as far as that can be said before its name is known."""
        try:
            ip_address(url.host)
        except ValueError:
            return True
        return self._guard.allows(url.host)

    async def test(self, row: Stored, event_id: str, body: str) -> Try:
        """Tell a webhook something, and return how that went.

        Raises Unavailable where too many do.
        """
        async with self._tests.one():
            return await tried(self.post(row, event_id, body))

    async def post(self, row: Stored, event_id: str, body: str) -> int:
        """Tell a webhook something; return the status of the answer.

        Raises CallbackFailed for whatever is no success.
        """
        now = clock.now()
        try:
            secrets = signing_secrets(self.box, row, now)
        except SecretUnreadable:
            raise CallbackFailed(CallbackFailure.SECRET_UNREADABLE) from None
        signatures = (Signer(secret).sign(event_id, now, body) for secret in secrets)
        url, content = CallbackUrl.parse(row.url), body.encode()
        call = Call(
            scheme=url.scheme,
            host=url.host,
            port=url.port,
            method="POST",
            target=url.path + (f"?{url.query}" if url.query else ""),
            headers=[
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(content))),
                ("Accept", "*/*"),
                ("webhook-id", event_id),
                ("webhook-timestamp", str(int(now.timestamp()))),
                ("webhook-signature", " ".join(signatures)),
            ],
            body=content,
            timeout_seconds=TIMEOUT_SECONDS,
        )
        return await self._client.tell(call)


async def tried(posting: Awaitable[int]) -> Try:
    """Wait for a call, and return how it went.

    A fault of the desk is a failed try as well, so that it is not made again and again at once.
    """
    began, started = clock.now(), perf_counter()
    status: int | None
    failure = None
    try:
        status = await posting
    except CallbackFailed as problem:
        status, failure = problem.status, WebhookFailure.of(problem.reason)
    except Unavailable:  # there was no try
        raise
    except Exception:  # noqa: BLE001  # whatever is wrong here, the next try may find it mended
        _log.exception("a webhook could not be called")
        status, failure = None, WebhookFailure.CONNECTION
    return Try(began, round((perf_counter() - started) * 1000), status, failure)

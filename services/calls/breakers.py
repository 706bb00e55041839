"""Hosts that keep failing are left alone for a while, and then tried by one call only."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from core.errors import CallbackFailed, CallbackFailure, Unavailable

FAILURES_IN_A_ROW = 5
OPEN_SECONDS = 30.0  # longer than any call: what ends during a probe is the probe

_HOST_IS_DOWN = {CallbackFailure.TIMEOUT, CallbackFailure.CONNECTION, CallbackFailure.TLS}


@dataclass(slots=True)
class _Breaker:
    failures: int = 0
    open_until: float = 0.0
    is_probed: bool = False


class Breakers:
    """The breakers of all hosts that have failed since they worked last, in this process."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._breakers: dict[str, _Breaker] = {}

    @contextmanager
    def watching(self, host: str) -> Iterator[None]:
        """Call a host meanwhile. Raises Unavailable while it is left alone."""
        self._admit(host)
        try:
            yield
        except CallbackFailed as error:
            if _is_down(error):
                self._count_failure(host)
            else:
                self._close(host)
            raise
        except BaseException:
            # Whoever asked is gone: that says nothing about the host.
            if breaker := self._breakers.get(host):
                breaker.is_probed = False
            raise
        self._close(host)

    def is_left_alone(self, host: str) -> bool:
        """Tell whether a call of a host would be refused now."""
        breaker = self._breakers.get(host)
        return breaker is not None and self._refused_for(breaker) > 0

    def _admit(self, host: str) -> None:
        breaker = self._breakers.get(host)
        if breaker is None or breaker.failures < FAILURES_IN_A_ROW:
            return
        if seconds := self._refused_for(breaker):
            raise Unavailable(retry_after_seconds=seconds)
        breaker.is_probed = True

    def _refused_for(self, breaker: _Breaker) -> int:
        """Return for how many seconds calls are refused; 1 while a probe is under way."""
        if breaker.failures < FAILURES_IN_A_ROW:
            return 0
        remaining = breaker.open_until - self._now()
        return math.ceil(remaining) if remaining > 0 else int(breaker.is_probed)

    def _close(self, host: str) -> None:
        """Begin the count anew. An answer to a call from before a pause does not end it."""
        breaker = self._breakers.get(host)
        if breaker and (breaker.is_probed or breaker.failures < FAILURES_IN_A_ROW):
            del self._breakers[host]

    def _count_failure(self, host: str) -> None:
        breaker = self._breakers.setdefault(host, _Breaker())
        breaker.failures += 1
        breaker.is_probed = False
        breaker.open_until = self._now() + OPEN_SECONDS


def _is_down(error: CallbackFailed) -> bool:
    """Tell a host that does not work from one that answers, though not with what was wanted."""
    status = error.status or HTTPStatus.OK
    return error.reason in _HOST_IS_DOWN or status >= HTTPStatus.INTERNAL_SERVER_ERROR

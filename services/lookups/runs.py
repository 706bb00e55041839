"""Running callbacks: a few at once, with no connection to the database in hand."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from uuid import UUID

import structlog

from core import clock
from core.errors import CallbackFailed, Unavailable
from services.calls.breakers import Breakers
from services.calls.client import Call, GuardedClient
from services.calls.places import PlacesPerKey
from services.few_at_once import FewAtOnce
from services.lookups.definitions import Definition
from services.lookups.requests import GivenParameter, clean_parameters, request_for
from services.lookups.values import LabelledValue, labelled, read_answer

RUNS_AT_ONCE = 20  # of a process, each for at most 3 s
RUNS_OF_AN_AGENT_AT_ONCE = 3  # one customer at a time, looked up in a few systems
RUNS_OF_A_HOST_AT_ONCE = 10  # one slow server leaves the other half to the rest
SECONDS_TO_WAIT_FOR_A_PLACE = 0.5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be run, and by whom. `callback_id` is None for a draft that was never saved."""

    definition: Definition
    agent_id: UUID
    callback_id: UUID | None
    is_draft: bool


@dataclass(frozen=True, slots=True)
class CallbackRun:
    """What a callback brought, and when."""

    values: Sequence[LabelledValue]
    fetched_at: datetime


class CallbackRuns:
    """Runs the callbacks of one process."""

    def __init__(self, client: GuardedClient) -> None:
        self.breakers = Breakers()
        self._client = client
        self._places = FewAtOnce(RUNS_AT_ONCE, SECONDS_TO_WAIT_FOR_A_PLACE)
        self._of_agents = PlacesPerKey(RUNS_OF_AN_AGENT_AT_ONCE)
        self._of_hosts = PlacesPerKey(RUNS_OF_A_HOST_AT_ONCE)

    async def run(self, target: Target, parameters: Sequence[GivenParameter]) -> CallbackRun:
        """Ask the company's system, and return what it says under the labels of the definition.

        Raises ValidationFailed for wrong parameters, CallbackFailed, and Unavailable where too many
        run at once or the host has failed too often.
        """
        definition = target.definition
        values = clean_parameters(definition, parameters)
        call = request_for(definition, values, int(clock.now().timestamp()))
        answer = read_answer(await self._logged(target, call))
        found = labelled(answer, definition.fields.items, definition.secret_texts())
        return CallbackRun(found, clock.now())

    async def _logged(self, target: Target, call: Call) -> bytes:
        """Call, and write one line of it; what was sent and received stands in no log."""
        began, outcome = perf_counter(), "CANCELLED"
        try:
            body = await self._in_turn(target, call)
            outcome = "ANSWERED"
        except CallbackFailed as error:
            outcome = error.reason
            raise
        except Unavailable as error:
            outcome = error.code
            raise
        else:
            return body
        finally:
            _log.info(
                "callback",
                callback_id=str(target.callback_id) if target.callback_id else None,
                host=call.authority,
                outcome=str(outcome),
                milliseconds=round((perf_counter() - began) * 1000),
            )

    async def _in_turn(self, target: Target, call: Call) -> bytes:
        # A draft that does not work yet must not keep agents from what works.
        host = call.authority
        with (
            nullcontext() if target.is_draft else self.breakers.watching(host),
            self._of_agents.one(target.agent_id),
            self._of_hosts.one(host),
        ):
            async with self._places.one():
                return await self._client.fetch(call)

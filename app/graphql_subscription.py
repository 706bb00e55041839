"""One subscription of one client, whatever carries it to them."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import nullcontext
from dataclasses import dataclass

from app.engine import Operation, Variables
from app.graphql_responder import LiveOperation, Responder
from app.metrics import OPEN_SUBSCRIPTIONS
from services.live_viewers import LiveViewer
from subscriptions.log.cursors import ResetReason
from subscriptions.sharing.groups import Group


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """Who subscribes, and to what."""

    responder: Responder
    operation: Operation
    variables: Variables
    viewer: LiveViewer
    turns: asyncio.Semaphore
    """Admissions that a client may have running at once."""


class ClientSubscription(ABC):
    """Listens to a group from `begin` to `stop`. A task runs only until it has joined."""

    __slots__ = ("_admitting", "_group", "_is_stopped", "_request", "_task", "viewer")

    def __init__(self, request: SubscriptionRequest) -> None:
        self.viewer = request.viewer
        self._request = request
        self._admitting: asyncio.Task[LiveOperation] | None = None
        self._is_stopped = False
        self._group: Group | None = None
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    def tell(self, content: bytes) -> None:
        """Send at once. A client without room for it is disconnected, and told why."""

    @abstractmethod
    async def tell_patiently(self, content: bytes) -> None:
        """Send when there is room. Raises what ends the connection if there never is."""

    @abstractmethod
    def finish(self, error: Exception | None) -> None:
        """End the subscription: nothing more will come."""

    def begin(self) -> None:
        """Ask to be let in."""
        OPEN_SUBSCRIPTIONS.inc()
        self._task = asyncio.create_task(self._run(None))

    def begin_anew(self, reason: ResetReason) -> None:
        """Ask again: what was listened to is not the viewer's any more."""
        self._group = None
        self._task = asyncio.create_task(self._run(reason))

    def stop(self) -> asyncio.Task[LiveOperation] | None:
        """Listen no more. Return the admission that still has to come to its end, if any."""
        OPEN_SUBSCRIPTIONS.dec()
        self._is_stopped = True
        if self._task is not None:
            self._task.cancel()
        if self._group is not None:
            self._group.leave(self)
        return self._admitting

    async def _run(self, anew: ResetReason | None) -> None:
        try:
            await self._join(await self._admit(), anew)
        except Exception as error:  # noqa: BLE001  # it ends its own operation, not the socket
            self.finish(error)
        if self._task is asyncio.current_task():
            self._task = None

    async def _admit(self) -> LiveOperation:
        # A statement torn by a client that leaves would cost its connection to the database.
        self._admitting = asyncio.create_task(self._admit_in_turn())
        self._admitting.add_done_callback(self._forget_admission)
        admitting = self._admitting
        await asyncio.wait([admitting])
        return admitting.result()

    async def _admit_in_turn(self) -> LiveOperation:
        request = self._request
        async with request.turns:
            if self._is_stopped:
                raise asyncio.CancelledError
            viewer = await request.responder.viewers.current(request.viewer)
            return await request.responder.admit(request.operation, request.variables, viewer)

    def _forget_admission(self, admitting: asyncio.Task[LiveOperation]) -> None:
        self._admitting = None
        if not admitting.cancelled():
            admitting.exception()  # nobody may be left to take it

    async def _join(self, admitted: LiveOperation, anew: ResetReason | None) -> None:
        attend = admitted.live.attend
        async with attend() if attend is not None else nullcontext():
            group = await self._request.responder.join(admitted, self, anew)
            if group is None or self._task is not asyncio.current_task():
                return  # refused, or asked to begin anew on the way
            self._group = group
            if attend is not None:
                await asyncio.get_running_loop().create_future()  # until `stop` cancels it

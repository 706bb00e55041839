"""The operations that one client runs on one socket."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import OperationType

from app.engine import Operation, Variables
from app.graphql_errors import FormattedError, format_failure
from app.graphql_json import encode
from app.graphql_outbox import NoRoom, Outbox
from app.graphql_responder import Responder
from app.graphql_subscription import ClientSubscription, SubscriptionRequest
from services.live_viewers import LiveViewer
from subscriptions.log.stream import StreamEnded

MAX_SUBSCRIPTIONS = 100  # twenty open tickets, each with events, favourites, presence, warnings
MAX_PENDING_ANSWERS = 100  # no further message is read until one of them is out
CONCURRENT_ANSWERS = 4  # a socket's share of each turn of the event loop
CONCURRENT_ADMISSIONS = 4  # counted apart, so that slow queries do not hold up what is live
RIGHTS_SECONDS = 5.0  # a query waits so long for a database that is away

_TOO_MANY_SUBSCRIPTIONS: FormattedError = {
    "message": f"At most {MAX_SUBSCRIPTIONS} subscriptions are allowed on one connection.",
    "extensions": {"code": "TOO_MANY_SUBSCRIPTIONS", "limit": MAX_SUBSCRIPTIONS},
}


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A query or mutation, and the id under which its client wants to hear of it."""

    id: str
    operation: Operation
    variables: Variables


class RunningOperations:
    """Starts and stops operations, and sends what they answer.

    What has begun to be executed is never cancelled by its client: that would tear a transaction,
    or a statement, and its database connection with it. `fail` ends the connection.
    """

    __slots__ = (
        "_admission_turns",
        "_answers",
        "_has_ended",
        "_outbox",
        "_responder",
        "_subscriptions",
        "_turns",
        "_viewer",
        "_wanted",
        "fail",
    )

    def __init__(
        self,
        responder: Responder,
        outbox: Outbox,
        viewer: LiveViewer,
        fail: Callable[[Exception], None],
    ) -> None:
        self.fail = fail
        self._responder = responder
        self._outbox = outbox
        self._viewer = viewer
        self._wanted: dict[str, _Asked | SocketSubscription] = {}
        self._answers: set[asyncio.Task[None]] = set()
        self._subscriptions = 0
        self._has_ended = False
        self._turns = asyncio.Semaphore(CONCURRENT_ANSWERS)
        self._admission_turns = asyncio.Semaphore(CONCURRENT_ADMISSIONS)

    def __contains__(self, operation_id: str) -> bool:
        return operation_id in self._wanted

    async def start(self, operation_id: str, operation: Operation, variables: Variables) -> None:
        """Run an operation in the background until it is complete or stopped."""
        if operation.type is not OperationType.SUBSCRIPTION:
            while len(self._answers) >= MAX_PENDING_ANSWERS:
                await asyncio.wait(self._answers, return_when=asyncio.FIRST_COMPLETED)
            asked = self._wanted[operation_id] = _Asked(operation_id, operation, variables)
            self._run(self._answer(asked))
        elif self._subscriptions < MAX_SUBSCRIPTIONS:
            self._subscriptions += 1
            request = SubscriptionRequest(
                self._responder, operation, variables, self._viewer, self._admission_turns
            )
            subscription = SocketSubscription(request, operation_id, self, self._outbox)
            self._wanted[operation_id] = subscription
            subscription.begin()
        else:
            await self.send_errors(operation_id, [_TOO_MANY_SUBSCRIPTIONS])

    def stop(self, operation_id: str) -> None:
        """Say no more of an operation; its id is free at once.

        A subscription gets no further event. A query or mutation, and the admission of a
        subscription, runs to its end, and is counted until then.
        """
        wanted = self._wanted.pop(operation_id, None)
        if not isinstance(wanted, SocketSubscription):
            return
        admitting = wanted.stop()
        if admitting is None:
            self._subscriptions -= 1
        else:
            admitting.add_done_callback(self._forget_subscription)

    def stop_all(self) -> None:
        """Say no more of any operation, and begin none."""
        self._has_ended = True
        for operation_id in tuple(self._wanted):
            self.stop(operation_id)

    def _forget_subscription(self, _admitting: asyncio.Task[Any]) -> None:
        self._subscriptions -= 1

    async def finish(self, patience_seconds: float) -> None:
        """Stop all; wait for what is still executed, then cancel it."""
        self.stop_all()
        late = self._answers.copy()
        try:
            if late:
                _, late = await asyncio.wait(late, timeout=patience_seconds)
        finally:
            for answer in late:
                answer.cancel()
        if late:
            await asyncio.wait(late)

    async def send_errors(self, operation_id: str, errors: Sequence[FormattedError]) -> None:
        """Tell the client that an operation ended, and why."""
        await self._outbox.put(_error(operation_id, errors))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, asked: _Asked) -> None:
        def is_wanted() -> bool:
            # A stopped one has given up its id, which may already be another's.
            return self._wanted.get(asked.id) is asked

        # Holding the turn until the answer is sent bounds the answers that wait in memory.
        async with self._turns:
            if self._has_ended:
                return
            try:
                for message in await self._execute(asked):
                    await self._outbox.put(message, is_wanted=is_wanted)
            except NoRoom as error:
                self.fail(error)
        if is_wanted():
            del self._wanted[asked.id]

    def end(self, subscription: "SocketSubscription", error: Exception | None) -> None:
        """Tell the client that a subscription has ended, and why if that was no wish of theirs."""
        if self._wanted.get(subscription.id) is not subscription:
            return
        self.stop(subscription.id)
        if isinstance(error, StreamEnded | NoRoom):
            self.fail(error)  # the client resumes on another connection
            return
        farewell = (
            _complete(subscription.id)
            if error is None
            else _error(subscription.id, format_failure(error))
        )
        try:
            self._outbox.send(farewell)
        except NoRoom as no_room:
            self.fail(no_room)

    async def _execute(self, asked: _Asked) -> Sequence[bytes]:
        """Return what the client is to be told of a query or mutation."""
        try:
            viewer = await self._responder.viewers.current(
                self._viewer, patience_seconds=RIGHTS_SECONDS
            )
            answer = await self._responder.answer(asked.operation, asked.variables, viewer)
        except Exception as error:  # noqa: BLE001  # it ends its own operation, not the socket
            return [_error(asked.id, format_failure(error))]
        return [_head(asked.id) + answer + b"}", _complete(asked.id)]


class SocketSubscription(ClientSubscription):
    """A subscription on a socket."""

    __slots__ = ("_head", "_operations", "_outbox", "_writer", "id")

    def __init__(
        self,
        request: SubscriptionRequest,
        operation_id: str,
        operations: RunningOperations,
        outbox: Outbox,
    ) -> None:
        super().__init__(request)
        self.id = operation_id
        self._head = _head(operation_id)
        self._operations = operations
        self._outbox = outbox
        self._writer = outbox.writer

    def tell(self, content: bytes) -> None:
        """Send at once. A client without room for it is disconnected, and told why."""
        writer = self._writer
        if writer.has_room:  # as nearly always; the outbox would cost a microsecond
            writer.write_text(self._head, content, b"}")
            return
        try:
            self._outbox.send(self._head, content, b"}")
        except NoRoom as error:
            self._operations.fail(error)

    async def tell_patiently(self, content: bytes) -> None:
        """Send when there is room. Raises NoRoom if there never is."""
        await self._outbox.put(self._head, content, b"}")

    def finish(self, error: Exception | None) -> None:
        """End the subscription: nothing more will come."""
        self._operations.end(self, error)


def _head(operation_id: str) -> bytes:
    """Return what stands before an answer; after it comes only the closing brace."""
    return b'{"id":%b,"type":"next","payload":' % encode(operation_id)


def _complete(operation_id: str) -> bytes:
    return encode({"id": operation_id, "type": "complete"})


def _error(operation_id: str, errors: Sequence[FormattedError]) -> bytes:
    return encode({"id": operation_id, "type": "error", "payload": errors})

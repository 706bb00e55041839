"""The operations that one client runs on one socket."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from graphql import OperationType

from app.engine import Operation, Variables
from app.graphql_access import Viewer
from app.graphql_errors import FormattedError, RequestRejected, format_error, format_exception
from app.graphql_json import encode
from app.graphql_outbox import NoRoom, Outbox
from app.graphql_responder import Responder
from subscriptions.stream import StreamEnded

MAX_SUBSCRIPTIONS = 100  # twenty open tickets, each with events, favourites, presence, warnings
MAX_PENDING_ANSWERS = 100  # no further message is read until one of them is out
CONCURRENT_ANSWERS = 4  # a socket's share of each turn of the event loop
CONCURRENT_EVENTS = 4  # counted apart, so that slow queries do not hold up what is live

_TOO_MANY_SUBSCRIPTIONS: FormattedError = {
    "message": f"At most {MAX_SUBSCRIPTIONS} subscriptions are allowed on one connection.",
    "extensions": {"code": "TOO_MANY_SUBSCRIPTIONS", "limit": MAX_SUBSCRIPTIONS},
}


@dataclass(frozen=True, slots=True, eq=False)
class StartedOperation(Generic[Viewer]):
    """An operation, and the id under which its client wants to hear of it."""

    id: str
    operation: Operation
    variables: Variables
    viewer: Viewer


Result = TypeVar("Result")

_Tasks = dict[StartedOperation[Viewer], asyncio.Task[None]]


class RunningOperations(Generic[Viewer]):
    """Starts and stops operations, and sends what they answer.

    What has begun to be executed is never cancelled by its client: that would tear a transaction,
    or a statement, and its database connection with it.
    """

    def __init__(
        self, responder: Responder[Viewer], outbox: Outbox, tasks: asyncio.TaskGroup
    ) -> None:
        self._responder = responder
        self._outbox = outbox
        self._tasks = tasks
        self._wanted: dict[str, StartedOperation[Viewer]] = {}
        self._answers: _Tasks[Viewer] = {}
        self._streams: _Tasks[Viewer] = {}
        self._executions: set[asyncio.Task[Any]] = set()
        self._ended = asyncio.Event()
        self._answer_turns = asyncio.Semaphore(CONCURRENT_ANSWERS)
        self._event_turns = asyncio.Semaphore(CONCURRENT_EVENTS)

    def __contains__(self, operation_id: str) -> bool:
        return operation_id in self._wanted

    async def start(self, started: StartedOperation[Viewer]) -> None:
        """Run an operation in the background until it is complete or stopped."""
        if started.operation.type is not OperationType.SUBSCRIPTION:
            while len(self._answers) >= MAX_PENDING_ANSWERS:
                self._ended.clear()
                await self._ended.wait()
            self._run(self._answer, started, self._answers)
        elif len(self._streams) < MAX_SUBSCRIPTIONS:
            self._run(self._stream, started, self._streams)
        else:
            await self.send_errors(started.id, [_TOO_MANY_SUBSCRIPTIONS])

    def stop(self, operation_id: str) -> None:
        """Say no more of an operation; its id is free at once.

        A subscription gets no further event. A query or mutation runs to its end, and is counted
        until then.
        """
        started = self._wanted.pop(operation_id, None)
        if started in self._streams:
            self._streams.pop(started).cancel()

    async def finish(self, patience_seconds: float) -> None:
        """Wait for what is still executed when the connection has ended, then cancel it."""
        late = self._executions.copy()
        try:
            if late:
                _, late = await asyncio.wait(late, timeout=patience_seconds)
        finally:
            for execution in late:
                execution.cancel()
        if late:
            await asyncio.wait(late)

    async def send_errors(self, operation_id: str, errors: Sequence[FormattedError]) -> None:
        """Tell the client that an operation ended, and why."""
        await self._outbox.put(_error(operation_id, errors))

    def _run(
        self,
        respond: Callable[[StartedOperation[Viewer]], Coroutine[Any, Any, None]],
        started: StartedOperation[Viewer],
        running: _Tasks[Viewer],
    ) -> None:
        def forget(_task: asyncio.Task[None]) -> None:
            running.pop(started, None)
            if self._is_wanted(started):
                del self._wanted[started.id]
            self._ended.set()

        self._wanted[started.id] = started
        running[started] = self._tasks.create_task(respond(started))
        running[started].add_done_callback(forget)

    def _is_wanted(self, started: StartedOperation[Viewer]) -> bool:
        # A stopped one has given up its id, which may already be another's.
        return self._wanted.get(started.id) is started

    async def _say(self, started: StartedOperation[Viewer], message: bytes) -> None:
        await self._outbox.put(message, lambda: self._is_wanted(started))

    @asynccontextmanager
    async def _executing(
        self, turns: asyncio.Semaphore, execute: Callable[[], Coroutine[Any, Any, Result]]
    ) -> AsyncIterator[Result]:
        """Execute something when its turn has come, which lasts until the block is left.

        Whoever is cancelled leaves the execution to its end, and the turn to it.
        """
        await turns.acquire()
        execution = asyncio.create_task(execute())
        self._executions.add(execution)
        try:
            await asyncio.wait([execution])
            yield execution.result()
        finally:
            execution.add_done_callback(partial(self._end_turn, turns))

    def _end_turn(self, turns: asyncio.Semaphore, execution: asyncio.Task[Any]) -> None:
        turns.release()
        self._executions.discard(execution)
        if not execution.cancelled():
            execution.exception()  # nobody may be left to take it

    async def _answer(self, started: StartedOperation[Viewer]) -> None:
        execute = partial(self._execute, started)
        # Holding the turn until the answer is queued bounds the answers that wait in memory.
        async with self._executing(self._answer_turns, execute) as messages:
            for message in messages:
                await self._say(started, message)

    async def _execute(self, started: StartedOperation[Viewer]) -> Sequence[bytes]:
        """Return what the client is to be told of a query or mutation."""
        try:
            answer = await self._responder.answer(
                started.operation, started.variables, started.viewer
            )
        except Exception as error:  # noqa: BLE001  # it ends its own operation, not the socket
            return [_error(started.id, _formatted(error))]
        return [_next(started.id, answer), _complete(started.id)]

    async def _stream(self, started: StartedOperation[Viewer]) -> None:
        try:
            await self._send_events(started)
        except (NoRoom, StreamEnded):
            raise  # the connection ends, and the client resumes on another
        except Exception as error:  # noqa: BLE001  # it ends its own operation, not the socket
            await self._say(started, _error(started.id, _formatted(error)))
        else:
            await self._say(started, _complete(started.id))

    async def _send_events(self, started: StartedOperation[Viewer]) -> None:
        operation, variables, viewer = started.operation, started.variables, started.viewer
        open_stream = partial(self._responder.open_stream, operation, variables, viewer)
        async with self._executing(self._event_turns, open_stream) as stream:
            pass
        async with aclosing(stream):
            async for event in stream:
                answer_event = partial(
                    self._responder.answer_event, operation, variables, viewer, event
                )
                async with self._executing(self._event_turns, answer_event) as answer:
                    await self._say(started, _next(started.id, answer))
                # A stream that has much to say, as in a replay, lets others have their turn.
                await asyncio.sleep(0)


def _next(operation_id: str, answer: bytes) -> bytes:
    return b'{"id":%b,"type":"next","payload":%b}' % (encode(operation_id), answer)


def _complete(operation_id: str) -> bytes:
    return encode({"id": operation_id, "type": "complete"})


def _error(operation_id: str, errors: Sequence[FormattedError]) -> bytes:
    return encode({"id": operation_id, "type": "error", "payload": errors})


def _formatted(error: Exception) -> list[FormattedError]:
    if isinstance(error, RequestRejected):
        return [format_error(one) for one in error.errors]
    return [format_exception(error)]

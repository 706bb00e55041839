"""The operations that one client runs on one socket."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic

from graphql import OperationType

from app.engine import Operation, Variables
from app.graphql_access import Viewer
from app.graphql_errors import FormattedError, RequestRejected, format_error, format_exception
from app.graphql_json import encode
from app.graphql_outbox import FellBehind, Outbox
from app.graphql_responder import Responder

MAX_SUBSCRIPTIONS = 100  # twenty open tickets, each with events, favourites, presence, warnings
MAX_PENDING_ANSWERS = 100  # no further message is read until one of them is out
CONCURRENT_ANSWERS = 4  # a socket's share of each turn of the event loop
CONCURRENT_EVENTS = 4  # counted apart, so that slow queries do not hold up what is live

_TOO_MANY_SUBSCRIPTIONS: FormattedError = {
    "message": f"At most {MAX_SUBSCRIPTIONS} subscriptions are allowed on one connection.",
    "extensions": {"code": "TOO_MANY_SUBSCRIPTIONS", "limit": MAX_SUBSCRIPTIONS},
}


@dataclass(frozen=True, slots=True)
class StartedOperation(Generic[Viewer]):
    """An operation, and the id under which its client wants to hear of it."""

    id: str
    operation: Operation
    variables: Variables
    viewer: Viewer


class RunningOperations(Generic[Viewer]):
    """Starts and stops operations, and sends what they answer."""

    def __init__(
        self, responder: Responder[Viewer], outbox: Outbox, tasks: asyncio.TaskGroup
    ) -> None:
        self._responder = responder
        self._outbox = outbox
        self._tasks = tasks
        self._answers: dict[str, asyncio.Task[None]] = {}
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._ended = asyncio.Event()
        self._answer_turns = asyncio.Semaphore(CONCURRENT_ANSWERS)
        self._event_turns = asyncio.Semaphore(CONCURRENT_EVENTS)

    def __contains__(self, operation_id: str) -> bool:
        return operation_id in self._answers or operation_id in self._streams

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
        """Cancel an operation if it still runs; its id is free at once."""
        for running in (self._answers, self._streams):
            if operation_id in running:
                running.pop(operation_id).cancel()

    async def send_errors(self, operation_id: str, errors: Sequence[FormattedError]) -> None:
        """Tell the client that an operation ended, and why."""
        await self._outbox.put(encode({"id": operation_id, "type": "error", "payload": errors}))

    def _run(
        self,
        respond: Callable[[StartedOperation[Viewer]], Awaitable[None]],
        started: StartedOperation[Viewer],
        running: dict[str, asyncio.Task[None]],
    ) -> None:
        task = self._tasks.create_task(self._complete(started, respond))

        def forget(task: asyncio.Task[None]) -> None:
            # A stopped one has given up its id, which may already be another's.
            if running.get(started.id) is task:
                del running[started.id]
            self._ended.set()

        running[started.id] = task
        task.add_done_callback(forget)

    async def _complete(
        self,
        started: StartedOperation[Viewer],
        respond: Callable[[StartedOperation[Viewer]], Awaitable[None]],
    ) -> None:
        try:
            await respond(started)
        except RequestRejected as rejection:
            await self.send_errors(started.id, [format_error(e) for e in rejection.errors])
        except FellBehind:
            raise
        except Exception as error:  # noqa: BLE001  # it ends its own operation, not the socket
            await self.send_errors(started.id, [format_exception(error)])
        else:
            await self._outbox.put(encode({"id": started.id, "type": "complete"}))

    async def _answer(self, started: StartedOperation[Viewer]) -> None:
        # Holding the turn until the answer is queued bounds the answers that wait in memory.
        async with self._answer_turns:
            answer = await self._responder.answer(
                started.operation, started.variables, started.viewer
            )
            await self._send_next(started.id, answer)

    async def _stream(self, started: StartedOperation[Viewer]) -> None:
        operation, variables, viewer = started.operation, started.variables, started.viewer
        async with self._event_turns:
            stream = await self._responder.open_stream(operation, variables, viewer)
        async with aclosing(stream):
            async for event in stream:
                async with self._event_turns:
                    answer = await self._responder.answer_event(operation, variables, viewer, event)
                    await self._send_next(started.id, answer)
                # A stream that has much to say, as in a replay, lets others have their turn.
                await asyncio.sleep(0)

    async def _send_next(self, operation_id: str, answer: bytes) -> None:
        message = b'{"id":%b,"type":"next","payload":%b}' % (encode(operation_id), answer)
        await self._outbox.put(message)

"""Runs operations for viewers and answers in JSON, each execution in a scope of its own."""

from collections.abc import Callable, Coroutine
from typing import Any, Generic

from app.engine import Engine, Operation, SourceStream, Variables
from app.graphql_access import OpenScope, Viewer
from app.graphql_json import encode_result

# Turns one event of a subscription into the JSON of its result, for one viewer.
AnswerEvent = Callable[[Operation, Variables, Viewer, object], Coroutine[Any, Any, bytes]]


class Responder(Generic[Viewer]):
    """Answers what the engine has prepared.

    `answer_event` may be replaced by one that executes an event once for all who asked the same.
    """

    def __init__(
        self,
        engine: Engine,
        open_scope: OpenScope[Viewer],
        answer_event: AnswerEvent[Viewer] | None = None,
    ) -> None:
        self._engine = engine
        self._open_scope = open_scope
        self.answer_event = answer_event or self._answer_event

    async def answer(self, operation: Operation, variables: Variables, viewer: Viewer) -> bytes:
        """Execute a query or mutation; raise RequestRejected if the variables do not fit."""
        async with self._open_scope(viewer, operation) as scope:
            result = await self._engine.execute(operation, variables, scope)
        return encode_result(result)

    async def open_stream(
        self, operation: Operation, variables: Variables, viewer: Viewer
    ) -> SourceStream:
        """Return the events of a subscription; raise RequestRejected if it is refused.

        The scope is closed by then: what lives as long as a socket must hold no connection.
        """
        async with self._open_scope(viewer, operation) as scope:
            return await self._engine.create_source_stream(operation, variables, scope)

    async def _answer_event(
        self, operation: Operation, variables: Variables, viewer: Viewer, event: object
    ) -> bytes:
        async with self._open_scope(viewer, operation) as scope:
            result = await self._engine.execute_event(operation, variables, scope, event)
        return encode_result(result)

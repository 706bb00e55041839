"""The engine, with what it does counted."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from graphql import ExecutionResult, OperationType

from app.engine import Engine, Operation, SourceStream, Variables
from app.graphql_errors import RequestRejected
from app.metrics import OPEN_SUBSCRIPTIONS, OPERATION_SECONDS, OPERATIONS

OK = "ok"
ERRORS = "errors"
REJECTED = "rejected"
UNKNOWN_TYPE = "unknown"  # the document does not tell, or is none


class MeasuredEngine(Engine):
    """Counts operations by type and outcome."""

    def prepare(self, query: str, operation_name: str | None) -> Operation:
        """Return the operation to execute; raise RequestRejected if there is no such valid one."""
        try:
            return super().prepare(query, operation_name)
        except RequestRejected:
            OPERATIONS.labels(UNKNOWN_TYPE, REJECTED).inc()
            raise

    async def execute(
        self, operation: Operation, variables: Variables, scope: object
    ) -> ExecutionResult:
        """Execute a query or mutation; raise RequestRejected if the variables do not fit."""
        kind = operation.type.value
        try:
            with OPERATION_SECONDS.labels(kind).time():
                result = await super().execute(operation, variables, scope)
        except RequestRejected:
            OPERATIONS.labels(kind, REJECTED).inc()
            raise
        OPERATIONS.labels(kind, ERRORS if result.errors else OK).inc()
        return result

    async def create_source_stream(
        self, operation: Operation, variables: Variables, scope: object
    ) -> SourceStream:
        """Return the events that a subscription is about; see Engine."""
        kind = OperationType.SUBSCRIPTION.value
        try:
            stream = await super().create_source_stream(operation, variables, scope)
        except RequestRejected:
            OPERATIONS.labels(kind, REJECTED).inc()
            raise
        OPERATIONS.labels(kind, OK).inc()
        return _counted(stream)


async def _counted(stream: SourceStream) -> AsyncGenerator[Any, None]:
    with OPEN_SUBSCRIPTIONS.track_inprogress():
        async with aclosing(stream):
            async for event in stream:
                yield event

"""The engine, with what it does counted."""

from graphql import ExecutionResult, OperationType

from app.engine import Engine, Operation, Variables
from app.graphql_errors import RequestRejected
from app.metrics import OPERATION_SECONDS, OPERATIONS
from schema.live import Live

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

    async def subscribe(self, operation: Operation, variables: Variables, scope: object) -> Live:
        """Return what a subscription is about; see Engine."""
        kind = OperationType.SUBSCRIPTION.value
        try:
            live = await super().subscribe(operation, variables, scope)
        except RequestRejected:
            OPERATIONS.labels(kind, REJECTED).inc()
            raise
        OPERATIONS.labels(kind, OK).inc()
        return live

"""Documents in, results out: parses, validates and executes without knowing how they travel."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    assert_valid_schema,
    parse,
)
from graphql.execution import (
    create_source_event_stream,
    execute_root_selection_set,
    execute_subscription_event,
)

from app.graphql_errors import (
    BAD_USER_INPUT,
    OPERATION_UNRESOLVED,
    PARSE_FAILED,
    VALIDATION_FAILED,
    RequestRejected,
)
from app.guards import validate_guarded
from app.guards.limits import ERROR_LIMIT
from schema.live import Live

SOURCE_CHARACTERS = 65_536  # long texts belong into variables: parsing 1 MB takes 0.7 seconds
CACHED_DOCUMENTS = 256
CACHED_DOCUMENT_CHARACTERS = 4_096  # its syntax tree takes about a hundred times that in memory

Variables = dict[str, Any]
Validate = Callable[[GraphQLSchema, DocumentNode], list[GraphQLError]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a valid document; equal to any other of the same text and name."""

    query: str
    name: str | None
    type: OperationType = field(compare=False)
    document: DocumentNode = field(compare=False, repr=False)

    @property
    def is_short(self) -> bool:
        """Whether what is known of its document may be kept for others who ask the same."""
        return len(self.query) <= CACHED_DOCUMENT_CHARACTERS


class Engine:
    """Executes operations against one schema.

    A `scope` is whatever resolvers find as their context; each execution gets a fresh one.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        validate: Validate = validate_guarded,
        max_tokens: int = 2_000,
    ) -> None:
        assert_valid_schema(schema)
        self._schema = schema
        self._validate = validate
        self._max_tokens = max_tokens

    def prepare(self, query: str, operation_name: str | None) -> Operation:
        """Return the operation to execute; raise RequestRejected if there is no such valid one."""
        load = _load_cached if len(query) <= CACHED_DOCUMENT_CHARACTERS else _load
        operations = load(self._schema, self._validate, self._max_tokens, query)
        if operation_name is None and len(operations) > 1:
            raise _unresolved("The document has several operations: name one in 'operationName'.")
        if operation_name is None:
            return next(iter(operations.values()))
        if operation_name not in operations:
            raise _unresolved("The document has no operation of that name.")
        return operations[operation_name]

    async def execute(
        self, operation: Operation, variables: Variables, scope: object
    ) -> ExecutionResult:
        """Execute a query or mutation; raise RequestRejected if the variables do not fit."""
        executor = self._build_executor(operation, variables, scope)
        return await _complete(executor, execute_root_selection_set(executor))

    async def subscribe(self, operation: Operation, variables: Variables, scope: object) -> Live:
        """Return what a subscription is about.

        The scope serves the resolver that finds it; it may be closed before the first event. Raises
        RequestRejected if the variables do not fit or the resolver refuses.
        """
        executor = self._build_executor(operation, variables, scope)
        live = create_source_event_stream(executor)
        if isinstance(live, Awaitable):
            live = await live
        if isinstance(live, ExecutionResult):
            raise RequestRejected(live.errors or [])
        return cast("Live", live)

    async def execute_event(
        self, operation: Operation, variables: Variables, scope: object, root_value: object
    ) -> ExecutionResult:
        """Execute a subscription for one event of its source stream."""
        executor = self._build_executor(operation, variables, scope, root_value)
        return await _complete(executor, execute_subscription_event(executor))

    def _build_executor(
        self,
        operation: Operation,
        variables: Variables,
        scope: object,
        root_value: object = None,
    ) -> Executor[Any]:
        executor = Executor.build(
            self._schema,
            operation.document,
            root_value=root_value,
            context_value=scope,
            raw_variable_values=variables,
            operation_name=operation.name,
            max_coercion_errors=ERROR_LIMIT,
            hide_suggestions=True,
        )
        if isinstance(executor, list):
            raise RequestRejected.with_code(BAD_USER_INPUT, *executor)
        return executor


def _load(
    schema: GraphQLSchema, validate: Validate, max_tokens: int, query: str
) -> Mapping[str | None, Operation]:
    """Return the operations of a document by their names; raise RequestRejected."""
    try:
        document = parse(
            query,
            max_lexical_tokens=max_tokens,
            max_comments=max_tokens,
            max_source_length=SOURCE_CHARACTERS,
        )
    except GraphQLError as error:
        raise RequestRejected.with_code(PARSE_FAILED, error) from None
    errors = validate(schema, document)
    if errors:
        raise RequestRejected.with_code(VALIDATION_FAILED, *errors)
    return {
        name: Operation(query, name, definition.operation, document)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        for name in [definition.name.value if definition.name else None]
    }


_load_cached = lru_cache(maxsize=CACHED_DOCUMENTS)(_load)


async def _complete(
    executor: Executor[Any], result: ExecutionResult | Awaitable[ExecutionResult]
) -> ExecutionResult:
    if isinstance(result, Awaitable):
        result = await result
    # A field that fails at once leaves its siblings running; the scope is theirs until they end.
    while executor.background_futures:
        await asyncio.wait(executor.background_futures)
    return result


def _unresolved(message: str) -> RequestRejected:
    return RequestRejected.with_code(OPERATION_UNRESOLVED, GraphQLError(message))

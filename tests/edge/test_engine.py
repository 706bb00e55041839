"""The engine without any network: what it prepares, caches and executes."""

import asyncio
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    build_schema,
)

from app.engine import CACHED_DOCUMENT_CHARACTERS, Engine
from app.graphql_errors import RequestRejected, format_error

SCHEMA = build_schema("type Query { a: Int, b(n: Int!): Int, c: Int!, inner: Query! }")


def accept_all(_schema: GraphQLSchema, _document: DocumentNode) -> list[GraphQLError]:
    return []


class CountingValidation:
    """Finds nothing wrong, and counts how often it looked."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
        self.count += 1
        return []


def rejection_of(engine: Engine, query: str, operation_name: str | None = None) -> dict[str, Any]:
    """The only error with which the engine rejects a query."""
    with pytest.raises(RequestRejected) as rejection:
        engine.prepare(query, operation_name)
    (error,) = rejection.value.errors
    return format_error(error)


def test_a_document_is_validated_once() -> None:
    validation = CountingValidation()
    engine = Engine(SCHEMA, validation)

    first = engine.prepare("query A { a } query B { b(n: 1) }", "A")
    again = engine.prepare("query A { a } query B { b(n: 1) }", "A")
    other = engine.prepare("query A { a } query B { b(n: 1) }", "B")

    assert validation.count == 1
    assert first is again
    assert first != other
    assert first.document is other.document


def test_a_large_document_is_not_kept() -> None:
    validation = CountingValidation()
    engine = Engine(SCHEMA, validation)
    query = "{ a }" + " " * CACHED_DOCUMENT_CHARACTERS

    engine.prepare(query, None)
    engine.prepare(query, None)

    assert validation.count == 2


def test_the_same_text_and_name_are_the_same_operation() -> None:
    query = "{ a }" + " " * CACHED_DOCUMENT_CHARACTERS
    engine = Engine(SCHEMA, accept_all)

    one, other = engine.prepare(query, None), engine.prepare(query, None)

    assert one is not other
    assert one == other
    assert hash(one) == hash(other)


def test_a_rejected_document_is_rejected_again() -> None:
    engine = Engine(SCHEMA)

    assert rejection_of(engine, "{ x }") == rejection_of(engine, "{ x }")


def test_the_operation_is_picked_by_name() -> None:
    engine = Engine(SCHEMA)

    assert engine.prepare("query A { a } query B { a }", "B").name == "B"
    assert engine.prepare("query A { a }", None).name == "A"
    assert engine.prepare("{ a }", None).type is OperationType.QUERY


def test_one_of_several_operations_must_be_named() -> None:
    assert rejection_of(Engine(SCHEMA), "query A { a } query B { a }") == {
        "message": "The document has several operations: name one in 'operationName'.",
        "extensions": {"code": "OPERATION_RESOLUTION_FAILURE"},
    }


def test_a_syntax_error_says_where() -> None:
    assert rejection_of(Engine(SCHEMA), "{ a") == {
        "message": "Syntax Error: Expected Name, found <EOF>.",
        "locations": [{"line": 1, "column": 4}],
        "extensions": {"code": "GRAPHQL_PARSE_FAILED"},
    }


def test_a_rule_may_give_its_errors_a_code_of_its_own() -> None:
    def refuse(_schema: GraphQLSchema, _document: DocumentNode) -> list[GraphQLError]:
        return [GraphQLError("Too much.", extensions={"code": "TOO_MUCH"}), GraphQLError("Wrong.")]

    with pytest.raises(RequestRejected) as rejection:
        Engine(SCHEMA, refuse).prepare("{ a }", None)

    assert [format_error(error) for error in rejection.value.errors] == [
        {"message": "Too much.", "extensions": {"code": "TOO_MUCH"}},
        {"message": "Wrong.", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}},
    ]


def test_an_invalid_schema_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="Query root type must be provided"):
        Engine(GraphQLSchema())


async def test_variables_that_do_not_fit_are_told_from_fields_that_fail() -> None:
    engine = Engine(SCHEMA)
    with_variable = engine.prepare("query ($n: Int!) { b(n: $n) }", None)
    failing = engine.prepare("{ c }", None)

    with pytest.raises(RequestRejected):
        await engine.execute(with_variable, {"n": "x"}, None)
    result = await engine.execute(failing, {}, None)

    assert result.data is None
    assert result.errors


async def test_a_scope_outlives_every_resolver_that_has_it() -> None:
    """A field that fails at once does not wait for its siblings; the engine does."""
    finished = []

    async def slow(*_: Any) -> int:
        await asyncio.sleep(0.01)
        finished.append("slow")
        return 1

    def failing(*_: Any) -> int:
        raise RuntimeError

    schema = build_schema("type Query { slow: Int, failing: Int! }")
    assert isinstance(schema.query_type, GraphQLObjectType)
    schema.query_type.fields["slow"].resolve = slow
    schema.query_type.fields["failing"].resolve = failing
    engine = Engine(schema, accept_all)

    result = await engine.execute(engine.prepare("{ slow failing }", None), {}, None)

    assert result.data is None
    assert finished == ["slow"]

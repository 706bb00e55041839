"""The schema as clients see it."""

from functools import cache

from graphql import GraphQLSchema

from schema.schema import build_schema


@cache
def printed_schema() -> GraphQLSchema:
    return build_schema()._schema

"""What the schema declares to the guards about a field of its own."""

from typing import Any

from graphql import GraphQLField
from strawberry.schema.schema_converter import GraphQLCoreConverter


def declared_number(field: GraphQLField | None, key: str) -> int | None:
    """Return what the schema says about a field, in Strawberry's metadata or the extensions."""
    if field is None:
        return None
    definition: Any = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    metadata = field.extensions if definition is None else definition.metadata
    declared: int | None = metadata.get(key)
    return declared

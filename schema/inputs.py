"""What the inputs of mutations have in common."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLSchema, get_named_type

from core.ids import NodeKind
from resolvers.global_ids import row_id_of

IDEMPOTENCY_KEY = (
    "Send the same key again to be sure that a retry adds nothing. Kept for 72 hours; "
    "at most 255 characters."
)
EXPECTED_VERSION = "The `version` that was loaded: what others changed since is merged or refused."
MERGED_FIELDS = "The fields that others had changed since `expectedVersion`."


def describe_inputs(schema: GraphQLSchema) -> None:
    """Describe the one argument that each mutation has: as the type of it is described."""
    for field in schema.mutation_type.fields.values() if schema.mutation_type else ():
        argument = field.args.get("input")
        if argument is not None and argument.description is None:
            argument.description = get_named_type(argument.type).description


def present(given: object, *names: str) -> dict[str, Any]:
    """Return those of the named fields that the client sent, also those sent as null."""
    values = {name: getattr(given, name) for name in names}
    return {name: value for name, value in values.items() if value is not strawberry.UNSET}


def attachment_row_ids(ids: Sequence[str] | None) -> list[UUID]:
    """Return the files that `input.attachmentIds` names. Raises ValidationFailed for a wrong id."""
    return [
        row_id_of(text, NodeKind.ATTACHMENT, "input", "attachmentIds", str(place))
        for place, text in enumerate(ids or ())
    ]

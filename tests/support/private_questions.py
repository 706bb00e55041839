"""Asks for everything there is, for tests that look for what must not be in the answers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from graphql import execute, parse

from app.guards import validate_guarded
from models.viewers import Viewer
from resolvers.scope import open_scope
from schema.schema import build_schema
from tests.support.desk import World
from tests.support.private_desk import NOTE_WORD
from tests.support.schema_paths import Question, Questioner

SCHEMA = build_schema()._schema
LEVELS = 2  # each node is asked for itself, too
ASKABLE_CHARACTERS = 5_000

_parsed = cache(parse)


async def everything(
    world: World, viewer: Viewer, given: Mapping[str, Any], nodes: Sequence[str]
) -> list[Any]:
    """Ask, past all guards and gates, each query for everything about each of these nodes.

    What was asked is repeated in no answer, so that a private word in one is a leak.
    """
    asked = Questioner(SCHEMA, LEVELS)
    answers = []
    for place, node_id in enumerate(nodes):
        for question in asked.questions("query", {**given, "id": node_id, "ids": node_id}):
            if place and "id" not in question.variables:
                continue
            async with open_scope(world.desk.resources, viewer) as scope:
                result: Any = execute(
                    SCHEMA, _parsed(question.document), context_value=scope,
                    variable_values=question.variables,
                )  # fmt: skip
                result = await result if hasattr(result, "__await__") else result
            errors = [error.message for error in result.errors or ()]
            answers.append({"data": result.data, "errors": errors})
    return answers


def askable(word: str, given: Mapping[str, Any]) -> Iterator[Question]:
    """Ask each root field for as much as the guards let anybody ask."""
    by_depth = (Questioner(SCHEMA, levels).questions(word, given) for levels in (1, 0, -1))
    for of_root_field in zip(*by_depth, strict=True):
        yield next(question for question in of_root_field if _is_askable(question))


def _is_askable(question: Question) -> bool:
    is_short = len(question.document) <= ASKABLE_CHARACTERS
    return is_short and not validate_guarded(SCHEMA, parse(question.document))


def assert_private(answer: object, *words: str) -> None:
    """Check that neither the word of all notes nor any of these words is in an answer."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    assert [word for word in (NOTE_WORD, *words) if word in text] == [], text

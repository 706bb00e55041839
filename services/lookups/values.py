"""The answer to a callback, and what agents see of it: labelled texts."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from core.errors import CallbackFailed, CallbackFailure
from core.text import normalise
from services.lookups.definitions import CONCEALED, AnswerField
from services.lookups.pointers import value_at

VALUE_CHARACTERS = 2_000
CUT_MARK = "…"
# Answers of real systems have a dozen levels. Reading deeper ones back could exhaust the stack.
LEVELS_MAXIMUM = 64

# Embeddings and isolates: one that is left open would reorder what is shown after the value.
_DIRECTION_SPAN = re.compile(r"[\u202a-\u202c\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as the answer spells it: an amount of 19.90 is not 19.9, and no order loses digits.

    It is kept as text, and shown as text.
    """

    spelling: str


@dataclass(frozen=True, slots=True)
class LabelledValue:
    """What an agent sees: the label, and the value; None where the answer has none."""

    label: str
    value: str | None


def read_answer(body: bytes) -> Any:
    """Return the JSON of an answer. Of members with the same name the last one counts.

    Raises CallbackFailed for what is no JSON in UTF-8 (RFC 8259), or has more than 64 levels.
    """
    try:
        answer = json.loads(
            body.decode("utf-8-sig"),
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError):
        raise CallbackFailed(CallbackFailure.NOT_JSON) from None
    if _has_more_levels_than(LEVELS_MAXIMUM, answer):
        raise CallbackFailed(CallbackFailure.NOT_JSON)
    return answer


def labelled(
    answer: Any, fields: Iterable[AnswerField], hidden: Sequence[str] = ()
) -> list[LabelledValue]:
    """Return one value for each field, in their order.

    Dots take the place of `hidden` texts: servers that echo a request would give its secrets away.
    """
    return [
        LabelledValue(field.label, _shown(value_at(answer, field.pointer), hidden))
        for field in fields
    ]


def _shown(value: Any, hidden: Sequence[str]) -> str | None:
    """Return a value as text: lists of plain values with commas, objects as JSON."""
    if value is None:
        return None
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        text = ", ".join(_plain(item) for item in value)
    else:
        text = _plain(value)
    clean = _DIRECTION_SPAN.sub("", normalise(text))
    for secret in hidden:
        clean = clean.replace(secret, CONCEALED)
    if len(clean) > VALUE_CHARACTERS:
        return clean[: VALUE_CHARACTERS - len(CUT_MARK)] + CUT_MARK
    return clean


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    """Return compact JSON, in which numbers keep their spelling."""
    match value:
        case Number():
            return value.spelling
        case dict():
            members = (f"{_json(name)}:{_json(member)}" for name, member in value.items())
            return f"{{{','.join(members)}}}"
        case list():
            return f"[{','.join(map(_json, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _has_more_levels_than(maximum: int, document: Any) -> bool:
    level: Sequence[Any] = [document]
    for _ in range(maximum + 1):
        containers = [value for value in level if isinstance(value, dict | list)]
        if not containers:
            return False
        level = [
            child
            for container in containers
            for child in (container.values() if isinstance(container, dict) else container)
        ]
    return True


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")

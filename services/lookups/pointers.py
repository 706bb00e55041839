"""JSON pointers (RFC 6901): which value of an answer is meant."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_POINTER = re.compile(r"(?:/(?:[^/~]|~[01])*)*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def is_pointer(text: str) -> bool:
    """Tell whether a text is a JSON pointer. The empty one means the whole answer."""
    return _POINTER.fullmatch(text) is not None


def value_at(document: Any, pointer: str) -> Any:
    """Return the value at a pointer; None where there is none."""
    value = document
    for token in pointer.split("/")[1:]:
        value = _child(value, token.replace("~1", "/").replace("~0", "~"))
    return value


def _child(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name)
    is_item = isinstance(value, Sequence) and not isinstance(value, str)
    if is_item and _INDEX.fullmatch(name) and int(name) < len(value):
        return value[int(name)]
    return None

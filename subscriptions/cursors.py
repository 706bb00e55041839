"""Cursors: an opaque text that says how far a client has read one or several topics."""

import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import orjson
from pydantic import Field, TypeAdapter, ValidationError

# An agent of 64 brands resumes 64 inboxes at 45 characters each, and base64 adds a third.
MAX_CURSOR_CHARACTERS = 8_192
MAX_POSITION = 2**63 - 1  # a position is a `bigint` in the log

_EPOCH = re.compile(r"[0-9a-f]{8}")
_Position = Annotated[int, Field(strict=True, ge=0, le=MAX_POSITION)]
_CONTENT: TypeAdapter[tuple[str, dict[str, int]]] = TypeAdapter(
    tuple[
        Annotated[str, Field(pattern=f"^{_EPOCH.pattern}$")],
        Annotated[dict[str, _Position], Field(min_length=1)],
    ]
)


class InvalidCursor(ValueError):
    """The text is not a cursor that `encode_cursor` made."""


class ResetReason(StrEnum):
    """Why a stream cannot go on from a position, so that the client has to fetch anew."""

    RETENTION = "RETENTION"
    """What was missed is too much, too old or no longer kept."""

    FUTURE = "FUTURE"
    """The log does not reach that far: it was restored from an older copy."""

    EPOCH = "EPOCH"
    """The position belongs to another log."""

    TOPICS = "TOPICS"
    """The position is one of another stream, or what the viewer may follow has changed."""


def encode_cursor(epoch: str, positions: Mapping[str, int]) -> str:
    """Return the cursor that stands at `positions`, by topic, of the log named `epoch`.

    `epoch` is 8 hexadecimal characters. Raise ValueError for more topics than a cursor can hold.
    """
    text = urlsafe_b64encode(orjson.dumps((epoch, dict(positions)))).rstrip(b"=").decode()
    if len(text) > MAX_CURSOR_CHARACTERS:
        raise ValueError(f"A cursor cannot hold {len(positions)} topics.")
    return text


def decode_cursor(text: str, epoch: str) -> dict[str, int] | ResetReason:
    """Return the positions, by topic, of a cursor; or EPOCH if it belongs to another log.

    The text comes from a client: raise InvalidCursor for anything that is not a cursor.
    """
    if len(text) > MAX_CURSOR_CHARACTERS:
        raise InvalidCursor("A cursor is not that long.")
    try:
        content = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor_epoch, positions = _CONTENT.validate_json(content)
    except (ValueError, ValidationError) as error:
        raise InvalidCursor("This is not a cursor of an event stream.") from error
    return positions if cursor_epoch == epoch else ResetReason.EPOCH

"""Cursors: an opaque text that says how far a client has read one or several topics."""

import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from enum import StrEnum
from struct import Struct

# All inboxes of an admin; a cursor of them takes 40 kB of the 128 KiB that a message may have.
MAX_CURSOR_TOPICS = 1_000
MAX_CURSOR_CHARACTERS = 65_536

# The epoch of the log, then for each topic, such as `ticket:0190d2f4…`, its noun, id and position.
_EPOCH_BYTES = 4
_PLACE = Struct(">16sq")  # a position is a `bigint` in the log
_TOPIC = rb"([a-z_]+):(.{%d})" % _PLACE.size
_EACH_TOPIC = re.compile(_TOPIC, re.DOTALL)
_CURSOR = re.compile(rb".{%d}(?:%b)*" % (_EPOCH_BYTES, _TOPIC), re.DOTALL)


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

    RIGHTS = "RIGHTS"
    """What the viewer may see has changed."""


def encode_cursor(epoch: str, positions: Mapping[str, int]) -> str:
    """Return the cursor that stands at `positions`, by topic, of the log named `epoch`.

    `epoch` is 8 hexadecimal characters, a topic a noun, a colon and the 32 of a UUID.
    """
    places = [bytes.fromhex(epoch)]
    for topic, position in positions.items():
        noun, _colon, row_id = topic.partition(":")
        places.append(b"%b:%b" % (noun.encode(), _PLACE.pack(bytes.fromhex(row_id), position)))
    return urlsafe_b64encode(b"".join(places)).rstrip(b"=").decode()


def decode_cursor(text: str, epoch: str) -> dict[str, int] | ResetReason:
    """Return the positions, by topic, of a cursor; or EPOCH if it belongs to another log.

    The text comes from a client: raise InvalidCursor for anything that is not a cursor.
    """
    if len(text) > MAX_CURSOR_CHARACTERS:
        raise InvalidCursor("A cursor is not that long.")
    try:
        content = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise InvalidCursor("A cursor is Base64.") from error
    if not _CURSOR.fullmatch(content):
        raise InvalidCursor("A cursor is an epoch and topics.")
    cursor_epoch = content[:_EPOCH_BYTES].hex()
    topics = _EACH_TOPIC.finditer(content, _EPOCH_BYTES)
    positions = dict(_place(*topic.groups()) for topic in topics)
    if min(positions.values(), default=0) < 0 or encode_cursor(cursor_epoch, positions) != text:
        raise InvalidCursor("A cursor names each topic once.")
    return positions if cursor_epoch == epoch else ResetReason.EPOCH


def _place(noun: bytes, packed: bytes) -> tuple[str, int]:
    row_id, position = _PLACE.unpack(packed)
    return f"{noun.decode()}:{row_id.hex()}", position

"""Ids of rows (UUIDv7, so that newer rows sort after older ones) and of GraphQL nodes."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from enum import Enum
from uuid import UUID

import uuid_utils.compat

_UUID_BYTES = 16
# One tag byte and a UUID are 17 bytes: 23 base64 characters and one character of padding.
_GLOBAL_ID_CHARACTERS = 23


class NodeKind(bytes, Enum):
    """The tag byte that tells what a global id names. Clients keep ids: never use one again."""

    AGENT = b"A"
    API_TOKEN = b"K"
    ATTACHMENT = b"F"
    BRAND = b"B"
    CALLBACK = b"Y"
    CHANNEL_PROFILE = b"P"
    COMPANY = b"C"
    CUSTOMER = b"U"
    FAVORITE = b"S"
    INTERACTION = b"I"
    MESSAGE = b"M"
    NOTE = b"N"
    NOTIFICATION = b"L"
    RULE = b"J"
    RULE_RUN = b"Q"
    TAG = b"G"
    TEAM = b"E"
    TICKET = b"T"
    TICKET_CHANGE = b"H"
    TICKET_DRAFT = b"R"
    TICKET_DRAFT_REVISION = b"V"
    TICKET_TEMPLATE = b"X"
    TODO = b"D"
    TOPIC = b"O"
    WEBHOOK = b"W"
    WEBHOOK_DELIVERY = b"Z"
    CUSTOMER_MERGE = b"m"


class InvalidGlobalId(ValueError):
    """The text is not the id of any kind of node."""


def new_id() -> UUID:
    """Return a fresh UUIDv7."""
    return uuid_utils.compat.uuid7()


def encode_global_id(kind: NodeKind, row_id: UUID) -> str:
    """Return the opaque id by which clients name this row."""
    return urlsafe_b64encode(kind.value + row_id.bytes)[:_GLOBAL_ID_CHARACTERS].decode("ascii")


def decode_global_id(text: str) -> tuple[NodeKind, UUID]:
    """Return what `encode_global_id` was given.

    Raises InvalidGlobalId for any other text.
    """
    if len(text) != _GLOBAL_ID_CHARACTERS:
        raise InvalidGlobalId(text)
    try:
        raw = urlsafe_b64decode(f"{text}=".encode("ascii"))
        kind = NodeKind(raw[:1])
    except (UnicodeEncodeError, Base64Error, ValueError) as error:
        raise InvalidGlobalId(text) from error
    if len(raw) != _UUID_BYTES + 1 or encode_global_id(kind, UUID(bytes=raw[1:])) != text:
        raise InvalidGlobalId(text)
    return kind, UUID(bytes=raw[1:])

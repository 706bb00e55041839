"""Content-Transfer-Encoding: bytes that were wrapped up for the journey (RFC 2045, section 6)."""

import binascii
import re

_BASE64_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64_ALPHABET))
_BASE64_GROUP = 4  # characters, for three bytes
_FIRST_LINE = re.compile(rb"\S[^\r\n]*")


def decode_transfer(body: bytes, encoding: str) -> bytes:
    """Return the bytes behind a transfer encoding. What is damaged is decoded as far as it goes."""
    if encoding == "base64" and not _is_prose(body):
        return decode_base64(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    return body


def decode_base64(encoded: bytes) -> bytes:
    """Decode base64, ignoring foreign characters and an incomplete group at the end.

    The first `=` ends the data (RFC 2045, section 6.8), so that a footer which a mailing list
    added below is not decoded.
    """
    data = encoded.translate(None, _NOT_BASE64).partition(b"=")[0]
    if len(data) % _BASE64_GROUP == 1:
        data = data[:-1]
    return binascii.a2b_base64(data + b"=" * (-len(data) % _BASE64_GROUP))


def _is_prose(body: bytes) -> bool:
    """Tell plain text that a mailer declared to be base64: no line of base64 holds a space."""
    first_line = _FIRST_LINE.search(body)
    return first_line is not None and b" " in first_line[0].strip()

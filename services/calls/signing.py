"""Signatures by which a called server knows that it is the desk that asks, and asks now."""

import hmac
from hashlib import sha256

TIMESTAMP_HEADER = "Starling-Timestamp"
SIGNATURE_HEADER = "Starling-Signature"


def signature_headers(
    secret: str, timestamp: int, method: str, target: str, body: bytes
) -> list[tuple[str, str]]:
    """Return the headers that sign a request, at a moment in seconds since 1970.

    Signed are the moment, the method, path and query, and the body (docs/callbacks.md).
    """
    signed = f"{timestamp}.{method}.{target}.".encode() + body
    digest = hmac.digest(secret.encode(), signed, sha256).hex()
    return [(TIMESTAMP_HEADER, str(timestamp)), (SIGNATURE_HEADER, f"v1={digest}")]

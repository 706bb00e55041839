"""Addresses that answers are sent to: each leads into one ticket, and nobody else can make one.

`reply@help.example` becomes `reply+TOKEN@help.example`. The token is the ticket's id and a
signature, so that who has not been written to cannot write into a ticket, nor find out whether
there is one. It is base32, since mail servers and people change the case of addresses.
"""

import binascii
import hmac
from base64 import b32decode, b32encode
from hashlib import sha256
from uuid import UUID

_ID_BYTES = 16
# With the id 200 bits: 40 characters of base32, without padding and without spare bits. Who
# guesses sends a mail for each try.
_SIGNATURE_BYTES = 9
_TOKEN_CHARACTERS = 40
_LOCAL_PART_CHARACTERS = 64  # RFC 5321, section 4.5.3.1.1
BASE_CHARACTERS = _LOCAL_PART_CHARACTERS - _TOKEN_CHARACTERS - len("+")


class ReplyAddresses:
    """Makes and reads reply addresses, with the installation's secret.

    `base` is an address at a server that delivers what is sent to `base+anything`, as most do; what
    stands before its @ has at most 23 characters. Without a base there are no such addresses, and
    answers find their ticket by the mails that they name.
    """

    def __init__(self, secret: bytes, base: str | None) -> None:
        self._secret = secret
        self._local_part, _, self._domain = (base or "").rpartition("@")

    def address_of(self, ticket_id: UUID) -> str | None:
        """Return where answers to mails of a ticket are sent; None without a base."""
        if not self._domain:
            return None
        token = b32encode(ticket_id.bytes + self._sign(ticket_id)).decode().lower()
        return f"{self._local_part}+{token}@{self._domain}"

    def ticket_of(self, address: str) -> UUID | None:
        """Return whose address this is, in upper or lower case; None if it is not one of ours."""
        local_part, _, domain = address.rpartition("@")
        base, _, token = local_part.rpartition("+")
        if not self._domain or (base.lower(), domain.lower()) != self._lower_base():
            return None
        try:
            raw = b32decode(token, casefold=True)
        except (binascii.Error, ValueError):
            return None
        if len(raw) != _ID_BYTES + _SIGNATURE_BYTES:
            return None
        ticket_id = UUID(bytes=raw[:_ID_BYTES])
        is_ours = hmac.compare_digest(raw[_ID_BYTES:], self._sign(ticket_id))
        return ticket_id if is_ours else None

    def _lower_base(self) -> tuple[str, str]:
        return self._local_part.lower(), self._domain.lower()

    def _sign(self, ticket_id: UUID) -> bytes:
        text = b"reply address:" + ticket_id.bytes
        return hmac.new(self._secret, text, sha256).digest()[:_SIGNATURE_BYTES]

"""Links to files: signed, and valid for five minutes."""

import hmac
import re
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from core import clock

LINK_LIFETIME = timedelta(minutes=5)  # long enough to click, too short to pass around
_DECIMAL_MOMENT = re.compile(r"[1-9][0-9]{0,11}")


class FileLinks:
    """Makes and checks links, with the installation's secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def link_to(self, attachment_id: UUID) -> str:
        """Return the path and query of a link to a file."""
        expires = int((clock.now() + LINK_LIFETIME).timestamp())
        signature = self._sign(attachment_id, expires)
        return f"/attachments/{attachment_id.hex}?expires={expires}&signature={signature}"

    def is_valid(self, attachment_id: UUID, expires: str, signature: str) -> bool:
        """Tell whether a link is one of ours and still good."""
        if not _DECIMAL_MOMENT.fullmatch(expires):
            return False
        expected = self._sign(attachment_id, int(expires)).encode()
        is_ours = hmac.compare_digest(signature.encode("utf-8", "replace"), expected)
        return is_ours and clock.now().timestamp() < int(expires)

    def _sign(self, attachment_id: UUID, expires: int) -> str:
        text = f"attachment:{attachment_id.hex}:{expires}".encode()
        digest = hmac.new(self._secret, text, sha256).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

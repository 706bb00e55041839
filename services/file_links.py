"""Links to files: signed, and valid for a while. A link to download says whom it was made for."""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Self
from urllib.parse import urlencode
from uuid import UUID

from core import clock
from models.actors import ActorKind
from models.viewers import Viewer

DOWNLOAD_LIFETIME = timedelta(minutes=5)  # long enough to click, too short to pass around
_DECIMAL_MOMENT = re.compile(r"[1-9][0-9]{0,11}")
_HOLDER = re.compile(r"(agent|integration|chat)-([0-9a-f]{32})")


class HolderKind(StrEnum):
    """What a link can be made for."""

    AGENT = "agent"
    INTEGRATION = "integration"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a link was made for: an agent, an API token, or the customer of a chat by its ticket.

    No session is named: what is shown to a person is shown on all their screens.
    """

    kind: HolderKind
    id: UUID

    @classmethod
    def of(cls, viewer: Viewer) -> Self:
        """Return the holder that a viewer is. Strangers are shown no file."""
        if viewer.conversation_id is not None:
            return cls(HolderKind.CHAT, viewer.conversation_id)
        assert viewer.actor is not None and viewer.actor.id is not None  # noqa: S101, PT018  # see above
        is_agent = viewer.actor.kind is ActorKind.AGENT
        return cls(HolderKind.AGENT if is_agent else HolderKind.INTEGRATION, viewer.actor.id)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the holder that a link names."""
        found = _HOLDER.fullmatch(text)
        return cls(HolderKind(found[1]), UUID(found[2])) if found else None

    def __str__(self) -> str:
        """Return what a link names them by."""
        return f"{self.kind}-{self.id.hex}"


class FileLinks:
    """Makes and checks links, with the installation's secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def download_link(self, attachment_id: UUID, viewer: Viewer) -> str:
        """Return the path and query by which the viewer downloads a file."""
        fields = {
            "for": str(Holder.of(viewer)),
            "expires": str(int((clock.now() + DOWNLOAD_LIFETIME).timestamp())),
        }
        return self._link("attachments", attachment_id, fields)

    def upload_link(self, attachment_id: UUID, until: datetime) -> str:
        """Return the path and query to which the bytes of a file are put until a moment."""
        return self._link("uploads", attachment_id, {"expires": str(int(until.timestamp()))})

    def downloader(self, attachment_id: UUID, query: Mapping[str, str]) -> Holder | None:
        """Return whom a link to download was made for; None where it is not ours, or has ended."""
        fields = {name: query.get(name, "") for name in ("for", "expires")}
        if not self._is_good("attachments", attachment_id, fields, query.get("signature", "")):
            return None
        return Holder.parse(fields["for"])

    def may_upload(self, attachment_id: UUID, query: Mapping[str, str]) -> bool:
        """Tell whether a link to upload is ours and still good."""
        fields = {"expires": query.get("expires", "")}
        return self._is_good("uploads", attachment_id, fields, query.get("signature", ""))

    def _link(self, place: str, attachment_id: UUID, fields: Mapping[str, str]) -> str:
        signature = self._sign(place, attachment_id, fields)
        query = urlencode({**fields, "signature": signature})
        return f"/{place}/{attachment_id.hex}?{query}"

    def _is_good(
        self, place: str, attachment_id: UUID, fields: Mapping[str, str], signature: str
    ) -> bool:
        expected = self._sign(place, attachment_id, fields).encode()
        is_ours = hmac.compare_digest(signature.encode("utf-8", "replace"), expected)
        expires = fields["expires"]
        if not is_ours or not _DECIMAL_MOMENT.fullmatch(expires):
            return False
        return clock.now().timestamp() < int(expires)

    def _sign(self, place: str, attachment_id: UUID, fields: Mapping[str, str]) -> str:
        # No value that we sign has a colon in it.
        text = ":".join((place, attachment_id.hex, *fields.values()))
        digest = hmac.new(self._secret, text.encode("utf-8", "replace"), sha256).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

"""The URL of a callback: https://crm.example/customers/{email}?fields=short."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Self
from urllib.parse import quote, urlsplit

import httpx2

# Below 1024 stand mail, SSH, DNS and the like. A request could be taken for commands there.
_WEB_PORTS = {"https": 443, "http": 80}
_FREE_PORTS = range(1024, 65_536)

# White space, control characters and what RFC 3986 keeps out of every URL; braces stand apart.
_NEVER_IN_URLS = re.compile(r'[\s\x00-\x20\x7f-\xa0"<>\\^`|]')
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_HOST_CHARACTERS = 253  # RFC 1035: 255 octets on the wire
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_IN_PATHS = "/%:@!$&'()*+,;={}"
_IN_QUERIES = "/%:@!$&'()*+,;=?[]"


class InvalidUrl(ValueError):
    """The text is no URL that a callback may have."""


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """A URL in its parts, read once: whatever is checked of it is what is called.

    `host` is ASCII, an IPv6 address without brackets. Only `path` has placeholders: `{name}`.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the parts of a URL. Raises InvalidUrl."""
        if _NEVER_IN_URLS.search(text) or "#" in text:
            raise InvalidUrl(text)
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise InvalidUrl(text) from None
        if parts.scheme not in _WEB_PORTS or "@" in parts.netloc:
            raise InvalidUrl(text)
        if port is None:
            port = _WEB_PORTS[parts.scheme]
        if port not in _FREE_PORTS and port not in _WEB_PORTS.values():
            raise InvalidUrl(text)
        without_placeholders = _PLACEHOLDER.sub("", parts.path)
        if any(brace in without_placeholders + parts.query for brace in "{}"):
            raise InvalidUrl(text)
        return cls(
            parts.scheme,
            _ascii_host(parts.hostname or ""),
            port,
            quote(parts.path, safe=_IN_PATHS) or "/",
            quote(parts.query, safe=_IN_QUERIES),
        )

    @property
    def origin(self) -> str:
        """Whom secrets are shared with: scheme, host and port."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def placeholders(self) -> list[str]:
        """The names of the parameters that stand in the path."""
        return _PLACEHOLDER.findall(self.path)


def _ascii_host(host: str) -> str:
    """Return a host as DNS and TLS want it: in lower case, words of other scripts as Punycode."""
    try:
        if ":" in host and "%" not in host:
            return str(IPv6Address(host))
        # One dot at the end says that the name is whole, which it is anyway.
        ascii_host = httpx2.URL(f"https://{host.removesuffix('.')}/").raw_host.decode("ascii")
    except (ValueError, httpx2.InvalidURL):
        raise InvalidUrl(host) from None
    if not _HOST.fullmatch(ascii_host) or len(ascii_host) > _HOST_CHARACTERS:
        raise InvalidUrl(host)
    return ascii_host

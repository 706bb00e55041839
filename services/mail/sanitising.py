"""HTML that is safe to show to an agent."""

import unicodedata

import nh3

from services.mail.html_balancing import balance
from services.mail.html_elements import ATTRIBUTES, TAGS


def _only_attached_images(_tag: str, attribute: str, value: str) -> str | None:
    """Keep images from elsewhere out: loading one tells its sender who read the mail, and when."""
    if attribute == "src" and not value.lower().startswith("cid:"):
        return None
    return value


_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    attributes=ATTRIBUTES,
    attribute_filter=_only_attached_images,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


def sanitise(markup: str) -> str:
    """Return the mail's HTML with nothing in it that acts, loads or deceives. Takes linear time.

    Links to the web, mail addresses and telephone numbers stay, images only if the mail brings
    them (`cid:`, RFC 2392). The result is NFC, without NUL and surrogates.
    """
    # Only text across a removed tag may still compose here. No mark follows a bracket (balance
    # sees to it), so that markup stays what it is.
    return unicodedata.normalize("NFC", _CLEANER.clean(balance(markup)))

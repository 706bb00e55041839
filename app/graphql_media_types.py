"""Which of the media types of GraphQL responses a client would rather have."""

import re

RESPONSE_JSON = "application/graphql-response+json"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"
HTML = "text/html"

_SERVED_FOR_RANGE = {
    RESPONSE_JSON: RESPONSE_JSON,
    JSON: JSON,
    EVENT_STREAM: EVENT_STREAM,
    "application/*": JSON,
    "*/*": JSON,
}
_QUALITY = re.compile(r";\s*q=([01](?:\.\d{0,3})?)", re.IGNORECASE)  # RFC 9110 section 12.4.2


def choose_media_type(accept: str | None) -> str | None:
    """Return the media type to answer with, or None if the client accepts none.

    Who does not care gets plain JSON, which every client can read.
    """
    ranges = _ranges(accept or "*/*")
    refused = {media_range for media_range, quality in ranges.items() if quality == 0}
    # Sorting keeps the order of those that are liked equally: the first one listed wins.
    for media_range in sorted(ranges, key=ranges.__getitem__, reverse=True):
        served = _SERVED_FOR_RANGE.get(media_range)
        if served and not {served, media_range} & refused:
            return served
    return None


def accepts_html(accept: str | None) -> bool:
    """Whether a browser asks for a page: programs do not name HTML."""
    return _ranges(accept or "").get(HTML, 0) > 0


def _ranges(accept: str) -> dict[str, float]:
    """Return the media ranges of an Accept header in its order, with how much each is liked."""
    ranges: dict[str, float] = {}
    for item in accept.split(","):
        media_range = item.partition(";")[0].strip().lower()
        quality = _QUALITY.search(item)
        ranges[media_range] = float(quality[1]) if quality else 1.0
    return ranges

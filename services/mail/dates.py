"""When a mail was sent."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from core import clock

# RFC 822. A mail from before is from a computer without a clock.
_EARLIEST = datetime(1982, 8, 13, tzinfo=UTC)
# The clocks and time zones of senders are wrong by hours, and honestly so.
_AHEAD = timedelta(days=1)
_DATE_CHARACTERS = 128
_LAST_SECOND = 59


def read_sent_at(date: bytes, received: Iterable[bytes]) -> datetime | None:
    """Return when a mail was sent, in UTC: as it says, or else when the last relay received it.

    Moments before e-mail and moments that are yet to come count as not said. None: nobody said.
    """
    for text in (date, *(trace.rpartition(b";")[2] for trace in received)):
        moment = _read_date(text.decode("latin-1").strip()[:_DATE_CHARACTERS])
        if moment is not None and _EARLIEST <= moment <= clock.now() + _AHEAD:
            return moment
    return None


def _read_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_tz(text)
        if parsed is None:
            return None
        year, month, day, hour, minute, second = parsed[:6]
        zone = timezone(timedelta(seconds=parsed[9] or 0))
        # A leap second has the number 60, which datetime does not know.
        second = min(second, _LAST_SECOND)
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        # parsedate_tz trips over dates that are nearly right, and a year or zone may be no number
        # that datetime takes.
        return None

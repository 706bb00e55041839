"""When things happen: customers write while they are awake, agents while the desk is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from math import ceil
from random import Random

from models.channels import Channel

# The desk keeps Istanbul's hours, three hours ahead of UTC all year, every day of the week.
DESK_ZONE = timezone(timedelta(hours=3))
_OPEN_HOURS = (9, 20)
_WAKING_HOURS = (7, 23)
_DAY = timedelta(days=1)

Minutes = tuple[float, float]


class Pace(Enum):
    """Who has to do the next thing, and whether the work waits for it."""

    CUSTOMER = "CUSTOMER"
    AGENT = "AGENT"
    AT_ONCE = "AT_ONCE"


@dataclass(frozen=True, slots=True)
class _Tempo:
    """How many minutes pass, at least and at most, before somebody acts."""

    pauses: dict[Pace, Minutes]
    customer_hours: tuple[int, int]


_LETTERS = _Tempo(
    {Pace.CUSTOMER: (20, 800), Pace.AGENT: (15, 300), Pace.AT_ONCE: (0.5, 6)}, _WAKING_HOURS
)
_MESSENGER = _Tempo(
    {Pace.CUSTOMER: (2, 180), Pace.AGENT: (3, 60), Pace.AT_ONCE: (0.3, 3)}, _WAKING_HOURS
)
# Nobody chats with a desk that is closed.
_LIVE = _Tempo(
    {Pace.CUSTOMER: (0.4, 3), Pace.AGENT: (0.5, 4), Pace.AT_ONCE: (0.1, 0.5)}, _OPEN_HOURS
)
_TEMPOS = {Channel.EMAIL: _LETTERS, Channel.WEB: _LETTERS, Channel.LIVE_CHAT: _LIVE}


@dataclass(frozen=True, slots=True)
class Calendar:
    """The time that the demo covers."""

    begin: datetime
    now: datetime

    def moments(
        self, rng: Random, channel: Channel, paces: Sequence[Pace], age: timedelta
    ) -> list[datetime]:
        """Return when each act of a ticket happens: the last one about `age` before now."""
        tempo = _TEMPOS.get(channel, _MESSENGER)
        midnight = self.now.astimezone(DESK_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        moment = midnight + rng.random() * _DAY
        moments = []
        for pace in paces:
            shortest, longest = tempo.pauses[pace]
            # Most pauses are short: the square of a number below one is below it.
            pause = shortest + (longest - shortest) * rng.random() ** 2
            hours = tempo.customer_hours if pace is Pace.CUSTOMER else _OPEN_HOURS
            moment = _within(hours, moment + timedelta(minutes=pause), rng)
            moments.append(moment)
        return self._shift(moments, age)

    def _shift(self, moments: list[datetime], age: timedelta) -> list[datetime]:
        """Move the acts by whole days, so that each keeps its time of the day."""
        duration = moments[-1] - moments[0]
        latest = max(self.now - age, self.begin + duration + _DAY)
        days = ceil((moments[-1] - latest) / _DAY)
        return [(moment - days * _DAY).astimezone(UTC) for moment in moments]


def _within(hours: tuple[int, int], moment: datetime, rng: Random) -> datetime:
    opening, closing = hours
    if opening <= moment.hour < closing:
        return moment
    day = moment if moment.hour < opening else moment + _DAY
    morning = day.replace(hour=opening, minute=0, second=0, microsecond=0)
    return morning + timedelta(minutes=rng.uniform(0, 50))

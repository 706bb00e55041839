"""Reading the log again: what a webhook was told before, it is told once more."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, and_, case, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.events import Event
from models.webhooks import WebhookPosition

# Acts get their moment when they begin and their place when they end, which takes seconds at most.
DISORDER = timedelta(minutes=1)
_EARLIEST = datetime.min.replace(tzinfo=UTC)


async def positions_before(
    connection: AsyncConnection, webhook_id: UUID, moment: datetime
) -> dict[str, int]:
    """Return where the topics that a webhook follows stood before a moment.

    It may be up to a minute earlier, and is never later than what the webhook has read. Topics have
    up to millions of events, which stand in order: the database halves each again and again.
    """
    since = max(moment, _EARLIEST + DISORDER) - DISORDER
    between = (
        select(
            WebhookPosition.topic,
            literal(0, BigInteger).label("before"),
            (WebhookPosition.seq + 1).label("after"),
        )
        .where(WebhookPosition.webhook_id == webhook_id)
        .cte("between", recursive=True)
    )
    middle = (between.c.before + between.c.after) // 2
    # What the log does not keep any more is older than what it keeps.
    is_since = Event.created_at >= since
    between = between.union_all(
        select(
            between.c.topic,
            case((is_since, between.c.before), else_=middle),
            case((is_since, middle), else_=between.c.after),
        )
        .outerjoin(Event, and_(Event.topic == between.c.topic, Event.seq == middle))
        .where(between.c.after - between.c.before > 1)
    )
    found = select(between.c.topic, between.c.before).where(between.c.after - between.c.before == 1)
    return {row.topic: row.before for row in await connection.execute(found)}


def move_back(positions: Mapping[str, WebhookPosition], wanted: Mapping[str, int]) -> int:
    """Let a webhook read on from earlier positions; return how many entries it reads again."""
    again = 0
    for topic, seq in wanted.items():
        position = positions[topic]
        again += max(position.seq - seq, 0)
        position.seq = min(position.seq, seq)
    return again

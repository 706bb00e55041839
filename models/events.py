"""The event log: what happened, in order, per topic.

It is history and stays; only what was typed into a draft goes with the draft.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Row, String, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import ActorKind
from models.base import Base, Moment, enum_column
from models.event_records import EventRecord, TopicHead

TOPIC_CHARACTERS = 64


class TopicHeadRow(Base):
    """The counter of a topic: `seq` is its last event, `min_seq` the first one still kept."""

    __tablename__ = "topic_head"

    topic: Mapped[str] = mapped_column(String(TOPIC_CHARACTERS), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    min_seq: Mapped[int] = mapped_column(BigInteger, default=1)


class Event(Base):
    """One event at its place in one topic. Positions are contiguous, from 1 on."""

    __tablename__ = "event"
    __table_args__ = (Index(None, "id"),)

    topic: Mapped[str] = mapped_column(String(TOPIC_CHARACTERS), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[UUID]
    type: Mapped[str] = mapped_column(String(48))
    actor_kind: Mapped[ActorKind] = mapped_column(enum_column(ActorKind))
    actor_id: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[Moment]


async def read_heads(connection: AsyncConnection, topics: Collection[str]) -> dict[str, TopicHead]:
    """Return where each topic stands; one without events stands at 0."""
    statement = select(TopicHeadRow.topic, TopicHeadRow.seq, TopicHeadRow.min_seq).where(
        TopicHeadRow.topic.in_(topics)
    )
    heads = {topic: TopicHead(topic, 0, 1) for topic in topics}
    for topic, seq, min_seq in await connection.execute(statement):
        heads[topic] = TopicHead(topic, seq, min_seq)
    return heads


async def read_events(
    connection: AsyncConnection | AsyncSession, topic: str, after: int, limit: int
) -> list[EventRecord]:
    """Return the events of `topic` that follow position `after`, oldest first."""
    statement = (
        select(Event.__table__)
        .where(Event.topic == topic, Event.seq > after)
        .order_by(Event.seq)
        .limit(limit)
    )
    return [record_of(row) for row in await connection.execute(statement)]


def record_of(row: Row[Any]) -> EventRecord:
    """Return the event that stands in a row of the log."""
    return EventRecord(
        topic=row.topic,
        sequence=row.seq,
        id=row.id,
        type=row.type,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        payload=row.payload,
        occurred_at=row.created_at,
    )

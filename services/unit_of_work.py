"""One act: its rows, its events and its jobs, written together or not at all."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.database import Database
from core.errors import DomainError
from core.ids import new_id
from models.actors import AUTOMATION, Actor
from models.base import Base, Versioned
from models.event_records import EventRecord
from models.events import Event, TopicHeadRow
from models.jobs import Job

# PostgreSQL's code for a unique violation (its manual, appendix A), and SQLite's message for one.
_POSTGRESQL_KEY_TAKEN = "23505"
_SQLITE_KEY_TAKEN = "UNIQUE constraint failed"

Announce = Callable[[Sequence[EventRecord]], None]


@dataclass(frozen=True, slots=True)
class _PendingEvent:
    topic: str
    id: UUID
    type: str
    payload: dict[str, Any]


class UnitOfWork:
    """What one act writes. `now` is the one moment at which all of it happens.

    Read it once the rows that the act waits for are locked: see `happen_after`. `chain` is how many
    rules have led to the act, one after the other; none where people act.
    """

    def __init__(self, session: AsyncSession, actor: Actor, now: datetime) -> None:
        self.session = session
        self.actor = actor
        self.now = now
        self.chain = 0
        self._pending: list[_PendingEvent] = []
        self._versioned: dict[str, list[Versioned]] = {}

    def record(
        self,
        event_type: str,
        payload: dict[str, Any],
        *,
        topic: str,
        versions: Sequence[Versioned] = (),
        event_id: UUID | None = None,
    ) -> UUID:
        """Write an event into `topic`; the rows in `versions` get its position as their version.

        The same act may be recorded in a second topic under the same `event_id`.
        """
        event_id = event_id or new_id()
        payload = payload | {"chain": self.chain} if self.chain else dict(payload)
        self._pending.append(_PendingEvent(topic, event_id, event_type, payload))
        self._versioned.setdefault(topic, []).extend(versions)
        return event_id

    def amend(self, event_id: UUID, more: Mapping[str, Any]) -> None:
        """Let an event that this act has recorded say more."""
        for event in self._pending:
            if event.id == event_id:
                event.payload.update(more)

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Undo what is done inside, and forget its events, where it raises.

        What it had changed of rows is read anew; who goes on with a row refreshes it.
        """
        pending = len(self._pending)
        versioned = {topic: len(rows) for topic, rows in self._versioned.items()}
        try:
            async with self.session.begin_nested():
                yield
        except BaseException:
            del self._pending[pending:]
            self._versioned = {
                topic: rows[: versioned[topic]]
                for topic, rows in self._versioned.items()
                if topic in versioned
            }
            raise

    @contextmanager
    def led_by(self, rules: int) -> Iterator[None]:
        """Let what is recorded inside say that so many rules have led to it."""
        before = self.chain
        self.chain = rules
        try:
            yield
        finally:
            self.chain = before

    def happen_after(self, moment: datetime) -> None:
        """Let the act happen after `moment`: it had to wait for what happened then.

        What stands in a conversation is sorted by when it happened, so that nothing may come to
        stand before what others have read already.
        """
        self.now = max(self.now, moment + timedelta(microseconds=1))

    def enqueue(
        self, kind: str, payload: dict[str, Any], *, run_at: datetime | None = None
    ) -> None:
        """Ask for a job, to be run after the commit (not before `run_at`)."""
        self.session.add(
            Job(kind=kind, payload=payload, created_at=self.now, run_at=run_at or self.now)
        )

    async def insert_unique(self, *rows: Base) -> bool:
        """Insert rows in this order, or none of them.

        False where another row, perhaps of this very moment, has a key of theirs. Whatever else the
        database refuses is an error.
        """
        try:
            async with self.session.begin_nested():
                for row in rows:
                    self.session.add(row)
                    await self.session.flush()
        except IntegrityError as error:
            if not is_key_taken(error):
                raise
            return False
        return True

    async def write_events(self) -> list[EventRecord]:
        """Give the recorded events their places in the log.

        This comes last: from here to the commit the counters are locked, in sorted order, so that
        positions have no gap, commits follow positions, and two acts cannot wait for each other.
        """
        if self.session.new or not self._pending:
            await self.session.flush()
        if not self._pending:
            return []
        pending = sorted(self._pending, key=lambda event: event.topic)
        heads = await self._advance_heads(pending)
        records = []
        for topic, events in groupby(pending, key=lambda event: event.topic):
            of_topic = list(events)
            first = heads[topic] - len(of_topic) + 1
            records += [
                EventRecord(
                    topic=topic,
                    sequence=first + offset,
                    id=event.id,
                    type=event.type,
                    actor_kind=self.actor.kind,
                    actor_id=self.actor.id,
                    payload=event.payload,
                    occurred_at=self.now,
                )
                for offset, event in enumerate(of_topic)
            ]
            for row in self._versioned[topic]:
                row.version = heads[topic]
        # Rows that changed are written now, with their versions: one statement and not two.
        await self.session.flush()
        await self.session.execute(
            insert(Event),
            [
                {
                    "topic": record.topic,
                    "seq": record.sequence,
                    "id": record.id,
                    "type": record.type,
                    "actor_kind": record.actor_kind,
                    "actor_id": record.actor_id,
                    "payload": record.payload,
                    "created_at": record.occurred_at,
                }
                for record in records
            ],
        )
        return records

    async def _advance_heads(self, pending: Sequence[_PendingEvent]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for event in pending:
            counts[event.topic] = counts.get(event.topic, 0) + 1
        rows = [{"topic": topic, "seq": count, "min_seq": 1} for topic, count in counts.items()]
        statement = _raise_heads(self.session.get_bind().dialect.name)
        with self.session.no_autoflush:
            result = await self.session.execute(statement, rows)
        return {row.topic: row.seq for row in result}


@cache
def _raise_heads(dialect: str) -> Any:
    """Return the statement that adds to counters; built and compiled once, whatever the number."""
    heads = TopicHeadRow.__table__
    upsert = (postgresql if dialect == "postgresql" else sqlite).insert(heads)
    return upsert.on_conflict_do_update(
        index_elements=[heads.c.topic], set_={"seq": heads.c.seq + upsert.excluded.seq}
    ).returning(heads.c.topic, heads.c.seq)


def is_key_taken(error: IntegrityError) -> bool:
    """Tell whether another row has the key, from whatever else may be wrong with a row."""
    if getattr(error.orig, "sqlstate", None) == _POSTGRESQL_KEY_TAKEN:
        return True
    return _SQLITE_KEY_TAKEN in str(error.orig)


@asynccontextmanager
async def rehearsal(database: Database, actor: Actor) -> AsyncIterator[UnitOfWork]:
    """Give an act that reads what there is at one moment, and writes nothing."""
    async with (
        database.reading(snapshot=True) as connection,
        AsyncSession(connection, autoflush=False) as session,
    ):
        yield UnitOfWork(session, actor, clock.now())


@asynccontextmanager
async def unit_of_work(
    database: Database, announce: Announce, actor: Actor | None
) -> AsyncIterator[UnitOfWork]:
    """Run one act in one transaction, and announce its events once it is committed."""
    async with database.transaction() as session:
        work = UnitOfWork(session, actor or AUTOMATION, clock.now())
        try:
            yield work
        except DomainError:
            # A rollback empties the rows of its session; the error may show some of them.
            session.expunge_all()
            raise
        records = await work.write_events()
    if records:
        announce(records)

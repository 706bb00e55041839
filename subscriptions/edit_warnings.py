"""Warnings for whoever has something open that somebody else changes."""

import asyncio
from collections.abc import AsyncGenerator, Hashable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from core import clock
from core.database import Database
from core.errors import FieldErrorCode, FieldProblem, NotFound, ValidationFailed
from models.actors import AUTOMATION, ActorKind
from models.event_records import EventRecord, TopicHead
from models.events import read_heads
from models.viewers import Viewer
from services.changes import changes_told_by
from subscriptions.edited_rows import EditedRow, Key, find_rows, read_event_at, read_versions
from subscriptions.log.cursors import ResetReason, encode_cursor
from subscriptions.log.following import Gap, Happened
from subscriptions.log_source import LogSource
from subscriptions.patience import patiently
from subscriptions.source import Item, Judge, Verdict
from subscriptions.streams import Streams


@dataclass(frozen=True, slots=True)
class EditWarned:
    """Somebody changed a row; with `reset`, what they changed cannot be told field by field."""

    cursor: str
    row: EditedRow
    version: int
    actor_kind: ActorKind
    actor_id: UUID | None
    changed_at: datetime
    changes: Sequence[Mapping[str, Any]] = ()
    reset: ResetReason | None = None

    @property
    def identity(self) -> Hashable:
        """What tells this item apart from all others of its source."""
        return (EditWarned, self.cursor, self.row, self.reset)

    @property
    def resource_key(self) -> Key:
        """What was changed."""
        return self.row.kind, self.row.id

    def is_of(self, viewer: Viewer) -> bool:
        """Tell whether the viewer made the change, on whichever screen."""
        actor = viewer.actor
        return actor is not None and (actor.kind, actor.id) == (self.actor_kind, self.actor_id)


class EditWarningSource(LogSource):
    """What is changed of some rows by whomever, after the versions `since`, where they are given.

    Its items are EditWarned, and those of the log that warn nobody.
    """

    def __init__(
        self,
        streams: Streams,
        database: Database,
        rows: Sequence[EditedRow],
        since: Mapping[EditedRow, int],
    ) -> None:
        topics = tuple(dict.fromkeys(row.topic for row in rows))
        super().__init__(streams, topics, *rows, *since.items())
        self._database = database
        self._since = since
        self._rows = rows

    def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Return what is changed, or what has been changed since `after` and so on."""
        return self._warnings(super().open(after), after)

    def open_anew(self, reason: ResetReason) -> AsyncGenerator[Item, None]:
        """Return what is changed from now on, after a warning of each row that `reason` resets."""
        return self._warnings(super().open_anew(reason), None)

    async def judge(self, item: Item) -> Judge:
        """Warn those who see the row and did not change it; it is over for who sees no row."""
        sight = self.access.sight
        sights = await asyncio.gather(*(sight.of(row.kind, row.id) for row in self._rows))
        seen_by = dict(zip(self._rows, sights, strict=True))

        def judge(viewer: Viewer) -> Verdict:
            if not any(sees(viewer) for sees in seen_by.values()):
                return Verdict.LOST
            if not isinstance(item, EditWarned) or not seen_by[item.row](viewer):
                return Verdict.SKIPS
            is_own = item.reset is None and item.is_of(viewer)
            return Verdict.SKIPS if is_own else Verdict.HEARS

        return judge

    async def _warnings(
        self, items: AsyncGenerator[Item, None], last_cursor: str | None
    ) -> AsyncGenerator[Item, None]:
        async with aclosing(items):
            async for item in items:
                if isinstance(item, Gap):
                    for reset in await self._resets(item, last_cursor):
                        yield reset
                elif isinstance(item, Happened):
                    yield self._warning(item) or item
                else:
                    yield item
                last_cursor = item.cursor

    def _warning(self, item: Happened) -> EditWarned | None:
        record = item.record
        for row in self._rows:
            if row.topic != record.topic or record.sequence <= self._since.get(row, 0):
                continue
            if changes := changes_told_by(record, row.note_id):
                return EditWarned(
                    item.cursor,
                    row,
                    record.sequence,
                    ActorKind(record.actor_kind),
                    record.actor_id,
                    record.occurred_at,
                    changes,
                )
        return None

    async def _resets(self, gap: Gap, last_cursor: str | None) -> Sequence[Item]:
        """Return a warning for each row that has changed and whose changes the gap may hide.

        Only the last one stands behind the gap: who goes on from one before is told all again.
        """
        rows = [row for row in self._rows if gap.topic in (None, row.topic)]
        changed = [
            warned
            for warned in await patiently(partial(self._read_resets, rows, gap))
            if warned.version != self._since.get(warned.row)
        ]
        before = [replace(warned, cursor=last_cursor or gap.cursor) for warned in changed[:-1]]
        return [*before, *changed[-1:]] or [gap]

    async def _read_resets(self, rows: Sequence[EditedRow], gap: Gap) -> list[EditWarned]:
        async with self._database.reading() as connection:
            versions = await read_versions(connection, rows)
            return [
                _reset(row, version, await read_event_at(connection, row, version), gap)
                for row, version in versions.items()
            ]


def _reset(row: EditedRow, version: int, newest: EventRecord | None, gap: Gap) -> EditWarned:
    """Return the warning that names who changed the row last, as far as the log knows."""
    return EditWarned(
        gap.cursor,
        row,
        version,
        ActorKind(newest.actor_kind) if newest else AUTOMATION.kind,
        newest.actor_id if newest else AUTOMATION.id,
        newest.occurred_at if newest else clock.now(),
        reset=gap.reason,
    )


async def edit_warning_source(
    streams: Streams,
    database: Database,
    viewer: Viewer,
    keys: Sequence[Key],
    versions: Sequence[int] | None,
) -> tuple[EditWarningSource, str | None]:
    """Return the source of warnings about these rows, and the cursor at which the viewer begins.

    `versions` are those that the viewer has loaded, one for each key: the cursor stands before
    whatever was changed since. Without them there is none, and warnings begin now.

    Raises NotFound where any row is unknown or hidden, and ValidationFailed at `versions` for one
    that does not exist yet.
    """
    stand = await patiently(partial(_read_stand, database, viewer, keys))
    rows = list(stand.rows.values())
    if versions is None:
        return EditWarningSource(streams, database, rows, {}), None
    loaded = _loaded(stand, keys, versions)
    positions: dict[str, int] = {}
    for row, version in loaded.items():
        # The version of a note may stand far back in its topic; what is unchanged misses nothing.
        is_changed = stand.versions[row] != version
        position = version if is_changed else stand.heads[row.topic].sequence
        positions[row.topic] = min(position, positions.get(row.topic, position))
    cursor = encode_cursor(streams.epoch, positions)
    return EditWarningSource(streams, database, rows, loaded), cursor


@dataclass(frozen=True, slots=True)
class _Stand:
    rows: Mapping[Key, EditedRow]
    heads: Mapping[str, TopicHead]
    versions: Mapping[EditedRow, int]


async def _read_stand(database: Database, viewer: Viewer, keys: Sequence[Key]) -> _Stand:
    async with database.reading() as connection:
        rows = await find_rows(connection, dict.fromkeys(keys))
        # The heads come first: what happens meanwhile is told again rather than never.
        heads = await read_heads(connection, {row.topic for row in rows.values()})
        versions = await read_versions(connection, rows.values(), viewer)
    if versions.keys() != set(rows.values()) or rows.keys() != set(keys):
        raise NotFound
    return _Stand(rows, heads, versions)


def _loaded(stand: _Stand, keys: Sequence[Key], versions: Sequence[int]) -> Mapping[EditedRow, int]:
    """Return the version loaded of each row; of one that is named twice, the older."""
    loaded: dict[EditedRow, int] = {}
    for place, (key, version) in enumerate(zip(keys, versions, strict=True)):
        row = stand.rows[key]
        present = stand.versions[row]
        if version > present:
            path = ("versions", str(place))
            code = FieldErrorCode.VERSION_IN_FUTURE
            raise ValidationFailed(FieldProblem(path, code, present, version))
        loaded[row] = min(version, loaded.get(row, version))
    return loaded

"""Who is at a resource, for those who see the resource."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from itertools import count
from uuid import UUID

from core.ids import NodeKind, encode_global_id
from models.viewers import Viewer
from subscriptions.presence.presence import WhoIsHere
from subscriptions.source import Item, Judge, Source, State, Verdict
from subscriptions.streams import Streams


class PresenceSource(Source):
    """States of WhoIsHere: first who is there, then each change."""

    is_lost_unsaid = True  # a transfer is no change of who is there

    def __init__(self, streams: Streams, kind: NodeKind, row_id: UUID) -> None:
        self.key = (type(self), kind, row_id)
        self._streams = streams
        self._kind = kind
        self._row_id = row_id
        self._cursors = count()

    async def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Return who is there from now on: of what was before, nothing is kept."""
        resource = encode_global_id(self._kind, self._row_id)
        async with aclosing(self._streams.presence.watch(resource)) as states:
            async for who_is_here in states:
                yield State(str(next(self._cursors)), who_is_here)

    def greeting(self, last: Item) -> Item:
        """Return who is there; what changed before somebody came is not their news."""
        return State(f"{last.cursor} from here", replace(_told_by(last), changes=()))

    async def judge(self, item: Item) -> Judge:
        """Tell those who see the resource what they may know."""
        sees = await self._streams.access.sight.of(self._kind, self._row_id)
        changes = _told_by(item).changes

        def judge(viewer: Viewer) -> Verdict:
            if not sees(viewer):
                return Verdict.LOST
            if changes and not any(change.is_seen_by(viewer) for change in changes):
                return Verdict.SKIPS
            return Verdict.HEARS

        return judge


def _told_by(item: Item) -> WhoIsHere:
    assert isinstance(item, State)  # noqa: S101  # this source tells nothing else
    told: WhoIsHere = item.value
    return told

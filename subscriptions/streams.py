"""What all streams of a process share."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from core.errors import FieldErrorCode, FieldProblem, LimitReached, ValidationFailed
from subscriptions.access import Access
from subscriptions.log.cursors import MAX_CURSOR_TOPICS, InvalidCursor, ResetReason
from subscriptions.log.following import Item, OpenStream, Start, follow, start_anew, start_at
from subscriptions.presence.online_agents import OnlineAgents
from subscriptions.presence.presence import Presence


@dataclass(frozen=True, slots=True)
class Streams:
    """Where streams come from (`open_stream`), of which log (`epoch`), and who may hear what.

    `presence` is who is where, `online_agents` who is there at all; they stand in no log.
    """

    open_stream: OpenStream
    epoch: str
    access: Access
    presence: Presence
    online_agents: OnlineAgents

    def follow(self, topics: Sequence[str], after: str | None) -> AsyncGenerator[Item, None]:
        """Follow topics, see `subscriptions.following`.

        Raises ValidationFailed at `after`, and LimitReached for more topics than a cursor holds.
        """
        try:
            start = start_at(topics, after, self.epoch)
        except InvalidCursor as error:
            problem = FieldProblem(("after",), FieldErrorCode.INVALID_CURSOR)
            raise ValidationFailed(problem) from error
        return self._follow(start)

    def follow_anew(self, topics: Sequence[str], reason: ResetReason) -> AsyncGenerator[Item, None]:
        """Follow topics from now on, beginning with a Gap. Raises LimitReached as `follow` does."""
        return self._follow(start_anew(topics, reason))

    def _follow(self, start: Start) -> AsyncGenerator[Item, None]:
        if len(start.positions) > MAX_CURSOR_TOPICS:
            raise LimitReached(MAX_CURSOR_TOPICS)
        return follow(self.open_stream, self.epoch, start)

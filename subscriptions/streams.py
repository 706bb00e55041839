"""What all streams of a process share."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from subscriptions.access import TicketAccess
from subscriptions.cursors import InvalidCursor
from subscriptions.following import Item, OpenStream, follow, start_at


@dataclass(frozen=True, slots=True)
class Streams:
    """Where streams come from (`open_stream`), of which log (`epoch`), and who may hear what."""

    open_stream: OpenStream
    epoch: str
    access: TicketAccess

    def follow(self, topics: Sequence[str], after: str | None) -> AsyncGenerator[Item, None]:
        """Follow topics, see `subscriptions.following`. Raises ValidationFailed at `after`."""
        try:
            start = start_at(topics, after, self.epoch)
        except InvalidCursor as error:
            problem = FieldProblem(("after",), FieldErrorCode.INVALID_CURSOR)
            raise ValidationFailed(problem) from error
        return follow(self.open_stream, self.epoch, start)

"""What the customer of a chat is told: what was written, that it ended, and who types to them."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import count
from uuid import UUID

from core.ids import NodeKind, encode_global_id
from models.event_topics import chat_topic
from models.viewers import Viewer
from subscriptions.log_source import LogSource
from subscriptions.source import Item, Judge, Source, State, Verdict
from subscriptions.streams import Streams


class ChatSource(LogSource):
    """The messages of one chat, and its end.

    Its topic is no view of the ticket's: nothing else is ever written there, so that no position,
    gap or delay tells of what the team does among itself.
    """

    def __init__(self, streams: Streams, ticket_id: UUID) -> None:
        super().__init__(streams, [chat_topic(ticket_id)])
        self._ticket_id = ticket_id

    async def judge(self, item: Item) -> Judge:
        """Keep all from everybody but the customer of this chat."""
        return _judge_of(self._ticket_id)


class ChatTypingSource(Source):
    """Which agents type to the customer, by their ids: first at once, then whenever it changes.

    It is told of replies alone, and not of all presence with the rest left out, so that neither a
    state nor its moment tells of anything else that the team does.
    """

    def __init__(self, streams: Streams, ticket_id: UUID) -> None:
        self.key = (type(self), ticket_id)
        self._streams = streams
        self._ticket_id = ticket_id
        self._cursors = count()

    async def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Return who types from now on: of what was before, nothing is kept."""
        resource = encode_global_id(NodeKind.TICKET, self._ticket_id)
        async with aclosing(self._streams.presence.watch_replies(resource)) as states:
            async for agent_ids in states:
                yield State(str(next(self._cursors)), agent_ids)

    def greeting(self, last: Item) -> Item:
        """Return who types."""
        return last

    async def judge(self, item: Item) -> Judge:
        """Keep all from everybody but the customer of this chat."""
        return _judge_of(self._ticket_id)


def _judge_of(ticket_id: UUID) -> Judge:
    def judge(viewer: Viewer) -> Verdict:
        return Verdict.HEARS if viewer.conversation_id == ticket_id else Verdict.LOST

    return judge

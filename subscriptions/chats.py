"""What the customer of a chat is told: what they and those who answer have written."""

from uuid import UUID

from models.event_topics import chat_topic
from models.viewers import Viewer
from subscriptions.log_source import LogSource
from subscriptions.source import Item, Judge, Verdict
from subscriptions.streams import Streams


class ChatSource(LogSource):
    """The messages of one chat.

    Its topic is no view of the ticket's: nothing else is ever written there, so that no position,
    gap or delay tells of what the team does among itself.
    """

    def __init__(self, streams: Streams, ticket_id: UUID) -> None:
        super().__init__(streams, [chat_topic(ticket_id)])
        self._ticket_id = ticket_id

    async def judge(self, item: Item) -> Judge:
        """Keep all from everybody but the customer of this chat."""

        def judge(viewer: Viewer) -> Verdict:
            is_theirs = viewer.conversation_id == self._ticket_id
            return Verdict.HEARS if is_theirs else Verdict.LOST

        return judge

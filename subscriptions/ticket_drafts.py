"""What happens to an agent's drafts of tickets, for all their screens."""

from uuid import UUID

from models.event_topics import ticket_drafts_topic
from models.viewers import Viewer
from subscriptions.log_source import LogSource
from subscriptions.source import Item, Judge, Verdict
from subscriptions.streams import Streams


class TicketDraftSource(LogSource):
    """What happens to the drafts of one agent."""

    def __init__(self, streams: Streams, agent_id: UUID) -> None:
        super().__init__(streams, [ticket_drafts_topic(agent_id)])
        self._agent_id = agent_id

    async def judge(self, item: Item) -> Judge:
        """Keep all from everybody but the agent."""

        def judge(viewer: Viewer) -> Verdict:
            return Verdict.HEARS if viewer.agent_id == self._agent_id else Verdict.LOST

        return judge

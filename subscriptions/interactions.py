"""What happens on the lists of an agent's interactions, for all their screens."""

from uuid import UUID

from models.event_topics import interactions_topic
from models.viewers import Viewer
from subscriptions.log_source import LogSource
from subscriptions.source import Item, Judge, Verdict
from subscriptions.streams import Streams


class InteractionSource(LogSource):
    """What happens on the open and the recent list of one agent."""

    def __init__(self, streams: Streams, agent_id: UUID) -> None:
        super().__init__(streams, [interactions_topic(agent_id)])
        self._agent_id = agent_id

    async def judge(self, item: Item) -> Judge:
        """Keep all from everybody but the agent."""

        def judge(viewer: Viewer) -> Verdict:
            return Verdict.HEARS if viewer.agent_id == self._agent_id else Verdict.LOST

        return judge

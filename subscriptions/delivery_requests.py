"""What connectors are asked to deliver on a channel, each for its brands."""

from models.channels import Channel
from models.delivery_requests import is_connector
from models.event_topics import deliveries_topic
from models.viewers import Viewer
from subscriptions.log_source import LogSource
from subscriptions.source import Item, Judge, Verdict
from subscriptions.streams import Streams


class DeliveryRequestSource(LogSource):
    """The requests of one channel for the brands of a connector.

    Whose brands are others from now on begins anew: of those that came, something may wait already.
    """

    def __init__(self, streams: Streams, channel: Channel, viewer: Viewer) -> None:
        topics = [deliveries_topic(channel, brand_id) for brand_id in sorted(viewer.brand_ids)]
        super().__init__(streams, topics, viewer.rights)
        self.rights = viewer.rights

    async def judge(self, item: Item) -> Judge:
        """Part with whoever is no connector; who else has these rights is asked elsewhere."""

        def judge(viewer: Viewer) -> Verdict:
            return Verdict.HEARS if is_connector(viewer) else Verdict.LOST

        return judge

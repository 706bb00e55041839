"""Where the lists of customers stand."""

from collections.abc import Mapping

from models.event_topics import customers_topic
from models.events import read_heads
from resolvers.scope import Scope
from services.customer_lists import require_reader


async def positions(scope: Scope) -> Mapping[str, int]:
    """Return how far the log reaches that tells of all customers.

    Raises Unauthenticated for strangers, and NotAllowed for those who may not read customers.
    """
    require_reader(scope.viewer)
    topic = customers_topic()
    heads = await read_heads(await scope.connection(), [topic])
    return {topic: heads[topic].sequence}

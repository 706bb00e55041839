"""Where the inboxes stand that the viewer sees."""

from collections.abc import Mapping

from models.event_topics import inbox_topics
from models.events import read_heads
from models.tickets import inbox_brands
from resolvers.access import require_signed_in
from resolvers.scope import Scope


async def positions(scope: Scope) -> Mapping[str, int]:
    """Return how far the inbox of each brand reaches that shows tickets to the viewer."""
    require_signed_in(scope.viewer)
    brands = await scope.fetch(inbox_brands(scope.viewer))
    topics = inbox_topics(scope.viewer, [row.id for row in brands])
    heads = await read_heads(await scope.connection(), topics)
    return {topic: heads[topic].sequence for topic in topics}

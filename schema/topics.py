"""Topics: what tickets of a brand are about."""

from datetime import datetime

import strawberry

from core.ids import NodeKind
from models import topics as rows
from resolvers import brands, topics
from schema.brands import Brand
from schema.fields import column, relation
from schema.nodes import FromRow, Node, node_id
from schema.registry import register


@strawberry.type(description="A subject that tickets of one brand can have.")
class Topic(FromRow, Node):
    """A subject that tickets of one brand can have."""

    id: strawberry.ID = node_id(NodeKind.TOPIC)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("The topic's name, unique within its brand.")
    brand: Brand = relation("The brand whose tickets can have it.", brands.by_id, key="brand_id")
    created_at: datetime = column("When the topic was added.")


register(NodeKind.TOPIC, Topic, rows.Topic, topics.by_id)

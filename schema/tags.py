"""Tags of tickets."""

from datetime import datetime

import strawberry

from core.ids import NodeKind
from models import tags as rows
from resolvers import tags
from schema.fields import column
from schema.nodes import FromRow, Node, node_id
from schema.registry import register


@strawberry.type(description="A label of tickets, out of a list that admins keep.")
class Tag(FromRow, Node):
    """A label of tickets."""

    id: strawberry.ID = node_id(NodeKind.TAG)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("The tag's name, unique whatever its case and accents.")
    created_at: datetime = column("When the tag was added.")


register(NodeKind.TAG, Tag, rows.Tag, tags.by_id)

"""Any object by its id."""

import asyncio
from typing import Annotated

import strawberry

from core.pages import MAX_PAGE_SIZE
from resolvers import nodes
from resolvers.nodes import NodeKey
from resolvers.scope import Scope
from schema.customer_access import may_reach
from schema.fields import Info
from schema.nodes import Node
from schema.registry import entry_of


@strawberry.type
class NodeQuery:
    """Objects of any type by their ids."""

    @strawberry.field(description="The object with this id; null where the viewer sees none.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id.")]
    ) -> Node | None:
        """Load one object."""
        return await _load(info.context, nodes.key_of(info.context, id))

    @strawberry.field(
        description="The objects with these ids, in the same order; null where `node` has none, "
        "and for what is no id at all.",
        metadata={"assumed_size": MAX_PAGE_SIZE},
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="At most 100 ids, of any types.")
        ],
    ) -> list[Node | None]:
        """Load many objects, one statement for each type among them."""
        keys = nodes.keys_of(info.context, ids)
        return await asyncio.gather(*(_load(info.context, key) for key in keys))


async def _load(scope: Scope, key: NodeKey | None) -> Node | None:
    entry = entry_of(key[0]) if key else None
    if key is None or entry is None or not may_reach(scope.viewer, entry.object_type.__name__):
        return None
    row = await scope.load(entry.batch, key[1])
    found: Node | None = None if row is None else entry.object_type.from_row(row)
    return found

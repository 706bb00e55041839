"""The handles of customers on the channels."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from models.base import Columns, project
from models.channel_profiles import ChannelProfile, visible_to
from resolvers.audiences import same_for_audience
from resolvers.batches import grouped, rows_by_id
from resolvers.scope import Scope

by_id = rows_by_id(ChannelProfile, visible_to)


@same_for_audience
async def by_customer(
    scope: Scope, customer_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the profiles of customers that the viewer has come to see, by channel and handle."""
    wanted = None if columns is None else columns | {"customer_id"}
    rows = await scope.fetch(
        select(*project(ChannelProfile, wanted))
        .where(ChannelProfile.customer_id.in_(customer_ids))
        .order_by(ChannelProfile.channel, ChannelProfile.handle_key)
    )
    return grouped(rows, "customer_id")

"""Channel profiles: by what a customer is known on a channel."""

from datetime import datetime

import strawberry

from core.ids import NodeKind
from models import channel_profiles as rows
from models.channels import Channel
from resolvers import channel_profiles, customers
from resolvers.audiences import same_for_audience
from schema.customers import Customer
from schema.fields import column, derived_in_scope, relation
from schema.nodes import FromRow, Node, node_id
from schema.registry import register


@strawberry.type(description="An address, number or name by which a channel knows a customer.")
class ChannelProfile(FromRow, Node):
    """By what a customer is known on a channel."""

    id: strawberry.ID = node_id(NodeKind.CHANNEL_PROFILE)
    channel: Channel = column("The channel.")
    handle: str = column("The address, number or name, unique on its channel.")
    verified: bool = column("Whether it is proven to be the customer's. A claim is no proof.")
    customer: Customer = relation(
        "The customer it is linked to.", customers.by_id, key="customer_id"
    )
    linked_at: datetime | None = column("When it was linked to this customer.")
    claimed_email: str | None = derived_in_scope(
        "The address that they last said is theirs. A claim is no proof. Null for integrations.",
        same_for_audience(lambda row, scope: row.claimed_email if scope.viewer.is_agent else None),
        needs=("claimed_email",),
    )
    claimed_phone: str | None = derived_in_scope(
        "The number that they last said is theirs. A claim is no proof. Null for integrations.",
        same_for_audience(lambda row, scope: row.claimed_phone if scope.viewer.is_agent else None),
        needs=("claimed_phone",),
    )


register(NodeKind.CHANNEL_PROFILE, ChannelProfile, rows.ChannelProfile, channel_profiles.by_id)

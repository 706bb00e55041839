"""Channel profiles: by what a customer is known on a channel."""

from datetime import datetime

import strawberry

from core.ids import NodeKind
from models import channel_profiles as rows
from models.channel_profiles import ProfileLinkState
from models.channels import Channel
from resolvers import channel_profiles, customers, profile_suggestions
from resolvers.audiences import same_for_audience
from resolvers.profile_suggestions import ProfileSuggestionReason
from schema.actors import Actor, wrap_actor
from schema.customers import Customer
from schema.fields import column, derived, derived_in_scope, relation
from schema.nodes import FromRow, Node, node_id
from schema.registry import register


@strawberry.type(description="A known customer whom a profile may be of.")
class ProfileSuggestion(FromRow):
    """A known customer whom a profile may be of."""

    reason: ProfileSuggestionReason = column("Why they are suggested.")
    customer: Customer = derived(
        "The customer, to whom `profileLink` links it.",
        lambda row: Customer.from_row(row.customer),
        needs=("customer",),
    )


@strawberry.type(description="An address, number or name by which a channel knows a customer.")
class ChannelProfile(FromRow, Node):
    """By what a customer is known on a channel."""

    id: strawberry.ID = node_id(NodeKind.CHANNEL_PROFILE)
    channel: Channel = column("The channel.")
    handle: str = column("The address, number or name, unique on its channel.")
    verified: bool = derived(
        "Whether it is proven to be the customer's. A claim is no proof.",
        lambda row: row.link_state is ProfileLinkState.VERIFIED,
        needs=("link_state",),
    )
    link_state: ProfileLinkState = column("How sure it is that it is the customer's.")
    customer: Customer = relation(
        "The customer it is linked to.", customers.by_id, key="customer_id"
    )
    linked_at: datetime | None = column("When it was linked to this customer.")
    linked_by: Actor | None = relation(
        "Who linked it to this customer; a rule shows as Starling itself. Null where it is with "
        "the customer that it came with.",
        channel_profiles.linked_by,
        key="id",
        wrap=wrap_actor,
    )
    suggestions: list[ProfileSuggestion] = relation(
        "Known customers whom it may be of, the likeliest first, five at most. None once it is "
        "verified, and for integrations.",
        profile_suggestions.by_profile,
        key="id",
        assumed_size=profile_suggestions.SUGGESTED_AT_MOST,
    )
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

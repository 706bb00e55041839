"""The handles of customers on the channels."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from core.ids import NodeKind
from models.actors import ActorKind
from models.base import Columns, project
from models.channel_profiles import ChannelProfile, is_shown, visible_to
from models.customer_moves import CustomerMove
from models.profile_links import ProfileLink
from resolvers import actors
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import grouped, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from services import profile_links

by_id = rows_by_id(ChannelProfile, visible_to)


@same_for_audience
async def by_customer(
    scope: Scope, customer_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the profiles of customers that the viewer has come to see, by channel and handle."""
    wanted = None if columns is None else columns | {"customer_id"}
    rows = await scope.fetch(
        select(*project(ChannelProfile, wanted))
        .where(ChannelProfile.customer_id.in_(customer_ids), is_shown(scope.viewer))
        .order_by(ChannelProfile.channel, ChannelProfile.handle_key)
    )
    return grouped(rows, "customer_id")


@same_for_audience
async def linked_by(
    scope: Scope, profile_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, tuple[ActorKind, Any]]:
    """Return who linked profiles that are linked to another customer than their first one."""
    rows = await scope.fetch(
        select(ProfileLink.profile_id, CustomerMove.moved_by_kind, CustomerMove.moved_by_id)
        .join(CustomerMove, CustomerMove.id == ProfileLink.move_id)
        .where(ProfileLink.profile_id.in_(profile_ids))
    )
    keys = {row.profile_id: (row.moved_by_kind, row.moved_by_id) for row in rows}
    found = await actors.by_key(scope, list(keys.values()), None, None)
    return {profile_id: found[key] for profile_id, key in keys.items()}


async def link(scope: Scope, profile_id: str, customer_id: str) -> ChannelProfile:
    """Link a profile to a customer."""
    require_signed_in(scope.viewer)
    profile = row_id_of(profile_id, NodeKind.CHANNEL_PROFILE, "input", "profileId")
    customer = row_id_of(customer_id, NodeKind.CUSTOMER, "input", "customerId")
    async with scope.unit_of_work() as work:
        return await profile_links.link(work, scope.viewer, profile, customer)


async def unlink(scope: Scope, profile_id: str) -> ChannelProfile:
    """Give a profile back to the customer that it came with."""
    require_signed_in(scope.viewer)
    profile = row_id_of(profile_id, NodeKind.CHANNEL_PROFILE, "input", "profileId")
    async with scope.unit_of_work() as work:
        return await profile_links.unlink(work, scope.viewer, profile)

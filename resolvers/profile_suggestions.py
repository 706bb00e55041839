"""Whom the writer behind a profile may be: known customers who have what was claimed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from core.text import address_key
from models.base import Columns
from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.channels import Channel
from models.customers import Customer, visible_to
from resolvers.audiences import same_for_audience
from resolvers.batches import grouped
from resolvers.scope import Scope
from services.handles import phone_of
from services.identity.known_people import known_by_contacts

SUGGESTED_AT_MOST = 5


class ProfileSuggestionReason(StrEnum):
    """Why somebody is suggested."""

    CLAIMED_EMAIL = "CLAIMED_EMAIL"
    CLAIMED_PHONE = "CLAIMED_PHONE"
    HANDLE = "HANDLE"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A known customer, and why the writer may be they."""

    reason: ProfileSuggestionReason
    customer_id: UUID
    customer: Row[Any]


@dataclass(frozen=True, slots=True)
class _Trace:
    """The key of an address, or a number, that leads from a profile to customers.

    Addresses may begin with a plus sign, too: which of them it is does not show in the key.
    """

    reason: ProfileSuggestionReason
    key: str
    is_phone: bool


@same_for_audience
async def by_profile(
    scope: Scope, profile_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, Sequence[Suggestion]]:
    """Return for agents whom profiles that are not verified may be linked to, up to five each."""
    if not scope.viewer.is_agent:
        return {}
    profiles = await scope.fetch(
        select(ChannelProfile)
        .where(
            ChannelProfile.id.in_(profile_ids),
            ChannelProfile.link_state != ProfileLinkState.VERIFIED,
        )
        .with_only_columns(*ChannelProfile.__table__.columns)
    )
    traces = {profile.id: _traces(profile) for profile in profiles}
    found = await _having(scope, [trace for each in traces.values() for trace in each])
    return {
        profile.id: _suggestions(profile, traces[profile.id], found)[:SUGGESTED_AT_MOST]
        for profile in profiles
    }


def _traces(profile: Row[Any]) -> list[_Trace]:
    """Return what leads to customers, the surest first."""
    traces = []
    if profile.claimed_email:
        key = address_key(profile.claimed_email)
        traces.append(_Trace(ProfileSuggestionReason.CLAIMED_EMAIL, key, is_phone=False))
    if profile.claimed_phone:
        key = profile.claimed_phone
        traces.append(_Trace(ProfileSuggestionReason.CLAIMED_PHONE, key, is_phone=True))
    phone = phone_of(profile.channel, profile.handle)
    if phone is not None or profile.channel is Channel.EMAIL:
        key, is_phone = phone or profile.handle_key, phone is not None
        traces.append(_Trace(ProfileSuggestionReason.HANDLE, key, is_phone=is_phone))
    return traces


async def _having(scope: Scope, traces: Sequence[_Trace]) -> Mapping[str, Sequence[Row[Any]]]:
    """Return the customers who have an address or a number; of many who share one, a few."""
    if not traces:
        return {}
    emails = {trace.key for trace in traces if not trace.is_phone}
    phones = {trace.key for trace in traces if trace.is_phone}
    known = known_by_contacts(emails, phones).subquery()
    place = func.row_number().over(partition_by=known.c.key, order_by=known.c.customer_id)
    few = select(known, place.label("place")).subquery()
    rows = await scope.fetch(
        select(*Customer.__table__.columns, few.c.key)
        .join(few, few.c.customer_id == Customer.id)
        .where(visible_to(scope.viewer), few.c.place <= SUGGESTED_AT_MOST + 1)
        .order_by(Customer.id)
    )
    return grouped(rows, "key")


def _suggestions(
    profile: Row[Any], traces: Sequence[_Trace], found: Mapping[str, Sequence[Row[Any]]]
) -> list[Suggestion]:
    """Return each customer once, for the surest reason; not the one whose profile it is."""
    suggested: dict[UUID, Suggestion] = {}
    for trace in traces:
        for customer in found.get(trace.key, ()):
            if customer.id != profile.customer_id:
                suggestion = Suggestion(trace.reason, customer.id, customer)
                suggested.setdefault(customer.id, suggestion)
    return list(suggested.values())

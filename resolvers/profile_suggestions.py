"""Whom the writer behind a profile may be: known customers who have what was claimed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select

from core.text import address_key
from models.base import Columns
from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.channels import Channel
from models.customers import Customer, visible_to
from resolvers.audiences import same_for_audience
from resolvers.scope import Scope
from services.handles import phone_of

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
    """An address or a number that leads from a profile to customers, as their column holds it."""

    reason: ProfileSuggestionReason
    email_key: str | None = None
    phone: str | None = None


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
        traces.append(_Trace(ProfileSuggestionReason.CLAIMED_EMAIL, email_key=key))
    if profile.claimed_phone:
        traces.append(_Trace(ProfileSuggestionReason.CLAIMED_PHONE, phone=profile.claimed_phone))
    if phone := phone_of(profile.channel, profile.handle):
        traces.append(_Trace(ProfileSuggestionReason.HANDLE, phone=phone))
    if profile.channel is Channel.EMAIL:
        traces.append(_Trace(ProfileSuggestionReason.HANDLE, email_key=profile.handle_key))
    return traces


async def _having(
    scope: Scope, traces: Sequence[_Trace]
) -> Mapping[tuple[str | None, str | None], Sequence[Row[Any]]]:
    """Return the customers who have an address or a number; of many who share one, a few."""
    if not traces:
        return {}
    place = func.row_number().over(partition_by=Customer.phone, order_by=Customer.id)
    matching = select(*Customer.__table__.columns, place.label("place")).where(
        visible_to(scope.viewer),
        or_(
            Customer.email_key.in_([each.email_key for each in traces if each.email_key]),
            Customer.phone.in_([each.phone for each in traces if each.phone]),
        ),
    )
    of_phone = matching.subquery()
    rows = await scope.fetch(
        select(of_phone)
        .where(
            or_(
                of_phone.c.place <= SUGGESTED_AT_MOST + 1,
                of_phone.c.email_key.in_([each.email_key for each in traces if each.email_key]),
            )
        )
        .order_by(of_phone.c.id)
    )
    found: dict[tuple[str | None, str | None], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.email_key, None].append(row)
        found[None, row.phone].append(row)
    return found


def _suggestions(
    profile: Row[Any],
    traces: Sequence[_Trace],
    found: Mapping[tuple[str | None, str | None], Sequence[Row[Any]]],
) -> list[Suggestion]:
    """Return each customer once, for the surest reason; not the one whose profile it is."""
    suggested: dict[UUID, Suggestion] = {}
    for trace in traces:
        for customer in found.get((trace.email_key, trace.phone), ()):
            if customer.id != profile.customer_id:
                suggestion = Suggestion(trace.reason, customer.id, customer)
                suggested.setdefault(customer.id, suggestion)
    return list(suggested.values())

"""Whom the desk knows by addresses and numbers, whether they stand in a field or are a handle."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import CompoundSelect, select, union

from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.channels import Channel
from models.customers import Customer
from services.handles import PHONE_CHANNELS


def known_by_contacts(email_keys: Collection[str], phones: Collection[str]) -> CompoundSelect[Any]:
    """Return the `key` of each contact that somebody has, with each `customer_id` who has it.

    Numbers are E.164. A profile that is linked on somebody's word alone makes nobody known.
    """
    sure = ChannelProfile.link_state != ProfileLinkState.CLAIMED
    profiles = select(ChannelProfile.handle_key, ChannelProfile.customer_id).where(sure)
    is_known = Customer.merged_into_id.is_(None)
    return union(
        select(Customer.email_key.label("key"), Customer.id.label("customer_id")).where(
            Customer.email_key.in_(email_keys), is_known
        ),
        select(Customer.phone, Customer.id).where(Customer.phone.in_(phones), is_known),
        profiles.where(
            ChannelProfile.channel == Channel.EMAIL, ChannelProfile.handle_key.in_(email_keys)
        ),
        profiles.where(
            ChannelProfile.channel.in_(PHONE_CHANNELS), ChannelProfile.handle_key.in_(phones)
        ),
    )

"""Handles: which spellings of one are by what a channel knows one and the same person."""

import unicodedata

from sqlalchemy import ColumnElement, and_, case, or_

from core.errors import FieldErrorCode
from core.text import address_key, single_line
from models.channel_profiles import HANDLE_CHARACTERS, ChannelProfile
from models.channels import Channel
from services.validation import InputCheck, e164

# Here the network vouches for the handle, and the handle is a telephone number; some channels
# give other ids as well, in which there are letters.
PHONE_CHANNELS = (Channel.PHONE, Channel.WHATSAPP, Channel.VIBER)
# Here the ids of people are made by the network, and those that differ by case alone are two
# people: Viber's are Base64, and LINE says that its are case-sensitive. Elsewhere ids are numbers,
# or of one case (Slack), and user names are read in either case (Telegram, Instagram, Skype).
_CASE_TELLS_APART = (Channel.VIBER, Channel.LINE)


def phone_of(channel: Channel, handle: str) -> str | None:
    """Return the telephone number that a handle is, as E.164; None where it is none.

    Numbers are read as those in customers' forms; messengers leave out the plus of others, too.
    """
    if channel is Channel.PHONE:
        return e164(handle)
    # Letters would be read as keys of a telephone, and two ids could become one number.
    if channel not in PHONE_CHANNELS or any(character.isalpha() for character in handle):
        return None
    return e164(handle) or e164(f"+{handle}")


def handle_key(channel: Channel, handle: str) -> str:
    """Return the key that is equal for spellings of one handle: it is unique among profiles."""
    phone = phone_of(channel, handle)
    if phone is not None:
        return phone
    if channel in _CASE_TELLS_APART:
        return unicodedata.normalize("NFC", single_line(handle))
    return _folded_key(channel, handle)


def has_handle(channel: Channel, handle: str) -> ColumnElement[bool]:
    """Limit profiles to those of a handle, old ones included; `likeliest_first` sorts them.

    The old ones have the key by which the handle was known before its spellings were told to be
    one, or its case was told to matter; of these only those that are spelled alike are meant.
    """
    key, *before = _possible_keys(channel, handle)
    had_key: ColumnElement[bool] = ChannelProfile.handle_key.in_(before)
    if channel in _CASE_TELLS_APART and phone_of(channel, handle) is None:
        had_key = and_(had_key, ChannelProfile.handle == handle)
    is_handle = or_(ChannelProfile.handle_key == key, had_key)
    return and_(ChannelProfile.channel == channel, is_handle)


def likeliest_first(channel: Channel, handle: str) -> ColumnElement[int]:
    """Return the order in which profiles that may be of a handle are meant."""
    places = {key: place for place, key in enumerate(_possible_keys(channel, handle))}
    return case(places, value=ChannelProfile.handle_key)


def _possible_keys(channel: Channel, handle: str) -> list[str]:
    key, as_typed = handle_key(channel, handle), address_key(handle)
    if key.startswith("+"):
        before = [as_typed, key.removeprefix("+")]
    else:
        folded = _folded_key(channel, handle)
        before = [folded, as_typed, f"@{folded}"]
    return list(dict.fromkeys((key, *before)))


def _folded_key(channel: Channel, handle: str) -> str:
    key = address_key(handle)
    return key if channel is Channel.EMAIL else key.removeprefix("@") or key


def spelled(channel: Channel, handle: str) -> str:
    """Return a handle as it is kept: a number as E.164, and all else as it came."""
    return phone_of(channel, handle) or handle


def clean_handle(check: InputCheck, field: str, channel: Channel, handle: str) -> str:
    """Return a handle that somebody has typed as it is kept."""
    if channel is Channel.EMAIL:
        return check.email(field, handle)
    cleaned = check.line(field, handle, HANDLE_CHARACTERS)
    if cleaned and channel is Channel.PHONE and phone_of(channel, cleaned) is None:
        check.refuse(field, FieldErrorCode.INVALID_PHONE)
    return spelled(channel, cleaned)

"""Handles: which spellings of one are by what a channel knows one and the same person."""

from core.errors import FieldErrorCode
from core.text import address_key
from models.channel_profiles import HANDLE_CHARACTERS
from models.channels import Channel
from services.validation import InputCheck, e164

# Here the network vouches for the handle, and the handle is a telephone number; some channels
# give other ids as well, in which there are letters.
_PHONE_CHANNELS = (Channel.PHONE, Channel.WHATSAPP, Channel.VIBER)


def phone_of(channel: Channel, handle: str) -> str | None:
    """Return the telephone number that a handle is, as E.164; None where it is none.

    Numbers are read as those in customers' forms; messengers leave out the plus of others, too.
    """
    if channel is Channel.PHONE:
        return e164(handle)
    # Letters would be read as keys of a telephone, and two ids could become one number.
    if channel not in _PHONE_CHANNELS or any(character.isalpha() for character in handle):
        return None
    return e164(handle) or e164(f"+{handle}")


def handle_key(channel: Channel, handle: str) -> str:
    """Return the key that is equal for spellings of one handle: it is unique among profiles."""
    phone = phone_of(channel, handle)
    if phone is not None:
        return phone
    key = address_key(handle)
    return key if channel is Channel.EMAIL else key.removeprefix("@") or key


def possible_keys(channel: Channel, handle: str) -> list[str]:
    """Return the keys by which a profile may be found, the likeliest first.

    The others are what a handle was known by before its spellings were told to be one.
    """
    key, as_typed = handle_key(channel, handle), address_key(handle)
    before = (as_typed, key.removeprefix("+")) if key.startswith("+") else (as_typed, f"@{key}")
    return list(dict.fromkeys((key, *before)))


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

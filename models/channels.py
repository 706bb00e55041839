"""The ways by which customers write."""

from enum import StrEnum


class Channel(StrEnum):
    """The way a message or a ticket came in."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    WEB = "WEB"
    INTERNAL = "INTERNAL"
    LIVE_CHAT = "LIVE_CHAT"
    TELEGRAM = "TELEGRAM"
    VIBER = "VIBER"
    SKYPE = "SKYPE"
    SLACK = "SLACK"
    WHATSAPP = "WHATSAPP"
    LINE = "LINE"
    INSTAGRAM = "INSTAGRAM"
    FACEBOOK = "FACEBOOK"


# What is written on them comes in, and goes out, by connectors: programs that know the channel.
CONNECTOR_CHANNELS = (
    Channel.TELEGRAM,
    Channel.VIBER,
    Channel.SKYPE,
    Channel.SLACK,
    Channel.WHATSAPP,
    Channel.LINE,
    Channel.INSTAGRAM,
    Channel.FACEBOOK,
)

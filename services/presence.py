"""What agents, and the customers of chats, may say of what they are doing."""

from enum import StrEnum

from core.errors import NotAllowed
from models.presence import FIELD_CHARACTERS, PresenceState
from models.viewers import Viewer
from services.validation import InputCheck


class ChatState(StrEnum):
    """What the customer of a chat is doing in it.

    It is part of what agents may say, and names no field.
    """

    AWAY = "AWAY"
    VIEWING = "VIEWING"
    TYPING = "TYPING"

    @property
    def presence(self) -> PresenceState:
        """How it shows to agents."""
        return PresenceState(self.value)


_NAMES_A_FIELD = (PresenceState.EDITING, PresenceState.TYPING)


def checked_field(viewer: Viewer, state: PresenceState, field: str | None) -> str | None:
    """Return the name of the field that belongs to the state; None for states without one.

    Raises NotAllowed for whoever is no agent, and ValidationFailed for a name that is too long.
    """
    if not viewer.is_agent:
        raise NotAllowed
    check = InputCheck()
    cleaned = check.optional_line("field", field, FIELD_CHARACTERS)
    check.raise_problems()
    return cleaned if state in _NAMES_A_FIELD else None

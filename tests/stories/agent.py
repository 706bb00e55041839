"""The agents of the office."""

from contextlib import AsyncExitStack
from typing import Self

from tests.stories.admin import Hired
from tests.stories.companies import WithCompanies
from tests.stories.conversations import InConversations
from tests.stories.customers import WithCustomers
from tests.stories.dashboard import WithDashboard
from tests.stories.edits import Editing
from tests.stories.files import WithFiles
from tests.stories.forms import WithForms
from tests.stories.handover import TakingOver
from tests.stories.identity import WithProfiles
from tests.stories.inbox import WithInbox
from tests.stories.interactions import WithInteractions
from tests.stories.mail import WithMail
from tests.stories.notes import WithNotes
from tests.stories.notifications import WithNotifications
from tests.stories.presence import WithPresence


class Agent(
    InConversations,
    TakingOver,
    WithNotes,
    Editing,
    WithCustomers,
    WithCompanies,
    WithInteractions,
    WithNotifications,
    WithInbox,
    WithForms,
    WithFiles,
    WithMail,
    WithProfiles,
    WithDashboard,
    WithPresence,
):
    """An agent of the desk, with all that agents do there."""

    def __init__(self, hired: Hired, server: str, token: str, closing: AsyncExitStack) -> None:
        super().__init__(hired.name, server, token, closing)
        self._hired = hired
        self._session = token
        self.agent_id = hired.agent_id
        self.email = hired.email

    def moves_to(self, server: str) -> Self:
        """Return the same agent in the same session, on a new connection to a server."""
        return type(self)(self._hired, server, self._session, self._closing)

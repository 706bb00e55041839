"""The dashboard on an agent's wall."""

from typing import Any

from tests.stories.person import Person, Screen

DASHBOARD = """
    subscription ($filter: TicketFilter) {
      dashboard(filter: $filter) { byStatus { status count } }
    }
"""


class WithDashboard(Person):
    """An agent who keeps an eye on the whole desk."""

    async def opens_dashboard(self, **only: Any) -> Screen:
        """Look live at how many tickets there are."""
        return await self.opens(DASHBOARD, _in_words, filter=only)


def _in_words(dashboard: dict[str, Any]) -> str:
    counts = dashboard["byStatus"]
    return ", ".join(f"{each['count']} {each['status']}" for each in counts if each["count"])

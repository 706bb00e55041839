"""What agents see of the tickets that come and go."""

from typing import Any

from tests.stories import words
from tests.stories.person import Person, Screen

INBOX_EVENTS = """
    subscription ($filter: TicketFilter) {
      inboxEvents(filter: $filter) {
        __typename
        ... on Event { cursor }
        ... on TicketEntered { ticket { title customer { name } } }
        ... on TicketUpdated { ticket { title } changes { field before after } }
      }
    }
"""


class WithInbox(Person):
    """An agent who waits for tickets."""

    async def opens_inbox(self, **only: Any) -> Screen:
        """Look live at tickets of a kind."""
        screen = await self.opens(INBOX_EVENTS, _in_words, filter=only)
        await screen.shows("ready")
        return screen


def _in_words(event: dict[str, Any]) -> str:
    match event["__typename"]:
        case "StreamReady":
            return "ready"
        case "TicketEntered":
            ticket = event["ticket"]
            return f"enters: {ticket['title']}, of {ticket['customer']['name']}"
        case "TicketUpdated":
            return f"{event['ticket']['title']}: {words.changes(event['changes'])}"
        case _:
            return "leaves"

"""Who is at a ticket, and who types."""

from typing import Any

from tests.stories.person import WHO, Person, Screen

PRESENCE = (
    """
    subscription ($ticket: ID!) {
      presence(resourceId: $ticket) { present { who { ...Who } state } }
    }
    """
    + WHO
)


class WithPresence(Person):
    """An agent who sees, and shows, who is there."""

    async def opens_presence(self, ticket: str) -> Screen:
        """See who is at a ticket, live, and be seen there."""
        return await self.opens(PRESENCE, _in_words, ticket=ticket)

    async def types(self, ticket: str, field: str) -> None:
        """Press keys in a field of a ticket."""
        await self.does("presenceSet", resourceId=ticket, state="TYPING", field=field)


def _in_words(told: dict[str, Any]) -> str:
    return ", ".join(sorted(f"{each['who']['name']} {each['state']}" for each in told["present"]))

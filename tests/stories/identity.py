"""Finding out who writes: the rules that ask, and the profiles of customers."""

from dataclasses import dataclass
from typing import Any

from tests.stories.admin import Admin, Office
from tests.stories.person import Person

WHOLE_HISTORY = """
    query ($customer: ID!) {
      customer(id: $customer) {
        name
        notes(first: 25) { nodes { body } }
        profiles { id channel handle linkState }
        tickets(first: 25) { nodes { channel messages(first: 25) { nodes { body } } } }
      }
    }
"""
STATE = """
    query ($ticket: ID!) { ticket(id: $ticket) { status tags { name } customer { name } } }
"""


@dataclass(frozen=True, slots=True)
class Questions:
    """What the rules say to customers, and the tag of those who were asked."""

    ask: str
    ask_again: str
    thanks: str
    tag: str


async def install_questions(admin: Admin, office: Office, *channels: str) -> Questions:
    """Let rules ask who is writing, in Turkish."""
    installed = await admin.does(
        "identityRulesInstall",
        "rules { identityStep actions { text } } tag { name }",
        brandId=office.brand_id,
        channels=channels,
        language="tr",
    )
    texts = {
        each["identityStep"]: next((act["text"] for act in each["actions"] if act["text"]), "")
        for each in installed["rules"]
    }
    return Questions(texts["ASK"], texts["ASK_AGAIN"], texts["LINK"], installed["tag"]["name"])


class WithProfiles(Person):
    """An agent who finds out who is writing."""

    async def sees_state(self, ticket: str) -> str:
        """Return how a ticket stands, whose it is, and its tags."""
        found = (await self.asks(STATE, ticket=ticket))["ticket"]
        tags = [tag["name"] for tag in found["tags"]]
        return ", ".join([found["status"], f"of {found['customer']['name']}", *tags])

    async def reads_whole_history(self, customer: str) -> list[str]:
        """Return the profiles, notes and tickets of a customer, the newest ticket first."""
        found = await self._history(customer)
        return [
            *(f"{each['channel']}: {each['linkState']}" for each in found["profiles"]),
            *(f"note: {note['body']}" for note in found["notes"]["nodes"]),
            *(
                f"{ticket['channel']}: {ticket['messages']['nodes'][0]['body']}"
                for ticket in found["tickets"]["nodes"]
            ),
        ]

    async def profile_on(self, customer: str, channel: str) -> str:
        """Return the only profile of a customer on a channel."""
        profiles = (await self._history(customer))["profiles"]
        (profile,) = [each["id"] for each in profiles if each["channel"] == channel]
        return str(profile)

    async def unlinks(self, profile: str) -> None:
        """Give a profile back to the customer it came with."""
        await self.does("profileUnlink", profileId=profile)

    async def links(self, profile: str, customer: str) -> None:
        """Say that a profile is a known customer's."""
        await self.does("profileLink", profileId=profile, customerId=customer)

    async def _history(self, customer: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.asks(WHOLE_HISTORY, customer=customer))["customer"]
        return found

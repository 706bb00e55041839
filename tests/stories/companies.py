"""What agents do with companies."""

from typing import Any

from tests.stories.person import WHO, Person, Screen

COMPANY_EVENTS = (
    """
    subscription ($company: ID!) {
      companyEvents(companyId: $company) {
        __typename
        ... on Event { cursor }
        ... on CompanyChanged { actor { ...Who } changes { field after } }
        ... on NoteAdded { note { body author { ...Who } } }
      }
    }
    """
    + WHO
)
PAGE = """
    query ($company: ID!) {
      company(id: $company) {
        name domains
        customers(first: 25) { totalCount nodes { name } }
        tickets(first: 25) { nodes { title customer { name } } }
        notes(first: 25) { nodes { body } }
      }
    }
"""


class WithCompanies(Person):
    """An agent who keeps companies."""

    async def creates_company(self, name: str, *domains: str) -> str:
        """Make a company of these e-mail domains."""
        created = await self.does("companyCreate", "company { id }", name=name, domains=domains)
        company: str = created["company"]["id"]
        return company

    async def opens_company(self, company: str) -> Screen:
        """Look at a company live."""
        screen = await self.opens(COMPANY_EVENTS, _in_words, company=company)
        await screen.shows("ready")
        return screen

    async def reads_company(self, company: str) -> dict[str, Any]:
        """Return what the page of a company shows."""
        found = (await self.asks(PAGE, company=company))["company"]
        return {
            "people": sorted(node["name"] for node in found["customers"]["nodes"]),
            "tickets": sorted(node["customer"]["name"] for node in found["tickets"]["nodes"]),
            "notes": [node["body"] for node in found["notes"]["nodes"]],
        }


def _in_words(event: dict[str, Any]) -> str:
    if event["__typename"] == "StreamReady":
        return "ready"
    if event["__typename"] == "NoteAdded":
        return f"{event['note']['author']['name']} notes: {event['note']['body']}"
    told = ", ".join(f"{each['field']}: {each['after']}" for each in event["changes"])
    return f"{event['actor']['name']} changes {told}"

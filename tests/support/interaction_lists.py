"""What an agent app keeps of the agent's own lists of interactions."""

from typing import Any

from tests.support.desk import Client
from tests.support.replicas import Parts, Replica
from tests.support.selections import parts

_SHOWN = f"{parts('Interaction')} form {{ {parts('CustomerForm')} }}"


class InteractionLists(Replica):
    """The open and the recent list, with what was typed into forms."""

    is_fetched_first = True
    document = f"""
        query {{
          interactionEventCursor
          openInteractions {{ {_SHOWN} }}
          recentInteractions(first: 50) {{ nodes {{ {_SHOWN} }} }}
        }}
    """
    subscription = f"""
        subscription ($after: EventCursor) {{
          interactionEvents(after: $after) {{
            __typename
            ... on Event {{ cursor }}
            ... on InteractionOpened {{ interaction {{ ...Shown }} }}
            ... on InteractionChanged {{ interaction {{ ...Shown }} }}
            ... on InteractionClosed {{ interaction {{ ...Shown }} }}
            ... on InteractionReopened {{ interaction {{ ...Shown }} }}
          }}
        }}
        fragment Shown on Interaction {{ {_SHOWN} }}
    """

    def opening(self) -> Parts:
        """Go on from where the events of the fetched lists stand."""
        return {"after": self.state["eventCursor"]}

    async def fetch(self, client: Client) -> Any:
        """Return both lists."""
        found = await client.ask(self.document)
        return {
            "eventCursor": found["interactionEventCursor"],
            "open": found["openInteractions"],
            "recent": found["recentInteractions"]["nodes"],
        }

    def apply(self, event: Parts) -> None:
        """Move an interaction to the top of a list, or let it change where it stands."""
        self.state["eventCursor"] = event["cursor"]
        interaction = event["interaction"]
        goes_to = {"InteractionChanged": None, "InteractionClosed": "recent"}
        top_of = goes_to.get(event["__typename"], "open")
        for name in ("open", "recent"):
            kept = [
                interaction if each["id"] == interaction["id"] else each
                for each in self.state[name]
                if top_of is None or each["id"] != interaction["id"]
            ]
            self.state[name] = [interaction, *kept] if name == top_of else kept

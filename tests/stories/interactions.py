"""What agents do with those whom they are in touch with: accept, describe, close, reopen."""

from typing import Any

from tests.stories.person import CONFLICT, Person, Screen

INTERACTION_EVENTS = """
    subscription {
      interactionEvents {
        __typename
        ... on Event { cursor }
        ... on InteractionOpened { interaction { ...Contact } }
        ... on InteractionChanged { interaction { ...Contact } }
        ... on InteractionClosed { interaction { ...Contact } }
        ... on InteractionReopened { interaction { ...Contact } }
      }
    }
    fragment Contact on Interaction { channel handle customer { name } }
"""
LISTS = """
    query {
      openInteractions { channel handle customer { name } }
      recentInteractions(first: 25) { nodes { channel handle customer { name } } }
    }
"""
HISTORY = """
    query ($customer: ID!) {
      customer(id: $customer) {
        interactions(first: 25) { nodes { channel agent { name } tags summary closedAt } }
      }
    }
"""
INTERACTION = """
    query ($interaction: ID!) {
      node(id: $interaction) {
        ... on Interaction {
          version tags form { fields expectedVersion name email phone } customer { id }
        }
      }
    }
"""
UNSAVED = "... on UnsavedChanges { unsaved: fields }"  # others have `fields` of another type


class WithInteractions(Person):
    """An agent who is in touch with customers."""

    async def accepts(self, channel: str, **whom: str) -> str:
        """Accept a chat, answer a call or open a mail; return the interaction."""
        opened = await self.does("interactionOpen", "interaction { id }", channel=channel, **whom)
        interaction: str = opened["interaction"]["id"]
        return interaction

    async def opens_lists(self) -> Screen:
        """Look at the open and the recent list live, in one more tab."""
        screen = await self.opens(INTERACTION_EVENTS, _in_words)
        await screen.shows("ready")
        return screen

    async def open_list(self) -> list[str]:
        """Return with whom they are in touch, the last one first."""
        return [_contact(each) for each in (await self.asks(LISTS))["openInteractions"]]

    async def recent_list(self) -> list[str]:
        """Return with whom they were in touch, the one closed last first."""
        nodes = (await self.asks(LISTS))["recentInteractions"]["nodes"]
        return [_contact(each) for each in nodes]

    async def reads_contacts_of(self, customer: str) -> list[str]:
        """Return the whole history of a customer's interactions."""
        found = (await self.asks(HISTORY, customer=customer))["customer"]["interactions"]["nodes"]
        return [
            f"{each['channel']} by {each['agent']['name']}, "
            f"{'closed' if each['closedAt'] else 'open'}: {each['summary'] or '-'}"
            for each in found
        ]

    async def types_into_form(self, interaction: str, version: int | None, **fields: str) -> None:
        """Let the desk keep what was typed into the customer's form and not saved."""
        form = {"expectedVersion": version, **fields}
        await self.does("interactionFormSave", interactionId=interaction, form=form)

    async def reads_form(self, interaction: str) -> dict[str, str] | None:
        """Return what was typed into the customer's form and not saved."""
        form = (await self._interaction(interaction))["form"]
        return form and {field: form[field] for field in form["fields"]}

    async def closes(self, interaction: str, **how: Any) -> None:
        """Take a contact off the open list."""
        await self.does("interactionClose", interactionId=interaction, **how)

    async def tries_to_close(self, interaction: str, **how: Any) -> dict[str, Any]:
        """Take a contact off the open list, and return whatever the answer is."""
        return await self.tries(
            "interactionClose", UNSAVED + CONFLICT, interactionId=interaction, **how
        )

    async def reopens(self, **which: str) -> str:
        """Put a contact on the open list again; return the interaction."""
        opened = await self.does("interactionReopen", "interaction { id }", **which)
        interaction: str = opened["interaction"]["id"]
        return interaction

    async def tags_interaction(self, interaction: str, tag: str) -> list[str]:
        """Label a contact; return its labels."""
        await self.does("interactionTag", interactionId=interaction, tag=tag)
        tags: list[str] = (await self._interaction(interaction))["tags"]
        return tags

    async def tries_to_summarise(self, interaction: str, summary: str) -> str:
        """Say what a contact was about; return the code of the refusal, or that it was accepted."""
        version = (await self._interaction(interaction))["version"]
        result = await self.tries(
            "interactionUpdate",
            interactionId=interaction,
            expectedVersion=version,
            summary=summary,
        )
        code: str = result.get("code", "accepted")
        return code

    async def customer_of(self, interaction: str) -> str | None:
        """Return the customer of a contact, if anybody knows them."""
        customer = (await self._interaction(interaction))["customer"]
        return customer and str(customer["id"])

    async def _interaction(self, interaction: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.asks(INTERACTION, interaction=interaction))["node"]
        return found


def _contact(interaction: dict[str, Any]) -> str:
    customer = interaction["customer"]
    return f"{interaction['channel']} {customer['name'] if customer else interaction['handle']}"


def _in_words(event: dict[str, Any]) -> str:
    if event["__typename"] == "StreamReady":
        return "ready"
    action = event["__typename"].removeprefix("Interaction").lower()
    return f"{action}: {_contact(event['interaction'])}"

"""Taking over a ticket from a colleague."""

from dataclasses import dataclass
from typing import Any

from tests.stories import words
from tests.stories.conversations import done
from tests.stories.person import WHO, Person

HANDOVER = (
    """
    query ($ticket: ID!, $since: EventCursor) {
      handover(ticketId: $ticket, since: $since) {
        cursor messageCount
        favorites {
          nodes { item { ... on Message { id body } ... on Note { id body } } }
        }
        reminders { nodes { body remindWhom { name } } }
        notes { nodes { body } }
        discussion { nodes { body } }
        messages(last: 3) { nodes { body } }
        changes {
          nodes {
            action actor { ...Who } changes { field before after }
            item { ... on Message { body } ... on Note { body } }
          }
        }
      }
    }
    """
    + WHO
)


@dataclass(frozen=True, slots=True)
class Handover:
    """What one query tells who takes a ticket over. `last_messages` are the last three."""

    cursor: str
    favorites: dict[str, str]
    reminders: list[str]
    notes: list[str]
    discussion: list[str]
    changes: list[str]
    message_count: int
    last_messages: list[str]


class TakingOver(Person):
    """An agent whose shift begins."""

    async def takes_over(self, ticket: str, *, since: str | None = None) -> Handover:
        """Ask for what is on a ticket, and for what is new since a place of its events."""
        found = (await self.asks(HANDOVER, ticket=ticket, since=since))["handover"]
        return Handover(
            found["cursor"],
            words.ids_of_starred(found["favorites"]),
            [
                f"{each['remindWhom']['name']}: {each['body']}"
                for each in found["reminders"]["nodes"]
            ],
            _bodies(found["notes"]),
            _bodies(found["discussion"]),
            [done(change) for change in found["changes"]["nodes"]],
            found["messageCount"],
            _bodies(found["messages"]),
        )


def _bodies(connection: dict[str, Any]) -> list[str]:
    return [node["body"] for node in connection["nodes"]]

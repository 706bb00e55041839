"""What an agent is told because it concerns them."""

from typing import Any

from tests.stories.person import WHO, Person, Screen

NOTIFICATION_EVENTS = (
    """
    subscription ($after: EventCursor) {
      notificationEvents(after: $after) {
        __typename
        ... on Event { cursor }
        ... on NotificationAdded {
          unreadCount
          notification { kind actor { ...Who } ticket { title } note { body } rule { name } }
        }
      }
    }
    """
    + WHO
)


class WithNotifications(Person):
    """An agent who is told of things."""

    async def opens_notifications(self) -> Screen:
        """Look at the bell, live."""
        screen = await self.opens(NOTIFICATION_EVENTS, _in_words)
        await screen.shows("ready")
        return screen


def _in_words(event: dict[str, Any]) -> str:
    if event["__typename"] == "StreamReady":
        return "ready"
    told = event["notification"]
    who = told["actor"].get("name", "the desk")
    about = told["note"] or told["rule"] or told["ticket"]
    of = about.get("body") or about.get("name") or about["title"]
    return f"{told['kind']} by {who}: {of} ({event['unreadCount']})"

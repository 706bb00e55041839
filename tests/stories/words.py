"""The news of the desk as sentences, so that a story can say what a screen shows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.stories.person import WHO

Event = dict[str, Any]

TICKET_EVENTS = (
    """
    subscription ($ticket: ID!, $after: EventCursor) {
      ticketEvents(ticketId: $ticket, after: $after) {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on MessageAdded { message { body author { ...Who } } }
        ... on NoteAdded { note { kind body author { ...Who } } }
        ... on NoteChanged { actor { ...Who } changes { field before after } }
        ... on NoteDeleted { actor { ...Who } }
        ... on FavoriteAdded {
          actor { ...Who } favoriteCount
          favorite { item { ... on Message { body } ... on Note { body } } }
        }
        ... on FavoriteRemoved { actor { ...Who } favoriteCount }
        ... on TicketChanged { actor { ...Who } changes { field before after } }
      }
    }
    """
    + WHO
)
FAVORITES = """
    subscription ($ticket: ID!) {
      favorites(ticketId: $ticket) {
        favoriteCount
        favorites(first: 25) { nodes { item { ... on Message { body } ... on Note { body } } } }
      }
    }
"""


def changes(told: Sequence[Mapping[str, Any]]) -> str:
    """Say which fields were changed from what to what."""
    return ", ".join(
        f"{each['field']}: {each['before'] or '-'} → {each['after'] or '-'}" for each in told
    )


def starred(favorites: Mapping[str, Any]) -> list[str]:
    """Return what the entries of a list of favourites say."""
    return [favorite["item"]["body"] for favorite in favorites["nodes"]]


def ids_of_starred(favorites: Mapping[str, Any]) -> dict[str, str]:
    """Return the ids of the entries of a list of favourites by what they say, in their order."""
    return {each["item"]["body"]: each["item"]["id"] for each in favorites["nodes"]}


def ticket_event(event: Event) -> str:
    """Say what happened to a ticket."""
    return _TICKET_EVENTS[event["__typename"]](event)


def favorite_list(state: Event) -> str:
    """Say what the list of favourites holds; without any there is no icon either."""
    entries = starred(state["favorites"])
    assert len(entries) == state["favoriteCount"]
    return "; ".join(entries) if entries else "no icon"


def _message_added(event: Event) -> str:
    message = event["message"]
    return f"{message['author'].get('name', 'the desk')}: {message['body']}"


def _note_added(event: Event) -> str:
    note = event["note"]
    return f"{note['author']['name']} notes ({note['kind'].lower()}): {note['body']}"


def _note_changed(event: Event) -> str:
    return f"{event['actor']['name']} edits a note, {changes(event['changes'])}"


def _favorite_added(event: Event) -> str:
    starred_item = event["favorite"]["item"]["body"]
    return f"{event['actor']['name']} stars: {starred_item} ({event['favoriteCount']})"


def _favorite_removed(event: Event) -> str:
    return f"{event['actor']['name']} takes a star away ({event['favoriteCount']})"


def _ticket_changed(event: Event) -> str:
    return f"{event['actor'].get('name', 'the desk')} changes {changes(event['changes'])}"


_TICKET_EVENTS: dict[str, Callable[[Event], str]] = {
    "StreamReady": lambda _event: "ready",
    "StreamReset": lambda event: f"reset: {event['reason']}",
    "MessageAdded": _message_added,
    "NoteAdded": _note_added,
    "NoteChanged": _note_changed,
    "NoteDeleted": lambda event: f"{event['actor']['name']} deletes a note",
    "FavoriteAdded": _favorite_added,
    "FavoriteRemoved": _favorite_removed,
    "TicketChanged": _ticket_changed,
    "AccessLost": lambda _event: "access lost",
}

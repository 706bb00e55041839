"""What can be done at the desk, and what screens are told of it: a scene or more per mutation."""

from tests.scenes import (
    chats,
    conversations,
    customers,
    directory,
    interactions,
    notes,
    people,
    reminders,
    ticket_tags,
    tickets,
    todos,
)

__all__ = [
    "chats",
    "conversations",
    "customers",
    "directory",
    "interactions",
    "notes",
    "people",
    "reminders",
    "ticket_tags",
    "tickets",
    "todos",
]

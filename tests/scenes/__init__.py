"""What can be done at the desk, and what screens are told of it: a scene or more per mutation."""

from tests.scenes import conversations, customers, directory, people, tickets

__all__ = ["conversations", "customers", "directory", "people", "tickets"]

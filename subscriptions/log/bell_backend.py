"""What the bell asks of a backend of broadcaster, beyond broadcaster's own interface."""

import asyncio

from broadcaster import BroadcastBackend, Event

GAP = ""
"""The message that stands for whatever was missed: look into the log."""

INBOX_MESSAGES = 1_000  # a process that is this far behind catches up faster from the log


class BellBackend(BroadcastBackend):
    """A backend whose listener is never failed, and is told when it may have missed something.

    Each beginning of a subscription, also after a lost connection, is a GAP, and so is an
    overflow: what waits for the listener is bounded.
    """

    connected: bool = False

    def __init__(self) -> None:
        self._inbox: asyncio.Queue[Event] = asyncio.Queue(INBOX_MESSAGES)

    async def connect(self) -> None:
        """Do nothing: a subscription connects by itself, now or when it can."""

    async def next_published(self) -> Event:
        """Return the next message that arrived. Never raises."""
        return await self._inbox.get()

    def receive(self, channel: str, message: str) -> None:
        """Take in a message; where there is no room, GAP replaces it and all that wait."""
        if self._inbox.full():
            while not self._inbox.empty():
                self._inbox.get_nowait()
            message = GAP
        self._inbox.put_nowait(Event(channel, message))

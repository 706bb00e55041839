"""Turns of chats: one thing after the other in a chat, and no chat waits for another."""

import asyncio
from weakref import WeakValueDictionary


class Turns:
    """Whoever asks first has the first turn of a chat."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, chat: str) -> asyncio.Lock:
        """Return what is held during a turn; it is forgotten when nobody wants one."""
        return self._locks.setdefault(chat, asyncio.Lock())

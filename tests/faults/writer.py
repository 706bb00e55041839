"""An agent who writes notes over HTTP, at whichever web process answers."""

import asyncio
import random
from collections.abc import Sequence
from itertools import cycle

import httpx2

NOTE = """
    mutation ($ticket: ID!, $body: String!) {
      noteAdd(input: {kind: INLINE, ticketId: $ticket, body: $body}) {
        ... on NoteAddSuccess { note { id } }
      }
    }
"""
ANSWER_SECONDS = 3  # an act that takes longer is given up, and its outcome unknown


class Writer:
    """Writes to any of `tickets`, at one of `urls` as long as it answers.

    `acknowledged` are the notes that the desk said it has. Of other acts some may have happened.
    """

    def __init__(
        self, urls: Sequence[str], token: str, tickets: Sequence[str], *, pause_seconds: float
    ) -> None:
        self.acknowledged: set[str] = set()
        self._urls = urls
        self._headers = {"authorization": f"Bearer {token}"}
        self._tickets = tickets
        self._pause_seconds = pause_seconds

    async def write_until(self, stopping: asyncio.Event) -> None:
        """Write one note after the other; the one in hand when `stopping` is set is finished."""
        async with httpx2.AsyncClient(timeout=ANSWER_SECONDS, headers=self._headers) as http:
            for url in cycle(self._urls):
                while not stopping.is_set() and await self._write(http, url):
                    await asyncio.sleep(self._pause_seconds * random.uniform(0.5, 1.5))
                if stopping.is_set():
                    return
                await asyncio.sleep(self._pause_seconds)

    async def _write(self, http: httpx2.AsyncClient, url: str) -> bool:
        """Tell whether the desk has acknowledged a note."""
        variables = {"ticket": random.choice(self._tickets), "body": "Between us"}
        try:
            response = await http.post(
                f"{url}/graphql", json={"query": NOTE, "variables": variables}
            )
        except httpx2.HTTPError:
            return False
        match response.json():
            case {"data": {"noteAdd": {"note": {"id": str(note)}}}}:
                self.acknowledged.add(note)
                return True
        return False

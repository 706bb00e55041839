"""Joins a Telegram bot to Starling: what customers write goes in, what agents answer goes out.

It needs nothing but the two public APIs and one small file, and may be killed at any moment:

- What a customer wrote is taken off Telegram's queue only once the desk has it. Handed to the desk
  twice it is one message, since it has the same `externalId` both times.
- `deliveryRequests` tells what agents write, and `pendingDeliveries` what of it was missed.
- Telegram cannot be told to send something once. So what is about to be sent is written into the
  file first. Where nobody knows afterwards whether Telegram took it, the agent is told just that,
  and decides: it is neither sent twice nor lost without a word. Of a message in several parts those
  that have arrived stand in the file, too, and another attempt sends the others.

README.md beside this file says how to run it.
"""

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import httpx2
from incoming import Incoming
from outgoing import Outgoing
from starling_desk import Desk, WrongSettingsError
from state import State
from telegram_bot import Bot

ANSWER_SECONDS = 60  # longer than Telegram holds an answer back


@dataclass(frozen=True)
class Settings:
    """Where both sides are, and what opens them."""

    starling_url: str
    starling_token: str
    telegram_token: str
    telegram_url: str = "https://api.telegram.org"
    state_file: Path = Path("telegram.json")


async def main(settings: Settings) -> None:
    """Run until somebody stops it. Raises WrongSettingsError, also in a group."""
    timeout = httpx2.Timeout(ANSWER_SECONDS, pool=None)
    async with httpx2.AsyncClient(timeout=timeout) as http:
        desk = Desk(settings.starling_url, settings.starling_token, http)
        bot = Bot(settings.telegram_url, settings.telegram_token, http)
        brands = await desk.ask("{ brands { id } }")
        if len(brands) != 1:
            raise WrongSettingsError("A bot speaks for one brand: make a token for that one alone.")
        state = State(settings.state_file)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Incoming(desk, bot, state, brands[0]["id"]).carry(tasks))
            tasks.create_task(Outgoing(desk, bot, state).carry(tasks))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it writes addresses, and so the token
    logging.getLogger("gql").setLevel(logging.WARNING)
    given = {
        name: os.environ[name.upper()]
        for name in ("starling_url", "starling_token", "telegram_token", "telegram_url")
        if name.upper() in os.environ
    }
    try:
        asyncio.run(
            main(Settings(**given, state_file=Path(os.environ.get("STATE_FILE", "telegram.json"))))
        )
    except* WrongSettingsError as group:
        raise SystemExit(str(group.exceptions[0])) from None

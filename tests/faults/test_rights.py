"""Who loses access hears nothing more within five seconds, on every process."""

import asyncio

from tests.faults.listener import Listener
from tests.faults.rush import rush_hour
from tests.faults.sizes import Size
from tests.faults.stage import Stage
from tests.support.acts import NOTE, TRANSFER
from tests.support.live import TICKET_EVENTS

STATED_SECONDS = 5
FORBIDDEN = 4403
SIGN_OUT = "mutation { signOut { __typename } }"


async def test_who_signs_out_at_another_process_is_closed_and_hears_nothing_more(
    stage: Stage, size: Size
) -> None:
    token = stage.cast.spare_tokens.pop()
    leaving = Listener(stage.urls, token, stage.cast.tickets, epoch=stage.cast.epoch)
    async with (
        rush_hour(stage, size),
        asyncio.TaskGroup() as tasks,
        stage.agent(token, web=1) as agent,
    ):
        listening = tasks.create_task(leaving.listen_for_ever())
        await leaving.began.wait()

        assert await agent.act(SIGN_OUT) == {"__typename": "SignOutSuccess"}

        async with asyncio.timeout(STATED_SECONDS):
            while not leaving.closes[FORBIDDEN]:
                await asyncio.sleep(0.01)
        heard = leaving.heard
        await asyncio.sleep(2)
        assert (leaving.heard, leaving.connections) == (heard, 1)
        listening.cancel()


async def test_who_loses_a_ticket_by_transfer_is_told_and_the_stream_ends(stage: Stage) -> None:
    ticket = stage.cast.spare_tickets.pop()
    giving, losing = stage.cast.tokens[:2]
    async with (
        stage.agent(giving) as agent,
        stage.watch(losing, TICKET_EVENTS, web=1, ticket=ticket) as watcher,
    ):
        await watcher.next()
        await agent.act(NOTE, ticket=ticket)
        assert (await watcher.next())["__typename"] == "NoteAdded"

        await agent.act(TRANSFER, ticket=ticket, team=stage.cast.team)

        async with asyncio.timeout(STATED_SECONDS):
            assert await watcher.next() == {"__typename": "AccessLost"}
            await watcher.ended()

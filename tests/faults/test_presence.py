"""Whoever's process is killed is not shown as present for long."""

import asyncio
import json
from typing import Any

from tests.faults.sizes import takes_long
from tests.faults.stage import Stage
from tests.support.live import Watcher

GONE_SECONDS = 35
ARRIVAL_SECONDS = 5

PRESENCE = """
    subscription ($resource: ID!) {
      presence(resourceId: $resource) {
        present { who { ... on Agent { name } } state field }
        changes { kind who { ... on Agent { name } } }
      }
    }
"""
EDIT = """
    mutation ($resource: ID!) {
      presenceSet(input: {resourceId: $resource, state: EDITING, field: "title"}) { __typename }
    }
"""
WHO = "query { me { ... on Agent { name } } }"


async def next_list(watcher: Watcher) -> dict[str, Any]:
    """Return the next list of who is here, however long it takes."""
    message = json.loads(await watcher.socket.connection.recv())
    presence: dict[str, Any] = message["payload"]["data"]["presence"]
    return presence


@takes_long
async def test_an_editor_whose_process_is_killed_is_gone_after_35_seconds(stage: Stage) -> None:
    ticket = stage.cast.spare_tickets.pop()
    editing, watching = stage.cast.tokens[:2]
    _kept, killed = stage.webs
    async with stage.agent(editing) as agent:
        editor = (await agent.ask(WHO))["me"]
    async with stage.watch(watching, PRESENCE, web=0, resource=ticket) as colleague:
        async with stage.watch(editing, PRESENCE, web=1, resource=ticket) as screen:
            await screen.next()
            await screen.socket.subscribe("edit", EDIT, variables={"resource": ticket})
            is_editing = {"who": editor, "state": "EDITING", "field": "title"}
            async with asyncio.timeout(ARRIVAL_SECONDS):
                while is_editing not in (await next_list(colleague))["present"]:
                    pass
            killed.kill()

        here: dict[str, Any] = {"present": [], "changes": []}
        async with asyncio.timeout(GONE_SECONDS):
            while "LEFT" not in [change["kind"] for change in here["changes"]]:
                here = await next_list(colleague)
        assert here["changes"] == [{"kind": "LEFT", "who": editor}]
        assert editor not in [one["who"] for one in here["present"]]

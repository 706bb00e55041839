"""Who was asked who they are, and is found out by other means, is handed to agents at once."""

from typing import Any

from services.profile_verifications import code_of
from tests.support.desk import World
from tests.support.live import INBOX_EVENTS, served
from tests.support.profiles import (
    LINK,
    SEND,
    UNLINK,
    VERIFY,
    add_customer,
    claim,
    newest_verification,
    profile_of,
)
from tests.support.rules import install, run_rules, writes

WAITING = {"statuses": ["NEW", "OPEN"]}
STATE = """
    query ($id: ID!) {
      ticket(id: $id) {
        status tags { name } messages { totalCount }
        ruleRuns(last: 9) { nodes { rule { identityStep } } }
        changes(last: 9) { nodes { changes { field before after } } }
      }
    }
"""
CLOSE = "mutation ($id: ID!) { ticketClose(input: {ticketId: $id}) { __typename } }"
PAUSED = "{ rules { pausedAt } }"


async def state(world: World, ticket: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await world.nikos.ask(STATE, id=ticket))["ticket"]
    return shown


async def steps(world: World, ticket: str) -> list[str]:
    """Return the steps that ran on a ticket, the newest first."""
    runs = (await state(world, ticket))["ruleRuns"]["nodes"]
    return [run["rule"]["identityStep"] for run in runs]


async def put_aside(world: World, handle: str) -> tuple[str, str]:
    """Let somebody be asked who they are; return their ticket and their profile."""
    ticket = await writes(world, "Merhaba", handle=handle)
    asked = await state(world, ticket)
    assert (asked["status"], len(asked["tags"])) == ("PENDING", 1)
    return ticket, await profile_of(world, ticket)


async def verify(world: World, profile: str) -> None:
    """Let an agent type in the code that a customer was mailed."""
    await world.ayse.act(SEND, profile=profile)
    code = code_of(world.desk.resources.secrets, await newest_verification(world))
    verified = await world.ayse.act(VERIFY, profile=profile, code=code)
    assert verified["__typename"] == "ProfileVerifySuccess"


async def test_whom_an_agent_links_and_who_proves_it_enter_the_inbox(world: World) -> None:
    await install(world)
    known = await add_customer(world, "Elif Demir", email="elif@example.com")
    linked, of_linked = await put_aside(world, "@elif")
    proven, of_proven = await put_aside(world, "@kaya")
    assert await claim(world, proven, "kaya@example.com")  # whom nobody knows
    async with served(world) as live, live.watch("nikos", INBOX_EVENTS, filter=WAITING) as inbox:
        assert (await inbox.next())["__typename"] == "StreamReady"

        await world.ayse.act(LINK, profile=of_linked, customer=known)
        await run_rules(world)
        entered = [await inbox.next()]
        assert (await state(world, proven))["status"] == "PENDING"
        await verify(world, of_proven)
        await run_rules(world)
        entered.append(await inbox.next())

    assert [each["ticket"]["id"] for each in entered] == [linked, proven]
    for ticket, before, after in ((linked, "OWN", "CLAIMED"), (proven, "OWN", "VERIFIED")):
        shown = await state(world, ticket)
        assert (shown["status"], shown["tags"]) == ("OPEN", [])
        assert shown["messages"] == {"totalCount": 2}  # the customer is told nothing of it
        assert await steps(world, ticket) == ["FOUND_OUT", "ASK"]
        changes = [each for one in shown["changes"]["nodes"] for each in one["changes"]]
        assert {"field": "profile", "before": before, "after": after} in changes


async def test_the_rule_runs_once_and_leaves_alone_what_nobody_waits_for(world: World) -> None:
    await install(world)
    known = await add_customer(world, "Elif Demir", email="elif@example.com")
    ticket, profile = await put_aside(world, "@elif")
    closed, of_closed = await put_aside(world, "@kaya")
    await world.ayse.act(CLOSE, id=closed)
    await run_rules(world)
    left = await state(world, closed)

    await world.ayse.act(LINK, profile=of_closed, customer=known)
    for _ in range(4):
        await world.ayse.act(LINK, profile=profile, customer=known)
        await run_rules(world)
        await world.ayse.act(UNLINK, profile=profile)
        await run_rules(world)

    assert await steps(world, ticket) == ["FOUND_OUT", "ASK"]
    assert await steps(world, closed) == ["ASK"]
    assert ((await state(world, closed))["tags"], left["status"]) == (left["tags"], "CLOSED")
    rules = (await world.admin.ask(PAUSED))["rules"]
    assert {rule["pausedAt"] for rule in rules} == {None}

"""Who types in a chat, and who looks at it: what each side is told of the other."""

from typing import Any

from models.viewers import ApiScope
from tests.support.chats import CHAT_EVENTS, CHAT_STATE_SET, CHAT_TYPING, start_chat
from tests.support.desk import World
from tests.support.live import Watcher, served, watching

PRESENCE = """
    subscription ($resource: ID!) {
      presence(resourceId: $resource) {
        present { who { ... on Agent { name } ... on Customer { name } } state field }
      }
    }
"""
SET = """
    mutation ($resource: ID!, $state: PresenceState!, $field: String) {
      presenceSet(input: {resourceId: $resource, state: $state, field: $field}) { __typename }
    }
"""
SEEN = """
    query ($id: ID!) { ticket(id: $id) { viewers { state } chat { customerIsHere } } }
"""


async def seen_by(watcher: Watcher) -> list[tuple[str, str, str | None]]:
    told = await watcher.next()
    return [(one["who"]["name"], one["state"], one["field"]) for one in told["present"]]


async def test_agents_see_that_the_customer_looks_and_types(world: World) -> None:
    chat = await start_chat(world)
    integration = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    before = await world.counts()

    async def say(state: str) -> dict[str, Any]:
        return await chat.customer.act(CHAT_STATE_SET, state=state)

    async def is_here() -> bool:
        ticket = (await world.ayse.ask(SEEN, id=chat.ticket))["ticket"]
        assert ticket["viewers"] == []
        return bool(ticket["chat"]["customerIsHere"])

    async with (
        served(world) as live,
        watching(live.port, integration.token, PRESENCE, resource=chat.ticket) as machine,
    ):
        assert await seen_by(machine) == []
        async with watching(live.port, chat.token, CHAT_EVENTS) as customer:
            assert await customer.next() == {"__typename": "StreamReady"}
            assert await seen_by(machine) == [("Elif", "VIEWING", None)]
            assert await is_here()
            assert await say("TYPING") == {"__typename": "ChatStateSetSuccess", "state": "TYPING"}
            assert await seen_by(machine) == [("Elif", "TYPING", None)]
            await say("AWAY")
            assert await seen_by(machine) == [("Elif", "AWAY", None)]
            assert not await is_here()
            await customer.hears_nothing()
        assert await seen_by(machine) == []
    assert await world.counts() == before


async def test_the_customer_is_told_of_replies_that_are_typed_and_of_nothing_else(
    world: World,
) -> None:
    chat, other = await start_chat(world), await start_chat(world)

    async def say(who: str, state: str, field: str | None = None) -> None:
        result = await getattr(world, who).act(SET, resource=chat.ticket, state=state, field=field)
        assert result["__typename"] == "PresenceSetSuccess"

    async with (
        served(world) as live,
        watching(live.port, chat.token, CHAT_TYPING) as customer,
        watching(live.port, other.token, CHAT_TYPING) as stranger,
    ):
        for watcher in (customer, stranger):
            assert await watcher.next() == {"isTyping": False, "agent": None}
        for field in ("note", "Reply", "replying", None):
            await say("ayse", "TYPING", field)
        await say("ayse", "EDITING", "reply")
        await say("nikos", "VIEWING")
        await customer.hears_nothing()

        await say("ayse", "TYPING", "reply")
        assert await customer.next() == {"isTyping": True, "agent": {"name": "Ayse"}}
        await say("nikos", "TYPING", "note")
        await say("ayse", "TYPING", "reply")
        await customer.hears_nothing()
        await say("ayse", "TYPING", "note")
        assert await customer.next() == {"isTyping": False, "agent": None}
        await stranger.hears_nothing()


async def test_only_the_customer_of_a_chat_has_its_states(world: World) -> None:
    chat = await start_chat(world)
    refused = await world.ayse.act(CHAT_STATE_SET, state="TYPING")
    assert refused == {"__typename": "NotAllowed", "code": "NOT_ALLOWED"}
    answer = await chat.customer.send(SET, resource=chat.ticket, state="TYPING")
    assert answer.error["extensions"]["code"] == "NOT_ALLOWED"
    async with served(world) as live:
        async with watching(live.port, world.ayse.token, CHAT_TYPING) as agent:
            assert (await agent.refusal())["extensions"]["code"] == "NOT_ALLOWED"
        async with watching(live.port, chat.token, PRESENCE, resource=chat.ticket) as customer:
            assert (await customer.refusal())["extensions"]["code"] == "NOT_ALLOWED"

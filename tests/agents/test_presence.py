"""Who is at a ticket or another resource, over HTTP and live."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.ids import NodeKind, encode_global_id, new_id
from models.viewers import ApiScope
from tests.support.acts import TRANSFER
from tests.support.customers import add_company, customer_of
from tests.support.desk import Client, World
from tests.support.live import LiveWorld, Watcher, served, watching
from tests.support.notes import add as add_note

SET = """
    mutation ($resource: ID!, $state: PresenceState!, $field: String) {
      presenceSet(input: {resourceId: $resource, state: $state, field: $field}) {
        __typename
        ... on PresenceSetSuccess {
          presence {
            resourceId present { who { ... on Agent { name } } state field } changes { kind }
          }
        }
        ... on ValidationFailed { fields { path code limit } }
        ... on UserError { code }
      }
    }
"""
VIEWERS = """
    query ($ticket: ID!) {
      ticket(id: $ticket) { viewers { who { ... on Agent { name } } state field since } }
    }
"""
PRESENCE = """
    subscription ($resource: ID!) {
      presence(resourceId: $resource) {
        resourceId
        present { who { ... on Agent { name } } state field }
        changes { kind who { ... on Agent { name } } }
      }
    }
"""


async def say(client: Client, resource: str, state: str, field: str | None = None) -> Any:
    return await client.act(SET, resource=resource, state=state, field=field)


def shown(presence: dict[str, Any]) -> list[str]:
    """Return who does what, in words."""
    return [
        " ".join(filter(None, (one["who"]["name"], one["state"], one["field"])))
        for one in presence["present"]
    ]


def changes(presence: dict[str, Any]) -> list[str]:
    return [f"{one['who']['name']} {one['kind']}" for one in presence["changes"]]


# ── Saying it, and asking ──────────────────────────────────────────────────────────────────────


async def test_what_an_agent_says_is_answered_and_seen_by_colleagues(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await say(world.ayse, ticket, "EDITING", " phone \n")

    assert result == {
        "__typename": "PresenceSetSuccess",
        "presence": {
            "resourceId": ticket,
            "present": [{"who": {"name": "Ayse"}, "state": "EDITING", "field": "phone"}],
            "changes": [],
        },
    }
    (viewer,) = (await world.nikos.ask(VIEWERS, ticket=ticket))["ticket"]["viewers"]
    since = viewer.pop("since")
    assert since.endswith(("Z", "+00:00"))
    assert viewer == {"who": {"name": "Ayse"}, "state": "EDITING", "field": "phone"}
    assert await world.counts() == before


async def test_viewing_has_no_field(world: World) -> None:
    _message, ticket = await world.receive()
    result = await say(world.ayse, ticket, "VIEWING", "phone")
    assert shown(result["presence"]) == ["Ayse VIEWING"]


async def test_who_is_away_is_no_viewer(world: World) -> None:
    _message, ticket = await world.receive()
    result = await say(world.ayse, ticket, "AWAY")
    assert shown(result["presence"]) == ["Ayse AWAY"]
    assert await world.nikos.ask(VIEWERS, ticket=ticket) == {"ticket": {"viewers": []}}


async def test_everything_that_agents_work_on_has_presence(world: World) -> None:
    _message, ticket = await world.receive()
    note = (await add_note(world.ayse, ticketId=ticket, body="Between us"))["note"]["id"]
    for resource in (await customer_of(world, ticket), await add_company(world, "Tekstil"), note):
        result = await say(world.ayse, resource, "VIEWING")
        assert shown(result["presence"]) == ["Ayse VIEWING"]


async def test_a_hidden_ticket_answers_like_an_absent_one_and_nobody_shows(world: World) -> None:
    _message, ticket = await world.receive()
    absent = encode_global_id(NodeKind.TICKET, new_id())

    hidden = await say(world.stranger, ticket, "VIEWING")

    assert hidden == {"__typename": "NotFound", "code": "NOT_FOUND"}
    assert await say(world.stranger, absent, "VIEWING") == hidden
    assert await world.nikos.ask(VIEWERS, ticket=ticket) == {"ticket": {"viewers": []}}


async def test_where_nobody_can_be_present_is_refused_by_name(world: World) -> None:
    message, _ticket = await world.receive()
    for resource in (message, world.id_of("nikos"), "x"):
        result = await say(world.ayse, resource, "VIEWING")
        assert result["fields"] == [
            {"path": ["input", "resourceId"], "code": "INVALID_ID", "limit": None}
        ]


async def test_a_long_name_of_a_field_is_refused_with_its_limit(world: World) -> None:
    _message, ticket = await world.receive()
    accepted = await say(world.ayse, ticket, "EDITING", "x" * 50)
    refused = await say(world.ayse, ticket, "EDITING", "x" * 51)
    assert accepted["__typename"] == "PresenceSetSuccess"
    assert refused["fields"] == [{"path": ["input", "field"], "code": "TOO_LONG", "limit": 50}]


async def test_only_agents_can_be_present(world: World) -> None:
    _message, ticket = await world.receive()
    integration = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    assert (await say(integration, ticket, "VIEWING"))["__typename"] == "NotAllowed"
    stranger = await world.nobody.send(SET, resource=ticket, state="VIEWING")
    assert stranger.error["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("scopes", "seen"),
    [
        ([ApiScope.TICKETS_READ], [("VIEWING", None)]),
        ([ApiScope.TICKETS_READ, ApiScope.NOTES_READ], [("TYPING", "note")]),
    ],
)
async def test_composing_a_note_shows_only_to_who_may_read_notes(
    world: World, scopes: list[ApiScope], seen: list[tuple[str, str | None]]
) -> None:
    _message, ticket = await world.receive()
    await say(world.ayse, ticket, "TYPING", "note")
    integration = await world.integration(*scopes, brands=[world.acme])
    found = (await integration.ask(VIEWERS, ticket=ticket))["ticket"]["viewers"]
    assert [(one["state"], one["field"]) for one in found] == seen


async def test_viewers_of_a_page_of_tickets_cost_no_statement_each(world: World) -> None:
    document = "{ tickets { nodes { id viewers { who { ... on Agent { name } } } } } }"
    counts = []
    for number in range(3):
        _message, ticket = await world.receive(handle=f"{number}@example.com")
        await say(world.ayse, ticket, "VIEWING")
        async with world.counted_statements() as statements:
            found = (await world.nikos.ask(document))["tickets"]["nodes"]
        assert [one["viewers"] for one in found] == [[{"who": {"name": "Ayse"}}]] * (number + 1)
        counts.append(len(statements))
    assert len(set(counts)) == 1


# ── Live ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened:
        yield opened


async def until_shown(watcher: Watcher, *wanted: str) -> list[str]:
    """Read on until these people are shown; return all changes on the way."""
    told: list[str] = []
    while True:
        presence = await watcher.next()
        told += changes(presence)
        if sorted(shown(presence)) == sorted(wanted):
            return told


async def test_who_subscribes_is_here_until_they_leave(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    async with live.watch("nikos", PRESENCE, resource=ticket) as watcher:
        await until_shown(watcher, "Nikos VIEWING")
        async with live.watch("ayse", PRESENCE, resource=ticket) as other:
            assert await until_shown(watcher, "Nikos VIEWING", "Ayse VIEWING") == ["Ayse ARRIVED"]
            await until_shown(other, "Nikos VIEWING", "Ayse VIEWING")

            await say(live.world.ayse, ticket, "EDITING", "title")
            told = await until_shown(watcher, "Nikos VIEWING", "Ayse EDITING title")
            assert told == ["Ayse CHANGED"]
        assert await until_shown(watcher, "Nikos VIEWING") == ["Ayse LEFT"]


async def test_a_subscription_that_is_completed_leaves_at_once(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    async with (
        live.watch("nikos", PRESENCE, resource=ticket) as watcher,
        live.watch("ayse", PRESENCE, resource=ticket) as other,
    ):
        await until_shown(watcher, "Nikos VIEWING", "Ayse VIEWING")
        await other.socket.send(type="complete", id="1")
        assert await until_shown(watcher, "Nikos VIEWING") == ["Ayse LEFT"]


async def test_two_tabs_are_one_agent_and_what_tells_most_counts(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    async with live.watch("nikos", PRESENCE, resource=ticket) as watcher:
        async with live.watch("ayse", PRESENCE, resource=ticket) as one:
            async with live.watch("ayse", PRESENCE, resource=ticket) as other:
                for tab, state in ((one, "AWAY"), (other, "TYPING"), (one, "VIEWING")):
                    variables = {"resource": ticket, "state": state, "field": "reply"}
                    await tab.socket.subscribe("2", SET, variables=variables)
                    while (await tab.socket.receive())["type"] != "complete":
                        pass
                told = await until_shown(watcher, "Nikos VIEWING", "Ayse TYPING reply")
                assert "Ayse LEFT" not in told
            assert await until_shown(watcher, "Nikos VIEWING", "Ayse VIEWING") == ["Ayse CHANGED"]
        assert await until_shown(watcher, "Nikos VIEWING") == ["Ayse LEFT"]


async def test_an_integration_watches_unseen_and_hears_nothing_of_notes(live: LiveWorld) -> None:
    world = live.world
    _message, ticket = await world.receive()
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    async with watching(live.port, reader.token, PRESENCE, resource=ticket) as watcher:
        assert await watcher.next() == {"resourceId": ticket, "present": [], "changes": []}
        await say(world.ayse, ticket, "VIEWING")
        await say(world.ayse, ticket, "TYPING", "note")
        await say(world.nikos, ticket, "TYPING", "reply")
        assert changes(first := await watcher.next()) == ["Ayse ARRIVED"]
        assert shown(first) == ["Ayse VIEWING"]
        assert changes(second := await watcher.next()) == ["Nikos ARRIVED"]
        assert sorted(shown(second)) == ["Ayse VIEWING", "Nikos VIEWING"]


async def test_who_loses_a_quiet_ticket_is_gone_within_five_seconds(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    support = encode_global_id(NodeKind.TEAM, live.world.support.id)
    async with (
        live.watch("ayse", PRESENCE, resource=ticket) as watcher,
        live.watch("nikos", PRESENCE, resource=ticket) as loser,
    ):
        await until_shown(watcher, "Ayse VIEWING", "Nikos VIEWING")
        await until_shown(loser, "Ayse VIEWING", "Nikos VIEWING")
        await live.world.admin.act(TRANSFER, ticket=ticket, team=support)
        await loser.ended()
        await until_shown(watcher, "Ayse VIEWING")


async def test_who_loses_the_ticket_hears_no_more_and_is_gone(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    support = encode_global_id(NodeKind.TEAM, live.world.support.id)
    async with (
        live.watch("ayse", PRESENCE, resource=ticket) as watcher,
        live.watch("nikos", PRESENCE, resource=ticket) as loser,
    ):
        await until_shown(watcher, "Ayse VIEWING", "Nikos VIEWING")
        await until_shown(loser, "Ayse VIEWING", "Nikos VIEWING")
        await live.world.admin.act(TRANSFER, ticket=ticket, team=support)
        await say(live.world.ayse, ticket, "TYPING", "note")
        await loser.ended()
        await until_shown(watcher, "Ayse TYPING note")


async def test_who_does_not_see_the_ticket_cannot_watch(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    for resource, code in ((ticket, "NOT_FOUND"), (message, "VALIDATION_FAILED")):
        async with live.watch("stranger", PRESENCE, resource=resource) as watcher:
            assert (await watcher.refusal())["extensions"]["code"] == code

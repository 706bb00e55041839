"""Who is where: one process and many, by the memory of a process and by Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing
from uuid import UUID

import pytest

from core.errors import NotAllowed
from core.ids import new_id
from models.actors import Actor, ActorKind
from models.presence import PresenceState
from models.viewers import Viewer
from subscriptions.presence import memory_store
from subscriptions.presence.memory_store import MemoryPresence
from subscriptions.presence.presence import PresenceTimes
from subscriptions.presence.redis_store import RedisPresence
from subscriptions.presence.steady_store import SteadyPresence
from subscriptions.presence.store import PresenceStore
from subscriptions.stopping import stop
from tests.subscriptions.bells import until
from tests.subscriptions.presences import (
    TICKET,
    TIMES,
    Installation,
    Person,
    kill,
    looking_on,
    say,
)

VIEWING, EDITING = PresenceState.VIEWING, PresenceState.EDITING
TYPING, AWAY = PresenceState.TYPING, PresenceState.AWAY


@pytest.fixture(params=["memory", "redis"])
def make_store(request: pytest.FixtureRequest) -> Callable[[], PresenceStore]:
    """What makes the store of each process."""
    if request.param == "memory":
        shared = MemoryPresence()
        return lambda: shared
    url = request.getfixturevalue("redis_server").url
    namespace = new_id().hex
    return lambda: SteadyPresence(RedisPresence(url, namespace))


@pytest.fixture
async def installation(make_store: Callable[[], PresenceStore]) -> AsyncIterator[Installation]:
    async with AsyncExitStack() as stack:
        yield Installation(make_store, stack)


async def test_that_a_reply_is_typed_is_told_by_every_process_and_nothing_of_notes(
    installation: Installation,
) -> None:
    here, there = await installation.processes(2)
    person = Person("ayse")
    told: list[tuple[UUID, ...]] = []

    async def look() -> None:
        async with aclosing(there.watch_replies(TICKET)) as states:
            async for agent_ids in states:
                told.append(agent_ids)  # noqa: PERF401  # while it goes on

    looking = asyncio.create_task(look())
    try:
        await until(lambda: told == [()])
        screen, other = [await installation.opened(person, here) for _ in range(2)]
        await other.say(TYPING, "note")
        await screen.say(EDITING, "reply")
        await screen.say(TYPING, "reply")
        await until(lambda: len(told) == 2)
        await other.say(TYPING, "note")
        await until(lambda: len(told) == 3)
    finally:
        await stop(looking)
    assert told == [(), (person.viewer.agent_id,), ()]


async def test_who_attends_is_seen_viewing_by_every_process_and_leaves_at_once(
    installation: Installation,
) -> None:
    here, there = await installation.processes(2)
    async with looking_on(here) as near, looking_on(there) as far:
        screen = await installation.opened(Person("ayse"), here)
        await near.until_sees({"ayse": "VIEWING"})
        await far.until_sees({"ayse": "VIEWING"})

        await screen.close()
        await near.until_sees({})
        await far.until_sees({})

    assert near.changes == far.changes == ["ayse ARRIVED", "ayse LEFT"]


async def test_the_first_list_tells_who_is_here_and_of_no_change(
    installation: Installation,
) -> None:
    here, there = await installation.processes(2)
    await say(here, Person("ayse"), VIEWING)
    async with looking_on(there) as onlooker:
        assert onlooker.present == {"ayse": "VIEWING"}
        assert onlooker.changes == []


async def test_what_a_field_is_edited_for_is_told_by_name_and_answered(
    installation: Installation,
) -> None:
    here, there = await installation.processes(2)
    async with looking_on(there) as onlooker:
        answered = await say(here, Person("ayse"), EDITING, "phone")
        await onlooker.until_sees({"ayse": "EDITING phone"})
    assert answered == {"ayse": "EDITING phone"}


async def test_typing_fades_to_viewing_and_viewing_without_a_subscription_to_nothing(
    installation: Installation,
) -> None:
    here, there = await installation.processes(2)
    async with looking_on(there) as onlooker:
        await say(here, Person("ayse"), TYPING, "reply")
        await onlooker.until_sees({"ayse": "TYPING reply"})
        await onlooker.until_sees({"ayse": "VIEWING"})
        await onlooker.until_sees({})
    assert onlooker.changes == ["ayse ARRIVED", "ayse CHANGED", "ayse LEFT"]


async def test_typing_that_goes_on_is_told_once(installation: Installation) -> None:
    here, there = await installation.processes(2)
    ayse = Person("ayse")
    async with looking_on(there) as onlooker:
        for _ in range(8):
            await say(here, ayse, TYPING, "reply")
            await asyncio.sleep(TIMES.typing / 3)
        assert onlooker.present == {"ayse": "TYPING reply"}
        assert onlooker.changes == ["ayse ARRIVED"]


async def test_the_moment_since_when_stays_while_the_same_is_said(
    installation: Installation,
) -> None:
    (here,) = await installation.processes(1)
    ayse = Person("ayse")
    first = await here.say(TICKET, ayse.viewer, EDITING, "phone")
    await asyncio.sleep(0.02)
    again = await here.say(TICKET, ayse.viewer, EDITING, "phone")
    other = await here.say(TICKET, ayse.viewer, EDITING, "email")
    assert again == first
    assert other.present[0].since > first.present[0].since


async def test_several_screens_are_one_agent_who_does_what_tells_most(
    installation: Installation,
) -> None:
    here, there = await installation.processes(2)
    ayse = Person("ayse")
    async with looking_on(there) as onlooker:
        one = await installation.opened(ayse, here)
        other = await installation.opened(ayse, there)
        await onlooker.until_sees({"ayse": "VIEWING"})
        await one.say(EDITING, "phone")
        await other.say(VIEWING)
        await onlooker.until_sees({"ayse": "EDITING phone"})

        await one.close()
        await onlooker.until_sees({"ayse": "VIEWING"})
        await other.close()
        await onlooker.until_sees({})
    assert onlooker.changes == ["ayse ARRIVED", "ayse CHANGED", "ayse CHANGED", "ayse LEFT"]


async def test_an_agent_is_away_when_all_screens_are(installation: Installation) -> None:
    here, there = await installation.processes(2)
    one = await installation.opened(Person("ayse"), here)
    other = await installation.opened(Person("ayse"), there)
    async with looking_on(there) as onlooker:
        assert await one.say(AWAY) == {"ayse": "VIEWING"}
        assert await other.say(AWAY) == {"ayse": "AWAY"}
        await onlooker.until_sees({"ayse": "AWAY"})

        await one.say(VIEWING)
        await onlooker.until_sees({"ayse": "VIEWING"})
        await other.close()
        await one.close()
        await onlooker.until_sees({})


async def test_what_is_said_by_http_stands_while_the_session_attends_and_goes_with_it(
    installation: Installation,
) -> None:
    here, there = await installation.processes(2)
    ayse = Person("ayse")
    async with looking_on(there) as onlooker:
        screen = await installation.opened(ayse, here)
        await onlooker.until_sees({"ayse": "VIEWING"})
        await say(there, ayse, AWAY)
        await onlooker.until_sees({"ayse": "AWAY"})
        await asyncio.sleep(2 * TIMES.standing)
        assert onlooker.present == {"ayse": "AWAY"}

        await screen.close()
        await onlooker.until_sees({})
    assert onlooker.changes == ["ayse ARRIVED", "ayse CHANGED", "ayse LEFT"]


async def test_a_killed_process_leaves_no_ghost_and_each_leaving_is_told_once(
    installation: Installation,
) -> None:
    killed, here, there = await installation.processes(3)
    await installation.opened(Person("ayse"), killed)
    await installation.opened(Person("nikos"), killed)
    await installation.opened(Person("admin"), here)
    async with looking_on(here) as near, looking_on(there) as far:
        await near.until_sees(dict.fromkeys(("ayse", "nikos", "admin"), "VIEWING"))
        await far.until_sees(near.present)
        await kill(killed)

        await near.until_sees({"admin": "VIEWING"})
        await far.until_sees({"admin": "VIEWING"})
        await asyncio.sleep(TIMES.standing)
        for onlooker in (near, far):
            left = [change for change in onlooker.changes if change.endswith("LEFT")]
            assert sorted(left) == ["ayse LEFT", "nikos LEFT"]
            assert onlooker.present == {"admin": "VIEWING"}


async def test_a_process_that_stops_leads_its_agents_out(
    make_store: Callable[[], PresenceStore], installation: Installation
) -> None:
    there = await installation.process(PresenceTimes())
    async with AsyncExitStack() as stack:
        stopping = await Installation(make_store, stack).process(PresenceTimes())
        await installation.opened(Person("ayse"), stopping)
        async with looking_on(there) as onlooker:
            await onlooker.until_sees({"ayse": "VIEWING"})
            await stack.aclose()
            await onlooker.until_sees({})


async def test_resources_are_told_apart_and_asked_for_together(
    installation: Installation,
) -> None:
    here, there = await installation.processes(2)
    await installation.opened(Person("ayse"), here, "a customer")
    await say(here, Person("nikos"), VIEWING)
    async with looking_on(there, "a customer") as onlooker:
        await onlooker.until_sees({"ayse": "VIEWING"})
    found = await there.present([TICKET, "a customer", "a company"])
    names = {
        resource: [Person.name_of(one.actor_id) for one in present]
        for resource, present in found.items()
    }
    assert names == {TICKET: ["nikos"], "a customer": ["ayse"], "a company": []}


async def test_a_thousand_screens_that_open_together_are_all_here(
    installation: Installation,
) -> None:
    here, there = await installation.processes(2)
    people = [Person(f"agent {number}") for number in range(1_000)]
    for person in people:
        await installation.opened(person, here)
    async with looking_on(there) as onlooker:
        await onlooker.until_sees({person.name: "VIEWING" for person in people})


async def test_an_integration_neither_shows_nor_speaks(installation: Installation) -> None:
    (here,) = await installation.processes(1)
    integration = Viewer(Actor(ActorKind.INTEGRATION, new_id()), session_id=new_id())
    assert here.attendance(TICKET, integration) is None
    with pytest.raises(NotAllowed):
        await here.say(TICKET, integration, VIEWING, None)
    assert (await here.present([TICKET]))[TICKET] == ()


async def test_what_nobody_looks_at_any_more_takes_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_store, "CLEANING_SECONDS", 0)
    store = MemoryPresence()
    async with AsyncExitStack() as stack:
        here = await Installation(lambda: store, stack).process()
        await say(here, Person("ayse"), VIEWING)
        async with looking_on(here, "another ticket"):
            pass
        await asyncio.sleep(TIMES.standing + 0.05)
        await here.present(["a customer"])
        assert store._boards == {}
        assert here._rooms == {}

"""Whatever is done: what was fetched before, moved by the events since, is what is fetched now."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from schema.schema import build_schema
from tests.desk import World
from tests.interaction_lists import InteractionLists
from tests.live import served
from tests.replicas import (
    CompanyForm,
    CompanyPage,
    CustomerList,
    CustomerPage,
    FavoriteList,
    NotificationList,
    Parts,
    TicketList,
    TicketPage,
)
from tests.scenes.stage import QUIET_SCENES, SCENES, UNCHANGED, Scene, Stage, set_stage
from tests.screens import Screen, open_screen
from tests.selections import CONNECTIONS, connections
from tests.ticket_drafts import DraftList

INBOX_ROW = """
    id number title status priority updatedAt messageCount favoriteCount
    assignee { id } tags { id } customer { name company { id } }
"""
LISTS = ("open_tickets", "their_tickets")
CUSTOMER_LISTS = ("customers", "found_customers")
QUIET_PARTS = 4  # as few cases as take turns on the databases


def test_every_mutation_has_a_scene() -> None:
    mutations = build_schema()._schema.mutation_type
    assert mutations is not None
    played = {mutation for mutation, _scene in (*SCENES, *QUIET_SCENES)}
    assert played == set(mutations.fields)


@pytest.mark.parametrize("type_name", CONNECTIONS)
def test_replicas_know_every_list(type_name: str) -> None:
    assert connections(type_name) == CONNECTIONS[type_name]


@pytest.mark.parametrize(
    ("mutation", "scene"),
    [pytest.param(*entry, id=f"{entry[0]}-{entry[1].__name__}") for entry in SCENES],
)
async def test_what_was_fetched_moved_by_events_is_what_is_fetched_anew(
    world: World, mutation: str, scene: Scene
) -> None:
    stage = await set_stage(world)
    async with nikos_looks_on(stage) as screen:
        await play(stage, screen, mutation, scene)
        await screen.compare_with_who_was_away()


@pytest.mark.parametrize("part", range(QUIET_PARTS))
async def test_screens_are_told_nothing_of_what_they_do_not_show(
    world: World, part: int, subtests: pytest.Subtests
) -> None:
    stage = await set_stage(world)
    async with nikos_looks_on(stage) as screen:
        for mutation, scene in QUIET_SCENES[part::QUIET_PARTS]:
            with subtests.test(mutation):
                await play(stage, screen, mutation, scene)


async def test_many_acts_at_once_lead_to_the_same(world: World) -> None:
    stage = await set_stage(world)
    async with served(world) as live, open_screen(live.port, world.nikos) as screen:
        await screen.show("ticket", TicketPage(ticketId=stage.ticket))
        words: dict[str, Any] = {"ticketId": stage.ticket, "body": "Now"}
        stars = [stage.message, stage.reply, stage.note, stage.panel_note]
        await asyncio.gather(
            *(stage.does(who, "messageSend", **words) for who in ("ayse", "nikos", "admin")),
            *(stage.does("ayse", "favoriteAdd", itemId=item) for item in stars),
            *(stage.does("admin", "favoriteRemove", itemId=item) for item in stars),
            stage.does("nikos", "noteAdd", **words, kind="TICKET"),
            stage.does("nikos", "ticketClose", ticketId=stage.ticket),
        )
        await screen.hear_all("ticket")
        await screen.compare()
        await screen.compare_with_who_was_away()


async def test_a_replica_that_misses_something_is_found_out(world: World) -> None:
    class Forgetful(TicketPage):
        def apply(self, event: Parts) -> None:
            if event["__typename"] != "MessageAdded":
                super().apply(event)

    stage = await set_stage(world)
    async with served(world) as live, open_screen(live.port, world.nikos) as screen:
        await screen.show("ticket", Forgetful(ticketId=stage.ticket))
        await stage.does("ayse", "messageSend", ticketId=stage.ticket, body="Hello")
        await screen.hear({"ticket": ["MessageAdded"]})
        with pytest.raises(AssertionError, match="ticket"):
            await screen.compare()


async def play(stage: Stage, screen: Screen, mutation: str, scene: Scene) -> None:
    """Let the screen hear all that a scene says it is told, and nothing else."""
    length = await stage.log_length()
    async for told in scene(stage):
        if told is UNCHANGED:
            assert await stage.log_length() == length
        elif told:
            await screen.hear(told)
            await screen.compare()
        length = await stage.log_length()
    await screen.compare()
    assert mutation in stage.done
    await nothing_more_was_told(stage, screen)


@asynccontextmanager
async def nikos_looks_on(stage: Stage) -> AsyncIterator[Screen]:
    """Open what a screen shows to a colleague of those who act."""
    async with (
        served(stage.world) as live,
        open_screen(live.port, stage.world.nikos) as screen,
    ):
        await screen.show("ticket", TicketPage(ticketId=stage.ticket))
        await screen.show("favorites", FavoriteList(ticketId=stage.ticket))
        inbox = TicketList(INBOX_ROW, filter={"statuses": ["NEW", "OPEN"]})
        await screen.show("open_tickets", inbox)
        history = TicketList("id title updatedAt", filter={"customerId": stage.customer})
        await screen.show("their_tickets", history)
        await screen.show("customers", CustomerList())
        await screen.show("found_customers", CustomerList(search="elif"))
        await screen.show("customer", CustomerPage(customerId=stage.customer))
        await screen.show("company", CompanyPage(companyId=stage.company))
        await screen.show("company_form", CompanyForm(id=stage.company))
        await screen.show("notifications", NotificationList())
        await screen.show("interactions", InteractionLists())
        await screen.show("drafts", DraftList())
        yield screen


async def nothing_more_was_told(stage: Stage, screen: Screen) -> None:
    """Do one more thing that each stream tells of: it must be the next that is told."""
    stage.rounds += 1
    mutation = "favoriteAdd" if stage.rounds % 2 else "favoriteRemove"
    event = "FavoriteAdded" if stage.rounds % 2 else "FavoriteRemoved"
    told: dict[str, list[str]] = {name: [] for name in LISTS}
    for ticket, item in (
        (stage.ticket, stage.reply),
        (stage.other_ticket, stage.other_message),
    ):
        await stage.does("admin", mutation, itemId=item)
        for name in LISTS:
            if any(row["id"] == ticket for row in screen.state(name)):
                told[name].append("TicketUpdated")
    for name in ("ticket", "favorites"):
        if screen.is_open(name):
            told[name] = [event]
    note = {"kind": "CUSTOMER", "customerId": stage.customer, "body": "That was all, @Nikos."}
    await stage.does("admin", "noteAdd", **note)
    language = "en" if stage.rounds % 2 else "el"
    await stage.edits("customerUpdate", customerId=stage.customer, language=language)
    for name in CUSTOMER_LISTS:
        is_shown = any(row["id"] == stage.customer for row in screen.state(name))
        told[name] = ["CustomerUpdated"] if is_shown else []
    caller = f"+9053211{stage.rounds:05}"
    await stage.does("nikos", "interactionOpen", channel="PHONE", handle=caller)
    await stage.does("nikos", "ticketDraftSave", title=f"Round {stage.rounds}")
    domains = [f"round-{stage.rounds}.example"]
    await stage.edits("companyUpdate", companyId=stage.company, domains=domains)
    of_others = {
        "customer": ["NoteAdded", "CustomerChanged"],
        "company": ["CompanyChanged"],
        "company_form": ["EditWarning"],
        "notifications": ["NotificationAdded"],
        "interactions": ["InteractionOpened"],
        "drafts": ["TicketDraftSaved"],
    }
    await screen.hear(told | of_others)

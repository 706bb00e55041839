"""Whatever is done: what was fetched before, moved by the events since, is what is fetched now."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from schema.schema import build_schema
from tests.scenes.stage import SCENES, UNCHANGED, Scene, Stage, set_stage
from tests.support.desk import World
from tests.support.interaction_lists import InteractionLists
from tests.support.live import served
from tests.support.replicas import (
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
from tests.support.screens import Screen, open_screen
from tests.support.selections import CONNECTIONS, connections
from tests.support.ticket_drafts import DraftList

INBOX_ROW = """
    id number title status priority updatedAt messageCount favoriteCount
    assignee { id } tags { id } customer { name company { id } }
"""
LISTS = ("open_tickets", "their_tickets")
CUSTOMER_LISTS = ("customers", "found_customers")


def test_every_mutation_has_a_scene() -> None:
    mutations = build_schema()._schema.mutation_type
    assert mutations is not None
    played = {mutation for scenes in SCENES.values() for tested, _ in scenes for mutation in tested}
    assert played == set(mutations.fields)


@pytest.mark.parametrize("type_name", CONNECTIONS)
def test_replicas_know_every_list(type_name: str) -> None:
    assert connections(type_name) == CONNECTIONS[type_name]


@pytest.mark.parametrize("file_name", SCENES)
async def test_what_was_fetched_moved_by_events_is_what_is_fetched_anew(
    world: World, file_name: str, subtests: pytest.Subtests
) -> None:
    stage = await set_stage(world)
    async with nikos_looks_on(stage) as screen:
        for number, (mutations, scene) in enumerate(SCENES[file_name], start=1):
            with subtests.test(scene.__name__):
                await play(stage, screen, mutations, scene)
            if stage.rounds < number:
                return  # on a stage that a scene left half-way, the next one would fail as well
        await screen.compare_with_who_was_away()


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


async def play(stage: Stage, screen: Screen, mutations: frozenset[str], scene: Scene) -> None:
    """Let the screen hear all that a scene says it is told, and nothing else.

    After each step what was told of is compared, and at the end all: what has changed untold is
    found there.
    """
    stage.done.clear()
    length = await stage.log_length()
    async for told in scene(stage):
        if told is UNCHANGED:
            assert await stage.log_length() == length
        else:
            await screen.hear(told)
            await screen.compare(told)
            length = await stage.log_length()
    await screen.compare()
    assert mutations <= stage.done
    await nothing_more_was_told(stage, screen)
    stage.rounds += 1


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
    mutation, event, language = (
        ("favoriteRemove", "FavoriteRemoved", "el")
        if stage.rounds % 2
        else ("favoriteAdd", "FavoriteAdded", "en")
    )
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
    loaded = screen.state("customer")["version"]
    await stage.edits("customerUpdate", loaded, customerId=stage.customer, language=language)
    note = {"kind": "CUSTOMER", "customerId": stage.customer, "body": "That was all, @Nikos."}
    await stage.does("admin", "noteAdd", **note)
    for name in CUSTOMER_LISTS:
        is_shown = any(row["id"] == stage.customer for row in screen.state(name))
        told[name] = ["CustomerUpdated"] if is_shown else []
    caller = f"+9053211{stage.rounds:05}"
    await stage.does("nikos", "interactionOpen", channel="PHONE", handle=caller)
    await stage.does("nikos", "ticketDraftSave", title=f"Round {stage.rounds}")
    domains = [f"round-{stage.rounds}.example"]
    loaded = screen.state("company")["version"]
    await stage.edits("companyUpdate", loaded, companyId=stage.company, domains=domains)
    of_others = {
        "customer": ["CustomerChanged", "NoteAdded"],
        "company": ["CompanyChanged"],
        "company_form": ["EditWarning"],
        "notifications": ["NotificationAdded"],
        "interactions": ["InteractionOpened"],
        "drafts": ["TicketDraftSaved"],
    }
    await screen.hear(told | of_others)

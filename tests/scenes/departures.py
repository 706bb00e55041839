"""Brands that are given up, and agents who leave the desk."""

from collections.abc import AsyncIterator

from services.deletions import JOB_KIND
from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, of_ticket, scene_of
from tests.support.jobs import do_a_job


@scene_of("brandDelete")
async def a_brand_is_deleted_that_has_no_tickets(stage: Stage) -> AsyncIterator[Told]:
    new = {"name": "Kuzey", "language": "tr"}
    added = await stage.does("admin", "brandCreate", "brand { id }", **new)
    await stage.does("admin", "brandDelete", brandId=added["brand"]["id"])
    yield SILENCE
    await stage.is_refused("admin", "NotFound", "brandDelete", brandId=added["brand"]["id"])
    await stage.is_refused("admin", "StillInUse", "brandDelete", brandId=stage.acme)
    await stage.is_refused("ayse", "NotAllowed", "brandDelete", brandId=stage.acme)
    yield UNCHANGED


@scene_of("agentDelete")
async def an_agent_is_deleted_who_has_a_ticket(stage: Stage) -> AsyncIterator[Told]:
    ayse = stage.world.id_of("ayse")
    await stage.does("admin", "ticketTransfer", ticketId=stage.ticket, assigneeId=ayse)
    yield of_ticket("TicketChanged")
    await stage.does("admin", "agentDelete", agentId=ayse)
    yield SILENCE
    await do_a_job(stage.world, JOB_KIND)
    yield of_ticket("TicketChanged")
    await do_a_job(stage.world, JOB_KIND)
    yield SILENCE  # the memberships end, which is the history of teams

    await stage.is_refused("admin", "NotFound", "agentDelete", agentId=ayse)
    admin = stage.world.id_of("admin")
    await stage.is_refused("admin", "NotAllowed", "agentDelete", agentId=admin)
    await stage.is_refused("nikos", "NotAllowed", "agentDelete", agentId=admin)
    yield UNCHANGED

"""Topics, teams and tags that an admin deletes.

Tickets lose what was deleted right after, by jobs: that is what screens are told.
"""

from collections.abc import AsyncIterator

from services.deletions import JOB_KIND
from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, of_ticket, scene_of
from tests.support.jobs import do_a_job


@scene_of("topicDelete")
async def a_topic_is_deleted(stage: Stage) -> AsyncIterator[Told]:
    await stage.edits("ticketUpdate", ticketId=stage.ticket, topicId=stage.topic)
    yield of_ticket("TicketChanged")
    await stage.does("admin", "topicDelete", topicId=stage.topic)
    yield SILENCE
    await do_a_job(stage.world, JOB_KIND)
    yield of_ticket("TicketChanged")

    await do_a_job(stage.world, JOB_KIND)
    await stage.is_refused("admin", "NotFound", "topicDelete", topicId=stage.topic)
    await stage.is_refused("ayse", "NotAllowed", "topicDelete", topicId=stage.topic)
    yield UNCHANGED


@scene_of("tagDelete")
async def a_tag_is_deleted(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("admin", "tagDelete", tagId=stage.tag)
    yield SILENCE
    await do_a_job(stage.world, JOB_KIND)
    yield of_ticket("TicketChanged")

    await do_a_job(stage.world, JOB_KIND)
    await stage.is_refused("admin", "NotFound", "tagDelete", tagId=stage.tag)
    await stage.is_refused("ayse", "NotAllowed", "tagDelete", tagId=stage.tag)
    yield UNCHANGED


@scene_of("teamDelete")
async def a_team_is_deleted_whose_tickets_were_out_of_sight(stage: Stage) -> AsyncIterator[Told]:
    given = {"ticketId": stage.other_ticket, "teamId": stage.support}
    await stage.does("ayse", "ticketTransfer", **given)
    yield {"open_tickets": ["TicketLeft"], "their_tickets": ["TicketLeft"]}
    await stage.does("admin", "teamDelete", teamId=stage.support)
    yield SILENCE
    await do_a_job(stage.world, JOB_KIND)
    yield {"open_tickets": ["TicketEntered"], "their_tickets": ["TicketEntered"]}
    await do_a_job(stage.world, JOB_KIND)
    yield SILENCE  # the memberships end, which is the history of its members

    await stage.is_refused("admin", "NotFound", "teamDelete", teamId=stage.support)
    await stage.is_refused("ayse", "NotAllowed", "teamDelete", teamId=stage.support)
    yield UNCHANGED

"""The directory that admins keep.

Screens refer to it by ids and hold its names as they hold those of a menu: no stream tells of it.
"""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, scene_of


async def _added(stage: Stage, mutation: str, **given: Any) -> AsyncIterator[Told]:
    """Add something twice, of which the second time is refused."""
    await stage.does("admin", mutation, **given)
    yield SILENCE
    await stage.is_refused("admin", "AlreadyExists", mutation, **given)
    await stage.is_refused("ayse", "NotAllowed", mutation, **given)
    yield UNCHANGED


async def _edited(stage: Stage, mutation: str, **given: Any) -> AsyncIterator[Told]:
    """Edit something twice, which the second time changes nothing."""
    await stage.edits(mutation, **given)
    yield SILENCE
    await stage.edits(mutation, **given)
    await stage.is_refused("ayse", "NotAllowed", mutation, **given, expectedVersion=0)
    yield UNCHANGED


@scene_of("brandCreate")
def a_brand_is_added(stage: Stage) -> AsyncIterator[Told]:
    return _added(stage, "brandCreate", name="Nova", language="el")


@scene_of("brandUpdate")
def a_brand_is_edited(stage: Stage) -> AsyncIterator[Told]:
    return _edited(stage, "brandUpdate", brandId=stage.acme, name="Acme 2", language="en")


@scene_of("teamCreate")
def a_team_is_added(stage: Stage) -> AsyncIterator[Told]:
    return _added(stage, "teamCreate", name="Billing", brandIds=[stage.acme])


@scene_of("teamUpdate")
def a_team_is_edited(stage: Stage) -> AsyncIterator[Told]:
    return _edited(stage, "teamUpdate", teamId=stage.support, name="Help", memberIds=[])


@scene_of("topicCreate")
def a_topic_is_added(stage: Stage) -> AsyncIterator[Told]:
    return _added(stage, "topicCreate", brandId=stage.acme, name="Refunds")


@scene_of("topicUpdate")
def a_topic_is_edited(stage: Stage) -> AsyncIterator[Told]:
    return _edited(stage, "topicUpdate", topicId=stage.topic, name="Deliveries")


@scene_of("tagCreate")
def a_tag_is_added(stage: Stage) -> AsyncIterator[Told]:
    return _added(stage, "tagCreate", name="gift")


@scene_of("tagUpdate")
def a_tag_is_renamed(stage: Stage) -> AsyncIterator[Told]:
    return _edited(stage, "tagUpdate", tagId=stage.tag, name="very urgent")

"""Writing rows of which each key is unique."""

import pytest
from sqlalchemy.exc import IntegrityError

from core.ids import new_id
from models.notes import Note, NoteKind
from models.tags import Tag
from models.topics import Topic
from tests.support.desk import World

pytestmark = pytest.mark.both_databases


def tag(world: World, name: str) -> Tag:
    return Tag(name=name, name_key=name, created_at=world.acme.created_at, version=0)


async def test_a_key_that_is_taken_is_told_and_the_act_goes_on(world: World) -> None:
    async with world.work() as work:
        assert await work.insert_unique(tag(world, "refund"))
        assert not await work.insert_unique(tag(world, "refund"))
        assert await work.insert_unique(tag(world, "return"))

    assert (await world.counts())["tag"] == 2


async def test_a_row_that_refers_to_nothing_is_an_error_and_no_taken_key(world: World) -> None:
    created_at = world.acme.created_at
    astray = Topic(brand_id=new_id(), name="a", name_key="a", created_at=created_at, version=0)

    async with world.work() as work:
        with pytest.raises(IntegrityError):
            await work.insert_unique(astray)


async def test_a_row_that_breaks_a_check_is_an_error_and_no_taken_key(world: World) -> None:
    async with world.work() as work:
        of_nothing = Note(
            kind=NoteKind.COMPANY,
            body="Whose?",
            author_kind=work.actor.kind,
            author_id=work.actor.id,
            created_at=work.now,
            updated_at=work.now,
            version=1,
        )
        with pytest.raises(IntegrityError):
            await work.insert_unique(of_nothing)


async def test_what_rules_lead_to_is_led_by_as_many_as_before_when_they_are_done(
    world: World,
) -> None:
    async with world.work() as work:
        with work.led_by(2):
            with work.led_by(3):
                assert work.chain == 3
            assert work.chain == 2
        assert work.chain == 0

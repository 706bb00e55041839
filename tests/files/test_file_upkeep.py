"""Files that stand nowhere go, with their bytes, and those that stand somewhere stay."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.errors import LimitReached, ValidationFailed
from core.ids import decode_global_id, new_id
from models.jobs import Job
from models.messages import Message
from services import attachments, uploads
from services.upkeep import tidy_up
from services.uploads import DISCARD
from tests.support.desk import World
from tests.support.uploading import PNG, announce, rows, send, stored, upload


async def test_what_stands_nowhere_goes_after_a_day_with_its_bytes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _message, ticket = await world.receive()
    sent, spare = await upload(world.ayse), await upload(world.ayse)
    await announce(world.ayse)
    await send(world.ayse, ticket, sent)
    start = clock.now()

    monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=23, minutes=59))
    await tidy_up(world.desk.database)
    assert len(await rows(world)) == 3

    monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=24, minutes=1))
    await tidy_up(world.desk.database)
    (kept,) = await rows(world)
    assert kept.id == decode_global_id(sent)[1]
    assert decode_global_id(spare)[1].hex in str(stored(world))
    await discard_all(world)
    assert [path.name for path in stored(world)] == [kept.storage_key.rpartition("/")[2]]


async def discard_all(world: World) -> None:
    """Do the jobs that remove bytes, twice, as it may happen."""
    desk = world.desk
    async with desk.database.reading() as connection:
        payloads = (await connection.scalars(select(Job.payload).where(Job.kind == DISCARD))).all()
    for payload in [*payloads, *payloads]:
        await uploads.discard(desk.database, desk.file_storage, payload)


async def test_a_copy_stands_behind_and_shares_the_bytes_which_stay_while_it_does(
    world: World,
) -> None:
    _message, ticket = await world.receive()
    await send(world.ayse, ticket, await upload(world.ayse))
    (original,) = await rows(world)
    async with world.work("nikos") as work:
        message = await work.session.get_one(Message, original.message_id)
        await attachments.copy(work, [original.id], message)
        with pytest.raises(LimitReached):
            await attachments.copy(work, [original.id, *(new_id() for _ in range(3))], message)
        with pytest.raises(ValidationFailed, match="UNKNOWN_REFERENCE"):
            await attachments.copy(work, [new_id()], message)

    first, second = await rows(world)
    assert (first.position, second.position) == (0, 1)
    assert (second.message_id, second.filename, second.size, second.storage_key) == (
        first.message_id, first.filename, first.size, first.storage_key,
    )  # fmt: skip
    assert second.uploader_id == world.agents["nikos"].id

    await uploads.discard(
        world.desk.database, world.desk.file_storage, {"storage_key": first.storage_key}
    )
    assert [path.read_bytes() for path in stored(world)] == [PNG]

"""What connectors say of answers, as agents see it on the ticket."""

from collections.abc import AsyncIterator

from core.ids import decode_global_id
from models.channels import Channel
from models.messages import Message
from tests.scenes.deliveries import DELIVERED
from tests.scenes.stage import UNCHANGED, Stage, Told, scene_of
from tests.support.connectors import confirm, connector


@scene_of("deliveryConfirm")
async def an_answer_comes_forward(stage: Stage) -> AsyncIterator[Told]:
    stage.done.add("deliveryConfirm")
    world = stage.world
    bot, bot_of_others = await connector(world), await connector(world, world.other)
    async with world.desk.database.transaction() as session:
        reply = await session.get_one(Message, decode_global_id(stage.reply)[1])
        reply.channel, reply.delivery_begun = Channel.TELEGRAM, 1  # as if it were one of a chat
    for outcome in ("SENT", "FAILED", "DELIVERED", "READ"):
        assert "message" in await confirm(bot, stage.reply, outcome, detail="blocked")
        yield DELIVERED

    for outcome in ("SENT", "READ", "FAILED"):
        assert "message" in await confirm(bot, stage.reply, outcome)
    assert (await confirm(bot_of_others, stage.reply, "SENT"))["code"] == "NOT_FOUND"
    await stage.is_refused(
        "ayse", "NotAllowed", "deliveryConfirm", messageId=stage.reply, outcome="SENT"
    )
    yield UNCHANGED

"""What the customers of chats do, as agents see it in their lists."""

from collections.abc import AsyncIterator
from typing import Any

from tests.chats import Chat
from tests.scenes.stage import UNCHANGED, Stage, Told, scene_of


@scene_of("chatStart")
async def a_customer_starts_a_chat_and_writes(stage: Stage) -> AsyncIterator[Told]:
    key = "a-key-that-nobody-guesses"
    given: dict[str, Any] = {"brandId": stage.acme, "name": "Nur", "idempotencyKey": key}
    started = await stage.does("nobody", "chatStart", "token ticket { id }", **given)
    yield {"open_tickets": ["TicketEntered"], "customers": ["CustomerEntered"]}
    await stage.does("nobody", "chatStart", **given)
    await stage.is_refused("nobody", "IdempotencyKeyReused", "chatStart", **given | {"name": "Su"})
    await stage.is_refused("nobody", "ValidationFailed", "chatStart", **given | {"language": "xx"})
    await stage.is_refused("ayse", "NotAllowed", "chatStart", **given)
    yield UNCHANGED

    chat = Chat(stage.world, started["token"], started["ticket"]["id"])
    assert (await chat.write("Hello?"))["__typename"] == "MessageSendSuccess"
    yield {"open_tickets": ["TicketUpdated"]}
    assert (await chat.write("Hello", ticketId=stage.ticket))["__typename"] == "NotFound"
    yield UNCHANGED

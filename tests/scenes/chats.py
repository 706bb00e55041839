"""What the customers of chats do, as agents see it in their lists."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import UNCHANGED, Stage, Told, scene_of
from tests.support.chats import Chat, start_chat
from tests.support.uploading import upload


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
    photo = await upload(chat.customer)
    yield UNCHANGED
    sent = await chat.write("This is how it came", attachmentIds=[photo])
    assert sent["__typename"] == "MessageSendSuccess"
    yield {"open_tickets": ["TicketUpdated"]}
    assert (await chat.write("Again", attachmentIds=[photo]))["__typename"] == "ValidationFailed"
    yield UNCHANGED


@scene_of("chatEnd")
async def a_chat_ends_and_goes_on(stage: Stage) -> AsyncIterator[Told]:
    chat = await start_chat(stage.world, "Derya")
    yield {"open_tickets": ["TicketEntered"], "customers": ["CustomerEntered"]}
    ended = {"ticketId": chat.ticket, "status": "PENDING"}
    await stage.does("ayse", "chatEnd", **ended)
    yield {"open_tickets": ["TicketLeft"]}
    await stage.does("ayse", "chatEnd", **ended)
    await stage.is_refused("ayse", "ValidationFailed", "chatEnd", ticketId=stage.ticket)
    await stage.is_refused("stranger", "NotFound", "chatEnd", **ended)
    assert (await chat.end(status="OPEN"))["__typename"] == "ValidationFailed"
    yield UNCHANGED

    await chat.write("One thing more")
    yield {"open_tickets": ["TicketEntered"]}
    assert (await chat.end())["ticket"] == {"status": "OPEN"}
    yield {"open_tickets": ["TicketUpdated"]}


@scene_of("chatRevoke")
async def a_customer_is_shut_out(stage: Stage) -> AsyncIterator[Told]:
    chat = await start_chat(stage.world, "Umut")
    yield {"open_tickets": ["TicketEntered"], "customers": ["CustomerEntered"]}
    await stage.does("ayse", "chatRevoke", ticketId=chat.ticket)
    yield {"open_tickets": ["TicketUpdated"]}
    await stage.does("nikos", "chatRevoke", ticketId=chat.ticket)
    await stage.is_refused("ayse", "ValidationFailed", "chatRevoke", ticketId=stage.ticket)
    await stage.is_refused("stranger", "NotFound", "chatRevoke", ticketId=chat.ticket)
    yield UNCHANGED


@scene_of("chatStateSet")
async def an_agent_says_what_only_customers_say(stage: Stage) -> AsyncIterator[Told]:
    await stage.is_refused("ayse", "NotAllowed", "chatStateSet", state="TYPING")
    yield UNCHANGED


@scene_of("chatTranscriptSend")
async def an_agent_wants_a_chat_by_mail(stage: Stage) -> AsyncIterator[Told]:
    await stage.is_refused("ayse", "NotAllowed", "chatTranscriptSend", email="ayse@example.com")
    yield UNCHANGED

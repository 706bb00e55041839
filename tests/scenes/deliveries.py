"""Messages on their way out by mail: taken back, delivered, given up, tried anew."""

from collections.abc import AsyncIterator
from dataclasses import replace

from app.desk import Desk
from app.worker import job_handlers
from models.messages import DeliveryFailure
from services import jobs
from services.mail.transport import Envelope, NotDelivered
from tests.scenes.stage import UNCHANGED, Stage, Told, of_ticket, scene_of

DELIVERED = {"ticket": ["DeliveryChanged"]}


class _RefusingServer:
    """Takes no mail at all."""

    async def send(self, envelope: Envelope) -> None:
        """Refuse a mail."""
        raise NotDelivered(DeliveryFailure.ADDRESS_REFUSED, "550 No such user", is_final=True)


@scene_of("messageRetry")
async def a_message_is_sent_anew(stage: Stage) -> AsyncIterator[Told]:
    desk = stage.world.desk
    await deliver_all(replace(desk, mail_transport=_RefusingServer()))
    yield DELIVERED
    await stage.does("nikos", "messageRetry", messageId=stage.reply)
    yield of_ticket("DeliveryChanged")
    await deliver_all(desk)
    yield DELIVERED

    await stage.does("nikos", "messageRetry", messageId=stage.reply)
    await stage.is_refused("ayse", "NotAllowed", "messageRetry", messageId=stage.message)
    await stage.is_refused("stranger", "NotFound", "messageRetry", messageId=stage.reply)
    yield UNCHANGED


@scene_of("messageUndo")
async def an_answer_is_taken_back(stage: Stage) -> AsyncIterator[Told]:
    given = {"ticketId": stage.ticket, "body": "Wait"}
    await stage.does("ayse", "messageSend", **given)
    yield of_ticket("MessageAdded")
    await stage.edits("brandUpdate", brandId=stage.acme, undoSeconds=30)
    sent = await stage.does("ayse", "messageSend", "message { id }", **given)
    yield of_ticket("MessageAdded")
    message = sent["message"]["id"]
    await stage.does("nikos", "messageUndo", messageId=message)
    yield of_ticket("DeliveryChanged")

    await stage.does("ayse", "messageUndo", messageId=message)
    await stage.is_refused("ayse", "TooLate", "messageUndo", messageId=stage.reply)
    await stage.is_refused("ayse", "NotAllowed", "messageUndo", messageId=stage.message)
    await stage.is_refused("stranger", "NotFound", "messageUndo", messageId=stage.reply)
    await deliver_all(stage.world.desk)
    yield DELIVERED  # of the other one alone


async def deliver_all(desk: Desk) -> None:
    """Deliver the mail that is due."""
    handlers = job_handlers(desk)
    for job in await jobs.claim(desk.database, ["deliver_message"], 10):
        await jobs.run(desk.database, job, handlers[job.kind])

"""The order in which mails go out: those of a ticket one after the other, as they were written.

A mail waits for those before it that go out at any moment. One that was put off for longer keeps
nobody waiting: the customer gets the later answer, and the earlier one when its server takes it.
Whoever asks here has locked the ticket.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select, tuple_, update

from models.jobs import Job
from models.messages import DeliveryState, Message
from services.jobs import Payload
from services.unit_of_work import UnitOfWork

DELIVER = "deliver_message"  # the kind of the job
# How long before its next try a mail still keeps later ones waiting.
PATIENCE = timedelta(minutes=1)
# A mail that is older waits for none: one whose job has died must not keep all others for ever.
LONGEST_WAIT = timedelta(minutes=15)


def job_of(message: Message) -> Payload:
    """Return what the job of a message is about."""
    return {"message_id": message.id.hex}


async def is_turn_of(work: UnitOfWork, message: Message) -> bool:
    """Tell whether no earlier mail of the ticket is about to go out, or on its way."""
    if message.created_at < work.now - LONGEST_WAIT:
        return True
    place = tuple_(Message.created_at, Message.id)
    earlier = place < (message.created_at, message.id)
    in_the_way = exists().where(_goes_soon(message, work.now), earlier)
    return not await work.session.scalar(select(in_the_way))


async def let_next_go(work: UnitOfWork, message: Message) -> None:
    """Let the mail go out that waited for this one, if this one keeps it waiting no more."""
    place = tuple_(Message.created_at, Message.id)
    following = await work.session.scalar(
        select(Message)
        .where(_goes_soon(message, work.now), place > (message.created_at, message.id))
        .order_by(Message.created_at, Message.id)
        .limit(1)
    )
    if following is None or following.delivery_next_try_at is not None:
        return
    if await is_turn_of(work, following):
        await hasten(work, following)


async def hasten(work: UnitOfWork, message: Message) -> None:
    """Let the job of a queued message run now, or as soon as it can be taken back no more."""
    run_at = max(work.now, message.delivery_undo_until or work.now)
    hastened = await work.session.execute(
        update(Job)
        .where(
            Job.kind == DELIVER,
            Job.finished_at.is_(None),
            Job.failed_at.is_(None),
            Job.payload["message_id"].as_string() == message.id.hex,
        )
        .values(run_at=run_at)
        .returning(Job.id)
    )
    if hastened.first() is None:
        work.enqueue(DELIVER, job_of(message), run_at=run_at)


def _goes_soon(message: Message, now: datetime) -> ColumnElement[bool]:
    """Limit messages to those of its ticket that are on their way, or will be in a moment."""
    return and_(
        Message.ticket_id == message.ticket_id,
        Message.delivery_state == DeliveryState.QUEUED,
        or_(
            Message.delivery_next_try_at.is_(None),
            Message.delivery_next_try_at <= now + PATIENCE,
        ),
    )

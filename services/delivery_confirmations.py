"""What becomes of messages that connectors deliver: they say so, or nobody does within a day.

A message comes forward only: sent, delivered, read. What is said late or twice changes nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Select, select

from core.errors import FieldErrorCode, FieldProblem, NotAllowed, NotFound, ValidationFailed
from core.text import stored_line
from models.channels import CONNECTOR_CHANNELS, Channel
from models.delivery_requests import delivered_by, is_connector
from models.messages import (
    DELIVERY_DETAIL_CHARACTERS,
    EXTERNAL_ID_CHARACTERS,
    DeliveryFailure,
    DeliveryState,
    Message,
)
from models.tickets import Ticket
from models.viewers import Viewer
from services import notifications
from services.external_ids import known_message
from services.posting import hold, tell
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# By then no connector is just restarting: somebody must learn that the customer has no answer.
CONFIRMED_WITHIN = timedelta(hours=24)


class DeliveryOutcome(StrEnum):
    """What a connector says has become of a message."""

    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a connector says of a message; `attempt` is the request it speaks of, if it says so."""

    message_id: UUID
    outcome: DeliveryOutcome
    external_id: str | None = None
    detail: str | None = None
    attempt: int | None = None


# How far a message has come in each state. A failure is overtaken by whatever proves it wrong.
_PROGRESS = {
    DeliveryState.QUEUED: 0,
    DeliveryState.SENT: 1,
    DeliveryState.FAILED: 1,
    DeliveryState.DELIVERED: 2,
    DeliveryState.READ: 3,
}


async def confirm(work: UnitOfWork, viewer: Viewer, confirmation: Confirmation) -> Message:
    """Write down what a connector says of a message.

    A message that has failed may prove to have been delivered; only one that nobody had said
    anything of may prove to have been sent. That an earlier attempt was sent, or failed, is no
    news once another was asked for. An agent is told of a failure. Raises NotAllowed for
    whoever is no connector and for what no connector was asked to deliver, NotFound for what
    others deliver, and ValidationFailed for an external id that another message has.
    """
    if not is_connector(viewer):
        raise NotAllowed
    brand_id, channel = await _place_of(work, viewer, confirmation.message_id)
    said = _clean(confirmation)
    # A turn comes before a ticket: see "Locks" in docs/architecture.md.
    other = await known_message(work, brand_id, channel, said.external_id)
    if other is not None and other.id != said.message_id:
        raise ValidationFailed(FieldProblem(("input", "externalId"), FieldErrorCode.ALREADY_TAKEN))
    ticket, message = await hold(work, said.message_id)
    if message.delivery_begun == 0:
        raise NotAllowed
    _check_attempt(said.attempt, message.delivery_begun)
    _name(message, said)
    if _is_news(message, said):
        await _note(work, ticket, message, said)
    return message


def overdue(now: datetime) -> Select[UUID]:
    """Return the query for the ids of messages that nobody has confirmed in time."""
    return select(Message.id).where(
        Message.delivery_state == DeliveryState.QUEUED,
        Message.channel.in_(CONNECTOR_CHANNELS),
        Message.delivery_requested_at < now - CONFIRMED_WITHIN,
    )


async def give_up(work: UnitOfWork, message_id: UUID) -> None:
    """Let a message have failed that nobody has confirmed in time, if nobody has by now."""
    ticket, message = await hold(work, message_id)
    requested_at = message.delivery_requested_at
    is_overdue = requested_at is not None and requested_at < work.now - CONFIRMED_WITHIN
    if message.delivery_state is DeliveryState.QUEUED and is_overdue:
        await _fail(work, ticket, message, DeliveryFailure.NOT_CONFIRMED, None)
        await tell(work, ticket, message)


async def _place_of(work: UnitOfWork, viewer: Viewer, message_id: UUID) -> tuple[UUID, Channel]:
    """Return the brand and the channel of a message. Raises NotFound."""
    found = await work.session.execute(
        select(Message.brand_id, Message.channel).where(
            Message.id == message_id, delivered_by(viewer)
        )
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound
    return row.brand_id, row.channel


def _clean(said: Confirmation) -> Confirmation:
    check = InputCheck()
    cleaned = replace(
        said,
        external_id=check.optional_line("externalId", said.external_id, EXTERNAL_ID_CHARACTERS),
        detail=stored_line(said.detail or "", DELIVERY_DETAIL_CHARACTERS) or None,
    )
    check.raise_problems()
    return cleaned


def _check_attempt(attempt: int | None, newest: int) -> None:
    check = InputCheck()
    if attempt is not None:
        check.within("attempt", attempt, 1, newest)
    check.raise_problems()


def _name(message: Message, said: Confirmation) -> None:
    """Keep the id by which the channel knows a message: the first one of the newest attempt."""
    is_first_word = _attempt_of(message, said) > message.delivery_attempts
    if said.external_id is not None and (message.external_id is None or is_first_word):
        message.external_id = said.external_id


def _attempt_of(message: Message, said: Confirmation) -> int:
    return message.delivery_begun if said.attempt is None else said.attempt


def _is_news(message: Message, said: Confirmation) -> bool:
    state, outcome = message.delivery_state, said.outcome
    if state is None:
        return False
    # Whoever was asked once more has still to do it, unless the customer is known to have it.
    is_of_newest = _attempt_of(message, said) == message.delivery_begun
    if not is_of_newest and outcome in (DeliveryOutcome.SENT, DeliveryOutcome.FAILED):
        return False
    if outcome is DeliveryOutcome.FAILED:
        return state in (DeliveryState.QUEUED, DeliveryState.SENT)
    if outcome is DeliveryOutcome.SENT and state is DeliveryState.FAILED:
        return message.delivery_failure is DeliveryFailure.NOT_CONFIRMED
    return _PROGRESS[DeliveryState(outcome)] > _PROGRESS[state]


async def _note(work: UnitOfWork, ticket: Ticket, message: Message, said: Confirmation) -> None:
    message.delivery_attempts = max(message.delivery_attempts, _attempt_of(message, said))
    if said.outcome is DeliveryOutcome.FAILED:
        await _fail(work, ticket, message, DeliveryFailure.REJECTED, said.detail)
    else:
        message.delivery_state = DeliveryState(said.outcome)
        message.delivery_failure = message.delivery_detail = None
        _date(work, message)
    await tell(work, ticket, message)


def _date(work: UnitOfWork, message: Message) -> None:
    """Say since when at the latest a message has come as far as it has."""
    come = _PROGRESS[message.delivery_state or DeliveryState.QUEUED]
    message.delivery_sent_at = message.delivery_sent_at or work.now
    if come >= _PROGRESS[DeliveryState.DELIVERED]:
        message.delivery_delivered_at = message.delivery_delivered_at or work.now
    if come >= _PROGRESS[DeliveryState.READ]:
        message.delivery_read_at = work.now


async def _fail(
    work: UnitOfWork,
    ticket: Ticket,
    message: Message,
    failure: DeliveryFailure,
    detail: str | None,
) -> None:
    message.delivery_attempts = message.delivery_begun
    message.delivery_state = DeliveryState.FAILED
    message.delivery_failure = failure
    message.delivery_detail = detail
    await notifications.tell_undelivered(work, ticket, message)

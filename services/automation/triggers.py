"""After what rules are tried: which events of a ticket are a customer's message, or an update."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from models.channels import Channel
from models.event_records import EventRecord
from models.messages import MessageDirection
from models.rules import RuleTrigger

RUN_RULES = "run_rules"  # the kind of the job

# Notes, stars and the ways of mails are no updates: rules act on what concerns the customer.
UPDATES = frozenset({"MessageAdded", "TicketChanged", "TicketCreated"})


def triggers_of(acts: Iterable[Mapping[str, Any]]) -> frozenset[RuleTrigger]:
    """Return the triggers that acts on a ticket may be, each with its `type` and payload."""
    return frozenset(
        RuleTrigger.INCOMING
        if act.get("direction") == MessageDirection.INCOMING
        else RuleTrigger.UPDATED
        for act in acts
        if act["type"] in UPDATES
    )


def trigger_of(
    event: EventRecord, channel: Channel, direction: MessageDirection | None
) -> RuleTrigger | None:
    """Return what an event on a ticket of this channel is; `direction` is that of its message.

    A ticket that a customer's message opens is tried after that message, not before it. Nothing
    happened on one that only went along when its customer became another.
    """
    match event.type:
        case "MessageAdded" if direction is MessageDirection.INCOMING:
            return RuleTrigger.INCOMING
        case "MessageAdded" if direction is MessageDirection.OUTGOING:
            return RuleTrigger.UPDATED
        case "TicketChanged" if not event.payload.get("went_along"):
            return RuleTrigger.UPDATED
        case "TicketCreated" if is_agent_ticket(channel):
            return RuleTrigger.UPDATED
    return None


def message_of(event: EventRecord) -> UUID | None:
    """Return the message that an event tells of, if it is one that was added."""
    return UUID(event.payload["message_id"]) if event.type == "MessageAdded" else None


def is_agent_ticket(channel: Channel) -> bool:
    """Tell whether the desk opened a ticket, and no customer: those have a channel of their own."""
    return channel is Channel.INTERNAL

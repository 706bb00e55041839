"""What webhooks are told of an entry of the log.

Nothing is told of notes, stars and customers' names on tickets: notes are private, and the rest is
told of where it happened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.event_records import EventRecord
from models.webhooks import WebhookEventType

Change = Mapping[str, Any]

_OF_MESSAGES = frozenset({"MessageAdded", "DeliveryChanged"})


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be told. `id` is the same whenever the entry is read.

    `type` is None for a message that came or went: its row says which. `changes` have the shape of
    `services.changes.FieldChange.as_payload`.
    """

    id: str
    type: WebhookEventType | None
    event: EventRecord
    changes: Sequence[Change] = ()
    message_id: UUID | None = None


def notices_of(event: EventRecord) -> list[Notice]:
    """Return what an entry of the log gives to tell, in order; most give one thing, or nothing."""
    match event.type:
        case "InboxChanged":
            return _of_ticket(event)
        case "InboxDeliveryChanged":
            of_type = WebhookEventType.DELIVERY_CHANGED
            message_id = UUID(event.payload["message_id"])
            return [_notice(event, "delivery", of_type, message_id=message_id)]
        case "CustomerListChanged":
            return _of_customer(event)
    return []


def _of_ticket(event: EventRecord) -> list[Notice]:
    payload = event.payload
    notices = []
    if payload["before"] is None:
        notices.append(_notice(event, "created", WebhookEventType.TICKET_CREATED))
    # Entries of older releases do not say which messages they are about.
    for place, item in enumerate(payload.get("items", ())):
        act = payload["acts"][place]
        if act in _OF_MESSAGES and item is not None:
            of_type = None if act == "MessageAdded" else WebhookEventType.DELIVERY_CHANGED
            notices.append(_notice(event, str(place), of_type, message_id=UUID(item)))
    tags = [change for change in payload["changes"] if change["field"] == "tags"]
    others = [change for change in payload["changes"] if change["field"] != "tags"]
    if tags:
        notices.append(_notice(event, "tagged", WebhookEventType.TICKET_TAGGED, changes=tags))
    if others:
        notices.append(_notice(event, "changed", WebhookEventType.TICKET_CHANGED, changes=others))
    return notices


def _of_customer(event: EventRecord) -> list[Notice]:
    payload = event.payload
    if payload["before"] is None:
        return [_notice(event, "created", WebhookEventType.CUSTOMER_CREATED)]
    if payload["after"] is None:
        return [_notice(event, "merged", WebhookEventType.CUSTOMER_MERGED)]
    if not payload["changes"]:
        return []
    of_type = WebhookEventType.CUSTOMER_CHANGED
    return [_notice(event, "changed", of_type, changes=payload["changes"])]


def _notice(event: EventRecord, part: str, of_type: WebhookEventType | None, **more: Any) -> Notice:
    return Notice(f"evt_{event.id.hex}_{part}", of_type, event, **more)

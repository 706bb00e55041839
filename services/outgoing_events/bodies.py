"""What a webhook is sent: JSON, with ids as the API gives them (docs/webhooks.md).

Receivers are programs that nobody updates with the desk. What stands in a body stays, and more may
be added; `BODY_VERSION` grows should it ever have to change.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.ids import NodeKind, encode_global_id
from models.actors import ActorKind
from models.attachments import Attachment
from models.customers import Customer
from models.messages import Message, MessageDirection
from models.tickets import Ticket
from models.webhooks import WebhookEventType
from services.outgoing_events.notices import Change, Notice

BODY_VERSION = 1
BODY_BYTES_MAXIMUM = 256 * 1024
# Whatever else a body holds is far below the other 64 KiB: ids, names, and fields of 2,000
# characters.
TEXT_BYTES_MAXIMUM = 192 * 1024

_ACTORS = {
    ActorKind.AGENT: NodeKind.AGENT,
    ActorKind.CUSTOMER: NodeKind.CUSTOMER,
    ActorKind.INTEGRATION: NodeKind.API_TOKEN,
}
_REFERENCES = {
    "assignee": NodeKind.AGENT,
    "company": NodeKind.COMPANY,
    "customer": NodeKind.CUSTOMER,
    "tags": NodeKind.TAG,
    "team": NodeKind.TEAM,
    "topic": NodeKind.TOPIC,
}
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Telling:
    """A notice, with its type and what is sent of it."""

    notice: Notice
    type: WebhookEventType
    body: str


async def tellings_of(session: AsyncSession, notices: Sequence[Notice]) -> list[Telling]:
    """Return what is sent of each notice; nothing is, of a message that is not there.

    What the log does not keep is read now: titles, and how far a message has come.
    """
    messages = await _messages(session, notices)
    files = await _files(session, messages)
    tickets = await _tickets(session, notices)
    merged_into = await _merged_into(session, notices)
    tellings = []
    for notice in notices:
        message = messages.get(notice.message_id) if notice.message_id else None
        of_type = notice.type or (_type_of(message) if message else None)
        if of_type is None or (notice.message_id and message is None):
            continue
        if "ticket_id" in notice.event.payload:
            data = _ticket_data(notice, tickets)
        else:
            data = {"customer": _customer(notice, merged_into)}
        if message is not None:
            data["message"] = _message(message, files.get(message.id, ()))
        if notice.changes:
            data["changes"] = [_change(change) for change in notice.changes]
        tellings.append(Telling(notice, of_type, _body(of_type, notice, data)))
    return tellings


def ping_body(webhook_id: UUID, now: datetime) -> str:
    """Return what is sent to try a webhook out."""
    data = {"webhookId": encode_global_id(NodeKind.WEBHOOK, webhook_id)}
    return _json({"type": "PING", "version": BODY_VERSION, "timestamp": _moment(now), "data": data})


def _body(of_type: WebhookEventType, notice: Notice, data: Values) -> str:
    event = notice.event
    actor = {"kind": event.actor_kind, "id": _actor_id(event.actor_kind, event.actor_id)}
    return _json(
        {
            "type": of_type,
            "version": BODY_VERSION,
            "timestamp": _moment(event.occurred_at),
            "sequence": event.sequence,
            "data": {"actor": actor, **data},
        }
    )


def _json(values: Values) -> str:
    return orjson.dumps(values).decode()


async def _messages(session: AsyncSession, notices: Iterable[Notice]) -> Mapping[UUID, Any]:
    ids = {notice.message_id for notice in notices if notice.message_id}
    if not ids:
        return {}
    rows = await session.execute(
        select(
            *(Message.id, Message.author_kind, Message.author_id, Message.channel),
            *(Message.direction, Message.body, Message.is_automatic, Message.created_at),
            *(Message.delivery_state, Message.delivery_failure),
        ).where(Message.id.in_(ids))
    )
    return {row.id: row for row in rows}


async def _files(
    session: AsyncSession, message_ids: Iterable[UUID]
) -> Mapping[UUID, Sequence[Values]]:
    ids = list(message_ids)
    files: dict[UUID, list[Values]] = {}
    if not ids:
        return files
    rows = await session.execute(
        select(Attachment)
        .where(Attachment.message_id.in_(ids))
        .order_by(Attachment.position, Attachment.id)
    )
    for file in rows.scalars():
        described = {
            "id": encode_global_id(NodeKind.ATTACHMENT, file.id),
            "filename": file.filename,
            "contentType": file.content_type,
            "size": file.size,
        }
        files.setdefault(file.message_id, []).append(described)  # type: ignore[arg-type]
    return files


async def _tickets(session: AsyncSession, notices: Iterable[Notice]) -> Mapping[str, Any]:
    payloads = [notice.event.payload for notice in notices]
    ids = {UUID(payload["ticket_id"]) for payload in payloads if "ticket_id" in payload}
    if not ids:
        return {}
    rows = await session.execute(
        select(Ticket.id, Ticket.number, Ticket.title).where(Ticket.id.in_(ids))
    )
    return {row.id.hex: row for row in rows}


async def _merged_into(
    session: AsyncSession, notices: Iterable[Notice]
) -> Mapping[UUID, UUID | None]:
    """Return who merged customers are known as now; None for one whose merge was undone."""
    ids = {
        UUID(notice.event.payload["customer_id"])
        for notice in notices
        if notice.type is WebhookEventType.CUSTOMER_MERGED
    }
    if not ids:
        return {}
    rows = await session.execute(
        select(Customer.id, Customer.merged_into_id).where(Customer.id.in_(ids))
    )
    return {row.id: row.merged_into_id for row in rows}


def _ticket_data(notice: Notice, tickets: Mapping[str, Any]) -> Values:
    payload = notice.event.payload
    state, row = payload["after"], tickets[payload["ticket_id"]]
    return {
        "ticket": {
            "id": encode_global_id(NodeKind.TICKET, row.id),
            "number": row.number,
            "title": row.title,
            "status": state["status"],
            "priority": state["priority"],
            "channel": state["channel"],
            "brandId": _global_id(NodeKind.BRAND, state["brand_id"]),
            "teamId": _global_id(NodeKind.TEAM, state["team_id"]),
            "assigneeId": _global_id(NodeKind.AGENT, state["assignee_id"]),
            "customerId": _global_id(NodeKind.CUSTOMER, state["customer_id"]),
            "companyId": _global_id(NodeKind.COMPANY, state["company_id"]),
            "tagIds": [_global_id(NodeKind.TAG, tag_id) for tag_id in state["tag_ids"]],
            "createdAt": _moment(datetime.fromisoformat(state["created_at"])),
        }
    }


def _customer(notice: Notice, merged_into: Mapping[UUID, UUID | None]) -> Values:
    payload = notice.event.payload
    state = payload["after"] or payload["before"]
    customer: Values = {
        "id": _global_id(NodeKind.CUSTOMER, notice.event.payload["customer_id"]),
        "name": state["name"],
        "email": state["email"],
        "phone": state["phone"],
        "companyId": _global_id(NodeKind.COMPANY, state["company_id"]),
        "company": state["company"],
        "createdAt": _moment(datetime.fromisoformat(state["created_at"])),
    }
    if payload["after"] is None:
        customer_id = merged_into.get(UUID(payload["customer_id"]))
        customer["mergedIntoId"] = (
            encode_global_id(NodeKind.CUSTOMER, customer_id) if customer_id else None
        )
    return customer


def _message(message: Row[Any], files: Sequence[Values]) -> Values:
    text = _cut(message.body)
    return {
        "id": encode_global_id(NodeKind.MESSAGE, message.id),
        "direction": message.direction,
        "channel": message.channel,
        "author": {
            "kind": message.author_kind,
            "id": _actor_id(message.author_kind, message.author_id),
        },
        "text": text,
        "isCut": text != message.body,
        "isAutomatic": message.is_automatic,
        "attachments": files,
        "delivery": message.delivery_state
        and {"state": message.delivery_state, "reason": message.delivery_failure},
        "createdAt": _moment(message.created_at),
    }


def _cut(text: str) -> str:
    """Return so much of the beginning of a text as fits into a body."""
    if len(orjson.dumps(text)) <= TEXT_BYTES_MAXIMUM:
        return text
    # The first length that is too much: JSON writes some characters with six bytes, most with one.
    lengths = range(len(text))
    too_long = bisect_right(
        lengths, TEXT_BYTES_MAXIMUM, key=lambda length: len(orjson.dumps(text[:length]))
    )
    return text[: too_long - 1]


def _change(change: Change) -> Values:
    kind = _REFERENCES.get(change["field"])
    told = {name: change[name] for name in ("field", "before", "after")}
    if kind is None:
        return told
    for name, public in (("before_id", "beforeId"), ("after_id", "afterId")):
        if name in change:
            told[public] = _global_id(kind, change[name])
    for name, public in (("before_ids", "beforeIds"), ("after_ids", "afterIds")):
        if name in change:
            told[public] = [_global_id(kind, row_id) for row_id in change[name]]
    return told


def _type_of(message: Row[Any]) -> WebhookEventType:
    if message.direction is MessageDirection.INCOMING:
        return WebhookEventType.MESSAGE_RECEIVED
    return WebhookEventType.MESSAGE_SENT


def _actor_id(kind: str, row_id: UUID | None) -> str | None:
    node_kind = _ACTORS.get(ActorKind(kind))
    return encode_global_id(node_kind, row_id) if node_kind and row_id else None


def _global_id(kind: NodeKind, row_hex: str | None) -> str | None:
    return encode_global_id(kind, UUID(row_hex)) if row_hex else None


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")

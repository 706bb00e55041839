"""What the event log holds of a row."""

from typing import Any

from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.agents import Agent
from models.api_tokens import ApiToken
from models.base import Base
from models.brands import Brand
from models.callbacks import Callback
from models.companies import Company
from models.customers import Customer
from models.event_topics import topic_named
from models.events import read_events
from models.rules import Rule
from models.tags import Tag
from models.teams import Team
from models.ticket_templates import TicketTemplate
from models.topics import Topic
from models.webhooks import Webhook
from tests.support.desk import World

_MODELS: dict[NodeKind, type[Base]] = {
    NodeKind.AGENT: Agent,
    NodeKind.API_TOKEN: ApiToken,
    NodeKind.BRAND: Brand,
    NodeKind.CALLBACK: Callback,
    NodeKind.COMPANY: Company,
    NodeKind.CUSTOMER: Customer,
    NodeKind.RULE: Rule,
    NodeKind.TAG: Tag,
    NodeKind.TEAM: Team,
    NodeKind.TICKET_TEMPLATE: TicketTemplate,
    NodeKind.TOPIC: Topic,
    NodeKind.WEBHOOK: Webhook,
}


async def history(world: World, node_id: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the types and the changed fields, as people read them, of all events of a row."""
    kind, row_id = decode_global_id(node_id)
    async with world.desk.database.reading() as connection:
        events = await read_events(connection, topic_named(_MODELS[kind], row_id), 0, 1_000)
    return [
        (
            event.type,
            [
                change(each["field"], each["before"], each["after"])
                for each in event.payload.get("changes", ())
            ],
        )
        for event in events
    ]


def change(field: str, before: str | None, after: str | None) -> dict[str, Any]:
    """Return one changed field as the log has it."""
    return {"field": field, "before": before, "after": after}


def unlike(node_id: str) -> str:
    """Return the id of a row of the same kind that does not exist."""
    kind, _row_id = decode_global_id(node_id)
    return encode_global_id(kind, new_id())

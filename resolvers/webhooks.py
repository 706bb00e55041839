"""Webhooks as admins see them, what they do with them, and what was sent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from core import clock
from core.errors import NotFound
from core.ids import NodeKind, new_id
from core.pages import by_moment
from models import brands
from models.base import Columns, project
from models.brands import Brand
from models.webhooks import (
    Webhook,
    WebhookBrand,
    WebhookDelivery,
    WebhookPosition,
    shows_delivery,
    visible_to,
)
from resolvers.access import require_admin, require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import pages_by_parent, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.links import rows_by_link
from resolvers.scope import Scope
from services import webhook_secrets, webhooks
from services.changes import Edit
from services.outgoing_events.bodies import ping_body
from services.outgoing_events.calls import Try
from services.outgoing_events.pausing import WebhookResumeFrom
from services.outgoing_events.replays import positions_before
from services.webhook_secrets import SecretRotation
from services.webhooks import NewWebhook, WithSecret

NEWEST_FIRST = by_moment(
    "created_at", WebhookDelivery.created_at, WebhookDelivery.id, descending=True
)

by_id = rows_by_id(Webhook, visible_to)
delivery_by_id = rows_by_id(WebhookDelivery, shows_delivery)
brands_of = rows_by_link(Brand, brands.visible_to, WebhookBrand.webhook_id, WebhookBrand.brand_id)
deliveries_of = same_for_audience(
    pages_by_parent(
        WebhookDelivery,
        WebhookDelivery.webhook_id,
        NEWEST_FIRST,
        limits=lambda viewer, only: [
            shows_delivery(viewer),
            *([] if only is None else [WebhookDelivery.state == only]),
        ],
    )
)


async def all_webhooks(scope: Scope, columns: Columns) -> Sequence[Row[Any]]:
    """Return all webhooks by name. Raises NotAllowed for all but admins."""
    require_admin(scope.viewer)
    statement = select(*project(Webhook, columns)).where(visible_to(scope.viewer))
    return await scope.fetch(statement.order_by(Webhook.name_key, Webhook.id))


async def one(scope: Scope, webhook_id: str, columns: Columns) -> Row[Any] | None:
    """Return a webhook, if there is one with this id. Raises NotAllowed for all but admins."""
    require_admin(scope.viewer)
    row_id = row_id_of(webhook_id, NodeKind.WEBHOOK, "id")
    return (await by_id(scope, [row_id], None, columns)).get(row_id)


@same_for_audience
async def positions_of(
    scope: Scope, webhook_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, Mapping[str, int]]:
    """Return how far webhooks have read the log, by topic."""
    statement = (
        select(WebhookPosition.webhook_id, WebhookPosition.topic, WebhookPosition.seq)
        .join(Webhook, Webhook.id == WebhookPosition.webhook_id)
        .where(visible_to(scope.viewer), WebhookPosition.webhook_id.in_(webhook_ids))
        .order_by(WebhookPosition.topic)
    )
    positions: dict[UUID, dict[str, int]] = {row_id: {} for row_id in webhook_ids}
    for row in await scope.fetch(statement):
        positions[row.webhook_id][row.topic] = row.seq
    return positions


async def create(scope: Scope, new: NewWebhook, idempotency_key: str | None) -> WithSecret:
    """Add a webhook."""
    require_signed_in(scope.viewer)
    calls = scope.resources.webhooks
    async with scope.unit_of_work() as work:
        return await webhooks.create(
            work, scope.viewer, calls, new, idempotency_key=idempotency_key
        )


async def update(
    scope: Scope, webhook_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Webhook, Edit]:
    """Edit a webhook; return it and what others had changed meanwhile."""
    row_id, calls = _parsed(scope, webhook_id), scope.resources.webhooks
    async with scope.unit_of_work() as work:
        return await webhooks.update(work, scope.viewer, calls, row_id, expected_version, wanted)


async def delete(scope: Scope, webhook_id: str) -> None:
    """Delete a webhook."""
    row_id = _parsed(scope, webhook_id)
    async with scope.unit_of_work() as work:
        await webhooks.remove(work, scope.viewer, row_id)


async def rotate_secret(
    scope: Scope, webhook_id: str, overlap_seconds: int, idempotency_key: str | None
) -> WithSecret:
    """Give a webhook a new secret."""
    rotation = SecretRotation(_parsed(scope, webhook_id), overlap_seconds)
    async with scope.unit_of_work() as work:
        return await webhook_secrets.rotate(
            work,
            scope.viewer,
            scope.resources.secrets,
            rotation,
            idempotency_key=idempotency_key,
        )


async def pause(scope: Scope, webhook_id: str) -> Webhook:
    """Tell a webhook nothing for now."""
    row_id = _parsed(scope, webhook_id)
    async with scope.unit_of_work() as work:
        return await webhooks.pause(work, scope.viewer, row_id)


async def resume(scope: Scope, webhook_id: str, where: WebhookResumeFrom) -> Webhook:
    """Let a paused webhook go on."""
    row_id = _parsed(scope, webhook_id)
    async with scope.unit_of_work() as work:
        return await webhooks.resume(work, scope.viewer, row_id, where)


async def replay(
    scope: Scope, webhook_id: str, since: Mapping[str, int] | datetime
) -> tuple[Webhook, int]:
    """Tell a webhook again what happened; return it and how many entries it reads again."""
    row_id = _parsed(scope, webhook_id)
    if isinstance(since, datetime):
        require_admin(scope.viewer)
        # A webhook may follow a thousand topics: they are looked through before anybody waits.
        since = await positions_before(await scope.connection(), row_id, since)
        await scope.let_go()
    async with scope.unit_of_work() as work:
        return await webhooks.replay(work, scope.viewer, row_id, since)


async def test(scope: Scope, webhook_id: str) -> Try:
    """Send a ping, and return how that went; no connection is kept meanwhile.

    Raises Unavailable where too many do.
    """
    row_id = _parsed(scope, webhook_id)
    require_admin(scope.viewer)
    found = await scope.fetch(
        select(Webhook.__table__).where(visible_to(scope.viewer), Webhook.id == row_id)
    )
    if not found:
        raise NotFound
    await scope.let_go()
    body = ping_body(row_id, clock.now())
    return await scope.resources.webhooks.test(found[0], f"ping_{new_id().hex}", body)


def _parsed(scope: Scope, webhook_id: str) -> UUID:
    require_signed_in(scope.viewer)
    return row_id_of(webhook_id, NodeKind.WEBHOOK, "input", "webhookId")

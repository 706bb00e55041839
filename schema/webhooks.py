"""Webhooks: other systems that are told what happens."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models import webhooks as rows
from models.webhooks import (
    WebhookDeliveryState,
    WebhookEventType,
    WebhookFailure,
    WebhookPauseReason,
)
from resolvers import webhooks
from resolvers.audiences import same_for_audience
from resolvers.scope import Scope
from schema.brands import Brand
from schema.fields import (
    Info,
    column,
    derived,
    derived_in_scope,
    relation,
    requested_columns,
)
from schema.nodes import FromRow, Node, node_id
from schema.pages import After, Before, Connection, First, Last, load_connection, page_arguments
from schema.registry import register
from schema.scalars import EventCursor
from services.outgoing_events.calls import Try
from subscriptions.log.cursors import encode_cursor

strawberry.enum(
    WebhookEventType,
    description="What webhooks are told of. Notes and stars are never among it.",
)
strawberry.enum(WebhookPauseReason, description="Why a webhook is told nothing for now.")
strawberry.enum(WebhookDeliveryState, description="How far a delivery to a webhook has come.")
strawberry.enum(WebhookFailure, description="Why a try to tell a webhook something failed.")


@strawberry.type(description="A try to tell a webhook something, and how it went.")
class WebhookTry:
    """A try to tell a webhook something, and how it went."""

    at: datetime = strawberry.field(description="When it began.")
    milliseconds: int = strawberry.field(description="How long it took.")
    status: int | None = strawberry.field(
        description="The HTTP status of the answer; null where there was none."
    )
    failure: WebhookFailure | None = strawberry.field(
        description="Why it failed; null where it succeeded."
    )

    @classmethod
    def of(cls, outcome: Try) -> "WebhookTry":
        """Return what is shown of a try."""
        return cls(
            at=outcome.at,
            milliseconds=outcome.milliseconds,
            status=outcome.status,
            failure=outcome.failure,
        )


@same_for_audience
def _place(row: Any, scope: Scope) -> EventCursor:
    return EventCursor(encode_cursor(scope.resources.epoch, {row.topic: row.seq}))


@strawberry.type(description="One thing that a webhook is told, and how that went. Kept 30 days.")
class WebhookDelivery(FromRow, Node):
    """One thing that a webhook is told, and how that went."""

    id: strawberry.ID = node_id(NodeKind.WEBHOOK_DELIVERY)
    webhook: "Webhook" = relation("Who is told.", webhooks.by_id, key="webhook_id")
    event_id: str = column(
        "The `webhook-id` of the request: the same in each try and each replay, so that a receiver "
        "knows what it has had."
    )
    type: WebhookEventType = column("What is told.")
    body: str = column("What is sent, as it is sent: JSON (docs/webhooks.md).")
    state: WebhookDeliveryState = column("How far it has come.")
    attempts: int = column("How many tries have ended since it was begun, or begun anew.")
    next_try_at: datetime | None = column("When it is tried next; null while nothing is to come.")
    tries: list[WebhookTry] = derived(
        "The last 16 tries, the oldest first.",
        lambda row: [WebhookTry.of(Try.of_json(kept)) for kept in row.tries],
        needs=("tries",),
    )
    cursor: EventCursor = derived_in_scope(
        "Its place among what the webhook is told: give it to `webhookReplay` as `after` to send "
        "again what came later in the same brand, or of customers.",
        _place,
        needs=("topic", "seq"),
    )
    created_at: datetime = column("When it was read in the log.")


@strawberry.type(
    description="A system that is told what happens, by HTTP. Its secret is shown once, to whom "
    "made it. For admins."
)
class Webhook(FromRow, Node):
    """A system that is told what happens, by HTTP."""

    id: strawberry.ID = node_id(NodeKind.WEBHOOK)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("What it is called.")
    url: str = column("Where it is.")
    allows_http: bool = column("Whether the URL may be an unencrypted one.")
    brands: list[Brand] = relation(
        "The brands whose tickets it is told of, by name.", webhooks.brands_of, key="id"
    )
    event_types: list[WebhookEventType] = derived(
        "What it is told of.",
        lambda row: [WebhookEventType(name) for name in row.event_types],
        needs=("event_types",),
    )
    failing_since: datetime | None = column(
        "Since when no try has succeeded; null while all is well. After a day it is paused."
    )
    paused_at: datetime | None = column("Since when it is told nothing; null while it is.")
    pause_reason: WebhookPauseReason | None = column("Why it is told nothing, if it is not.")
    previous_secret_until: datetime | None = column(
        "Until when secrets before the present one sign as well; null if there was none."
    )
    created_at: datetime = column("When it was added.")

    @strawberry.field(
        description="How far it has read what happens: what came before stands in `deliveries`, as "
        "far as it is told of that."
    )
    @same_for_audience
    async def event_cursor(self, info: Info) -> EventCursor:
        """Return the place of what it reads next."""
        positions = await info.context.load(webhooks.positions_of, self.row.id)
        return EventCursor(encode_cursor(info.context.resources.epoch, positions))

    @strawberry.field(description="What it was told, and is to be told, newest first.")
    @same_for_audience
    async def deliveries(
        self,
        info: Info,
        state: Annotated[
            WebhookDeliveryState | None, strawberry.argument(description="Only those so far.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[WebhookDelivery]:
        """Load a page of deliveries."""
        arguments = page_arguments(info, first, after, last, before, only=state)
        return await load_connection(info, webhooks.deliveries_of, self.row.id, arguments)


@strawberry.type
class WebhookQuery:
    """Reading webhooks."""

    @strawberry.field(description="All webhooks, by name. For admins.")
    async def webhooks(self, info: Info) -> list[Webhook]:
        """Load the webhooks."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        found = await webhooks.all_webhooks(info.context, columns)
        return [Webhook.from_row(row) for row in found]

    @strawberry.field(description="A webhook; null where there is none. For admins.")
    async def webhook(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The webhook.")],
    ) -> Webhook | None:
        """Load a webhook."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        found = await webhooks.one(info.context, id, columns)
        return None if found is None else Webhook.from_row(found)


register(NodeKind.WEBHOOK, Webhook, rows.Webhook, webhooks.by_id)
register(NodeKind.WEBHOOK_DELIVERY, WebhookDelivery, rows.WebhookDelivery, webhooks.delivery_by_id)

"""Defining webhooks, and sending again what they were told: for admins."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

from core.errors import FieldErrorCode, FieldProblem
from core.errors import ValidationFailed as InvalidInput
from core.ids import NodeKind
from models.webhooks import WebhookEventType
from resolvers import webhooks
from resolvers.links import linked_ids
from schema.errors import (
    EditConflict,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from schema.scalars import EventCursor
from schema.webhooks import Webhook, WebhookTry
from services.outgoing_events.pausing import WebhookResumeFrom
from services.webhooks import NewWebhook
from subscriptions.log.cursors import InvalidCursor, ResetReason, decode_cursor

NAME = "What it is called, at most 200 characters."
URL = (
    "Where it is: https unless `allowsHttp`, at most 2,000 characters. Private addresses are "
    "refused, and ports below 1024 other than 80 and 443."
)
ALLOWS_HTTP = "Whether the URL may be an unencrypted one: what is sent can then be read on its way."
EVENT_TYPES = (
    "What it is told of, at least one. Customers belong to no brand: it is told of all of them."
)
WEBHOOK = "The webhook."
SHOWN_ONCE = (
    "The secret that its requests are signed with (`whsec_…`): it is never shown again. Null where "
    "the idempotency key was used before."
)
WEBHOOK_NOW = "The webhook as it is now."


@strawberry.input(description="Whom to tell what happens.")
class WebhookCreateInput:
    """Whom to tell what happens."""

    name: str = strawberry.field(description=NAME)
    url: str = strawberry.field(description=URL)
    brand_ids: list[strawberry.ID] = strawberry.field(
        description="The brands whose tickets it is told of, at least one."
    )
    event_types: list[WebhookEventType] = strawberry.field(description=EVENT_TYPES)
    allows_http: bool = strawberry.field(default=False, description=ALLOWS_HTTP)
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def parsed(self) -> NewWebhook:
        """Return what the webhook is to be. Raises ValidationFailed for wrong ids."""
        brand_ids = linked_ids(self.brand_ids, NodeKind.BRAND, "brandIds")
        return NewWebhook(self.name, self.url, brand_ids, self.event_types, self.allows_http)


@strawberry.type(description="The webhook was added, and is told what happens from now on.")
class WebhookCreateSuccess:
    """The webhook was added."""

    webhook: Webhook = strawberry.field(description="The new webhook.")
    secret: str | None = strawberry.field(description=SHOWN_ONCE)


WebhookCreateResult = Annotated[
    WebhookCreateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union("WebhookCreateResult", description="The webhook, or why there is none."),
]


@strawberry.input(
    description="What to change of a webhook. Absent fields stay as they are, lists are replaced "
    "whole. What is added, it is told of from now on."
)
class WebhookUpdateInput:
    """What to change of a webhook."""

    webhook_id: strawberry.ID = strawberry.field(description=WEBHOOK)
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(default=strawberry.UNSET, description=NAME)
    url: str | None = strawberry.field(default=strawberry.UNSET, description=URL)
    brand_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All brands whose tickets it is told of from now on."
    )
    event_types: list[WebhookEventType] | None = strawberry.field(
        default=strawberry.UNSET, description=EVENT_TYPES
    )
    allows_http: bool | None = strawberry.field(default=strawberry.UNSET, description=ALLOWS_HTTP)

    def changes(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for wrong ids."""
        wanted = present(self, "name", "url", "brand_ids", "event_types", "allows_http")
        if wanted.get("brand_ids") is not None:
            wanted["brand_ids"] = linked_ids(wanted["brand_ids"], NodeKind.BRAND, "brandIds")
        return wanted


@strawberry.type(description="The webhook is as wanted.")
class WebhookUpdateSuccess:
    """The webhook is as wanted."""

    webhook: Webhook = strawberry.field(description=WEBHOOK_NOW)
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


WebhookUpdateResult = Annotated[
    WebhookUpdateSuccess | ValidationFailed | NotFound | NotAllowed | LimitReached | EditConflict,
    strawberry.union("WebhookUpdateResult", description="The webhook, or why nothing was changed."),
]


@strawberry.input(description="Which webhook to delete.")
class WebhookDeleteInput:
    """Which webhook to delete."""

    webhook_id: strawberry.ID = strawberry.field(description=WEBHOOK)


@strawberry.type(
    description="The webhook is gone, with its secret. Nothing is sent to it any more."
)
class WebhookDeleteSuccess:
    """The webhook is gone."""

    webhook_id: strawberry.ID = strawberry.field(description=WEBHOOK)


WebhookDeleteResult = Annotated[
    WebhookDeleteSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union(
        "WebhookDeleteResult", description="That it is gone, or why it is still there."
    ),
]


@strawberry.input(description="Which webhook gets a new secret.")
class WebhookSecretRotateInput:
    """Which webhook gets a new secret."""

    webhook_id: strawberry.ID = strawberry.field(description=WEBHOOK)
    overlap_seconds: int = strawberry.field(
        default=86_400,
        description="How many seconds the present secret signs as well, from 0 to 604,800 (a "
        "week): as long as the receiver needs to be given the new one. Those before it sign for no "
        "longer than that.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.type(description="Requests are signed with the new secret from now on.")
class WebhookSecretRotateSuccess:
    """Requests are signed with the new secret."""

    webhook: Webhook = strawberry.field(description=WEBHOOK_NOW)
    secret: str | None = strawberry.field(description=SHOWN_ONCE)


WebhookSecretRotateResult = Annotated[
    WebhookSecretRotateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union(
        "WebhookSecretRotateResult", description="The new secret, or why there is none."
    ),
]


@strawberry.input(description="Which webhook to try out.")
class WebhookTestInput:
    """Which webhook to try out."""

    webhook_id: strawberry.ID = strawberry.field(description=WEBHOOK)


@strawberry.type(description="A ping was sent: one try, also to a webhook that is paused.")
class WebhookTestSuccess:
    """A ping was sent."""

    outcome: WebhookTry = strawberry.field(description="How it went.")


WebhookTestResult = Annotated[
    WebhookTestSuccess | ValidationFailed | NotFound | NotAllowed | Unavailable,
    strawberry.union("WebhookTestResult", description="How it went, or why nothing was sent."),
]


@strawberry.input(description="Which webhook is to be told nothing for now.")
class WebhookPauseInput:
    """Which webhook is to be told nothing for now."""

    webhook_id: strawberry.ID = strawberry.field(description=WEBHOOK)


@strawberry.type(
    description="The webhook is told nothing now, and was perhaps told nothing before."
)
class WebhookPauseSuccess:
    """The webhook is told nothing now."""

    webhook: Webhook = strawberry.field(description=WEBHOOK_NOW)


WebhookPauseResult = Annotated[
    WebhookPauseSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("WebhookPauseResult", description="The webhook, or why nothing was done."),
]


strawberry.enum(WebhookResumeFrom, description="Where a paused webhook goes on.")


@strawberry.input(description="Which webhook is to go on.")
class WebhookResumeInput:
    """Which webhook is to go on."""

    webhook_id: strawberry.ID = strawberry.field(description=WEBHOOK)
    where: WebhookResumeFrom = strawberry.field(
        name="from",
        default=WebhookResumeFrom.WHERE_IT_STOPPED,
        description="Where it goes on: with all that happened meanwhile, without one entry of the "
        "log, or without all of it.",
    )


@strawberry.type(description="The webhook is told what happens. One that was not paused stays so.")
class WebhookResumeSuccess:
    """The webhook is told what happens."""

    webhook: Webhook = strawberry.field(description=WEBHOOK_NOW)


WebhookResumeResult = Annotated[
    WebhookResumeSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("WebhookResumeResult", description="The webhook, or why nothing was done."),
]


@strawberry.input(
    description="From where a webhook is told everything again: after a cursor, or from a moment."
)
class WebhookReplayInput:
    """From where a webhook is told everything again."""

    webhook_id: strawberry.ID = strawberry.field(description=WEBHOOK)
    after: EventCursor | None = strawberry.field(
        default=None,
        description="What came after this cursor: that of a delivery, of the webhook, or "
        "`inboxEventCursor`. Of other streams it says nothing.",
    )
    moment: datetime | None = strawberry.field(
        name="from",
        default=None,
        description="What happened from this moment on; up to a minute of what came before comes "
        "with it.",
    )

    def since(self, epoch: str) -> Mapping[str, int] | datetime:
        """Return positions, or a moment. Raises ValidationFailed unless there is one of them."""
        if self.moment is not None and self.after is not None:
            raise _refused("from", FieldErrorCode.NOT_ALLOWED_VALUE)
        if self.moment is not None:
            return self.moment
        if self.after is None:
            raise _refused("after", FieldErrorCode.REQUIRED)
        try:
            positions = decode_cursor(self.after, epoch)
        except InvalidCursor:
            raise _refused("after", FieldErrorCode.INVALID_CURSOR) from None
        if isinstance(positions, ResetReason):
            raise _refused("after", FieldErrorCode.INVALID_CURSOR)
        return positions


def _refused(field: str, code: FieldErrorCode) -> InvalidInput:
    return InvalidInput(FieldProblem(("input", field), code))


@strawberry.type(
    description="The webhook reads again what happened. What it had before comes under the same "
    "`webhook-id`; while it is paused nothing is sent."
)
class WebhookReplaySuccess:
    """The webhook reads again what happened."""

    webhook: Webhook = strawberry.field(description=WEBHOOK_NOW)
    entry_count: int = strawberry.field(
        description="How many entries of the log it reads again; it is not told of all of them."
    )


WebhookReplayResult = Annotated[
    WebhookReplaySuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("WebhookReplayResult", description="The webhook, or why nothing was done."),
]


@strawberry.type
class WebhookMutation:
    """Adding, editing, deleting and steering webhooks."""

    @strawberry.mutation(description="Add a webhook. For admins; there can be 50.")
    async def webhook_create(self, info: Info, input: WebhookCreateInput) -> WebhookCreateResult:
        """Add a webhook."""
        made = await webhooks.create(info.context, input.parsed(), input.idempotency_key)
        return WebhookCreateSuccess(webhook=Webhook.from_row(made.row), secret=made.secret)

    @strawberry.mutation(description="Edit a webhook. For admins.")
    async def webhook_update(self, info: Info, input: WebhookUpdateInput) -> WebhookUpdateResult:
        """Edit a webhook."""
        row, edit = await webhooks.update(
            info.context, input.webhook_id, input.expected_version, input.changes()
        )
        webhook = Webhook.from_row(row)
        return WebhookUpdateSuccess(webhook=webhook, merged_fields=edit.merged_fields)

    @strawberry.mutation(description="Delete a webhook. For admins.")
    async def webhook_delete(self, info: Info, input: WebhookDeleteInput) -> WebhookDeleteResult:
        """Delete a webhook."""
        await webhooks.delete(info.context, input.webhook_id)
        return WebhookDeleteSuccess(webhook_id=input.webhook_id)

    @strawberry.mutation(description="Give a webhook a new secret. For admins.")
    async def webhook_secret_rotate(
        self, info: Info, input: WebhookSecretRotateInput
    ) -> WebhookSecretRotateResult:
        """Give a webhook a new secret."""
        made = await webhooks.rotate_secret(
            info.context, input.webhook_id, input.overlap_seconds, input.idempotency_key
        )
        return WebhookSecretRotateSuccess(webhook=Webhook.from_row(made.row), secret=made.secret)

    @strawberry.mutation(description="Send a ping to a webhook, and see how that goes. For admins.")
    async def webhook_test(self, info: Info, input: WebhookTestInput) -> WebhookTestResult:
        """Send a ping."""
        outcome = await webhooks.test(info.context, input.webhook_id)
        return WebhookTestSuccess(outcome=WebhookTry.of(outcome))

    @strawberry.mutation(
        description="Tell a webhook nothing for now. Nothing is lost meanwhile. For admins."
    )
    async def webhook_pause(self, info: Info, input: WebhookPauseInput) -> WebhookPauseResult:
        """Tell a webhook nothing for now."""
        row = await webhooks.pause(info.context, input.webhook_id)
        return WebhookPauseSuccess(webhook=Webhook.from_row(row))

    @strawberry.mutation(description="Let a paused webhook go on. For admins.")
    async def webhook_resume(self, info: Info, input: WebhookResumeInput) -> WebhookResumeResult:
        """Let a paused webhook go on."""
        row = await webhooks.resume(info.context, input.webhook_id, input.where)
        return WebhookResumeSuccess(webhook=Webhook.from_row(row))

    @strawberry.mutation(description="Tell a webhook again what happened. For admins.")
    async def webhook_replay(self, info: Info, input: WebhookReplayInput) -> WebhookReplayResult:
        """Tell a webhook again what happened."""
        since = input.since(info.context.resources.epoch)
        row, again = await webhooks.replay(info.context, input.webhook_id, since)
        return WebhookReplaySuccess(webhook=Webhook.from_row(row), entry_count=again)

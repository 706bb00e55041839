"""Webhooks: whom the desk tells what happens. Admins define them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Self
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select

from core.errors import FieldErrorCode, FieldProblem, LimitReached, ValidationFailed
from core.secrets import SecretBox, SecretUnreadable
from core.text import fold
from models.base import NAME_CHARACTERS
from models.brands import Brand
from models.event_topics import customers_topic, inbox_topic, topic_of
from models.events import read_heads
from models.viewers import Viewer
from models.webhooks import (
    URL_CHARACTERS,
    Webhook,
    WebhookBrand,
    WebhookDelivery,
    WebhookEventType,
    WebhookPauseReason,
    WebhookPosition,
)
from services import links
from services.changes import Edit, apply_edit
from services.directory import find, once_of, record_changes, record_created, take_directory
from services.idempotency import create_once
from services.links import Link, LinkedRows
from services.lookups.urls import CallbackUrl, InvalidUrl
from services.outgoing_events import pausing
from services.outgoing_events.calls import WebhookCalls
from services.outgoing_events.pausing import WebhookResumeFrom
from services.outgoing_events.queue import skip_pending
from services.outgoing_events.replays import move_back
from services.outgoing_events.secrets import WebhookSecrets, new_secret, seal, unseal
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

WEBHOOKS_MAXIMUM = 50  # each reads the log by itself

WEBHOOK_BRANDS = Link(
    "brands", "brand_ids", "brandIds", WebhookBrand.webhook_id, WebhookBrand.brand_id, Brand
)
_FIELD_NAMES = {"allows_http": "allowsHttp", "event_types": "eventTypes"}


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """What a webhook is called, where it is, and what it is told."""

    name: str
    url: str
    brand_ids: Sequence[UUID]
    event_types: Sequence[WebhookEventType]
    allows_http: bool = False


@dataclass(frozen=True, slots=True)
class WithSecret:
    """A webhook and its new secret: None when the same call was answered before."""

    row: Webhook
    secret: str | None = field(repr=False)

    @classmethod
    def of(cls, row: Webhook, secret: str, box: SecretBox) -> Self:
        """Return a webhook with the secret that was made for it, unless it has another one."""
        try:
            present = unseal(box, row).present
        except SecretUnreadable:
            present = None
        return cls(row, secret if secret == present else None)


async def create(
    work: UnitOfWork,
    viewer: Viewer,
    calls: WebhookCalls,
    new: NewWebhook,
    *,
    idempotency_key: str | None = None,
) -> WithSecret:
    """Add a webhook, which is told what happens from now on. Its secret is shown this once."""
    await take_directory(work, viewer)
    secret = new_secret()
    once = once_of("webhookCreate", idempotency_key, new)
    insert_now = partial(_insert, work, calls, new, secret)
    shown = [Webhook.deleted_at.is_(None)]
    row = await create_once(work, once, Webhook, insert_now, shown=shown)
    return WithSecret.of(row, secret, calls.box)


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    calls: WebhookCalls,
    webhook_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Webhook, Edit]:
    """Edit a webhook; absent fields stay as they are, lists are replaced whole.

    Of a brand that is added it is told what happens from now on; of a brand or type that is taken
    away it is told nothing more, not even what is pending. Raises EditConflict where somebody
    else changed the same field since `expected_version`.
    """
    row = await take(work, viewer, webhook_id)
    check = InputCheck()
    cleaned = await _clean(work, check, wanted)
    check.raise_problems()
    brands_before = await links.hang_on(work, row, [WEBHOOK_BRANDS])
    edit = await apply_edit(work, row, expected_version, cleaned, field_names=_FIELD_NAMES)
    if {"url", "allowsHttp"} & {change.field for change in edit.changes}:
        _check_url(check, calls, row.url, allows_http=row.allows_http)
        check.raise_problems()
    if edit.changes:
        row.name_key = fold(row.name)
        await links.write(work, row, brands_before)
        await _follow(work, row.id, row.brands.ids)  # type: ignore[attr-defined]  # hung on
        await _skip_unwanted(work, row)
        record_changes(work, row, edit)
    return row, edit


async def remove(work: UnitOfWork, viewer: Viewer, webhook_id: UUID) -> None:
    """Delete a webhook and its secrets. Nothing is sent to it any more."""
    row = await take(work, viewer, webhook_id)
    row.deleted_at, row.sealed_secrets, row.previous_secret_until = work.now, None, None
    for table in (WebhookBrand, WebhookPosition):
        await work.session.execute(delete(table).where(table.webhook_id == row.id))
    work.record("WebhookDeleted", {"name": row.name}, topic=topic_of(row), versions=[row])


async def pause(work: UnitOfWork, viewer: Viewer, webhook_id: UUID) -> Webhook:
    """Tell a webhook nothing for now. Pausing a paused one changes nothing."""
    row = await take(work, viewer, webhook_id)
    if row.paused_at is None:
        await pausing.pause(work, row, WebhookPauseReason.BY_ADMIN)
    return row


async def resume(
    work: UnitOfWork, viewer: Viewer, webhook_id: UUID, where: WebhookResumeFrom
) -> Webhook:
    """Let a paused webhook go on. Others stay as they are."""
    row = await take(work, viewer, webhook_id)
    if row.paused_at is not None:
        await pausing.resume(work, row, where)
    return row


async def replay(
    work: UnitOfWork, viewer: Viewer, webhook_id: UUID, after: Mapping[str, int]
) -> tuple[Webhook, int]:
    """Tell a webhook again what stands in the log after these positions.

    Returns it with the number of entries that it reads again. Raises ValidationFailed where none of
    the positions is in what the webhook follows.
    """
    row = await take(work, viewer, webhook_id)
    positions = await _positions(work, row.id)
    wanted = {topic: seq for topic, seq in after.items() if topic in positions}
    if not wanted:
        raise ValidationFailed(FieldProblem(("input", "after"), FieldErrorCode.INVALID_CURSOR))
    again = move_back(positions, wanted)
    if again:
        work.record("WebhookReplayed", {"entries": again}, topic=topic_of(row), versions=[row])
    return row, again


async def take(work: UnitOfWork, viewer: Viewer, webhook_id: UUID) -> Webhook:
    """Lock a webhook for the act of an admin: workers write on its row as well."""
    await take_directory(work, viewer)
    row = await find(work, Webhook, webhook_id)
    await work.session.refresh(row, with_for_update=True)
    return row


async def _insert(
    work: UnitOfWork, calls: WebhookCalls, new: NewWebhook, secret: str, row_id: UUID
) -> Webhook:
    there = select(func.count()).where(Webhook.deleted_at.is_(None))
    if (await work.session.scalar(there) or 0) >= WEBHOOKS_MAXIMUM:
        raise LimitReached(WEBHOOKS_MAXIMUM)
    check = InputCheck()
    cleaned = await _clean(work, check, asdict(new))
    check.raise_problems()
    _check_url(check, calls, cleaned["url"], allows_http=cleaned["allows_http"])
    check.raise_problems()
    brands = cleaned.pop("brands")
    row = Webhook(
        id=row_id,
        name_key=fold(cleaned["name"]),
        sealed_secrets=seal(calls.box, row_id, WebhookSecrets(secret)),
        created_at=work.now,
        version=0,
        **cleaned,
    )
    work.session.add(row)
    await work.session.flush()
    await links.replace(work, WEBHOOK_BRANDS, row.id, LinkedRows(), brands)
    await _follow(work, row.id, brands.ids)
    record_created(work, row)
    return row


async def _clean(work: UnitOfWork, check: InputCheck, wanted: Mapping[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    if "name" in wanted:
        cleaned["name"] = check.line("name", wanted["name"], NAME_CHARACTERS)
    if "url" in wanted:
        cleaned["url"] = check.line("url", wanted["url"], URL_CHARACTERS)
    if "allows_http" in wanted:
        _require(check, "allowsHttp", wanted["allows_http"], instead_of=(None,))
        cleaned["allows_http"] = wanted["allows_http"]
    if "event_types" in wanted:
        _require(check, "eventTypes", wanted["event_types"], instead_of=(None, []))
        cleaned["event_types"] = sorted(set(wanted["event_types"] or ()))
    if "brand_ids" in wanted:
        _require(check, "brandIds", wanted["brand_ids"], instead_of=([],))
        cleaned["brands"] = await links.choose(work, check, WEBHOOK_BRANDS, wanted["brand_ids"])
    return cleaned


def _require(check: InputCheck, name: str, value: object, *, instead_of: Sequence[object]) -> None:
    if value in instead_of:
        check.refuse(name, FieldErrorCode.REQUIRED)


def _check_url(check: InputCheck, calls: WebhookCalls, text: str, *, allows_http: bool) -> None:
    try:
        url = CallbackUrl.parse(text)
    except InvalidUrl:
        check.refuse("url", FieldErrorCode.INVALID_FORMAT)
        return
    if url.placeholders:
        check.refuse("url", FieldErrorCode.INVALID_FORMAT)
    elif not calls.may_call(url) or (url.scheme == "http" and not allows_http):
        check.refuse("url", FieldErrorCode.NOT_ALLOWED_VALUE)


async def _positions(work: UnitOfWork, webhook_id: UUID) -> dict[str, WebhookPosition]:
    rows = await work.session.scalars(
        select(WebhookPosition).where(WebhookPosition.webhook_id == webhook_id)
    )
    return {row.topic: row for row in rows}


async def _follow(work: UnitOfWork, webhook_id: UUID, brand_ids: frozenset[UUID]) -> None:
    """Let a webhook follow these brands, and all customers: what is new to it, from now on."""
    topics = {customers_topic(), *map(inbox_topic, brand_ids)}
    followed = set(await _positions(work, webhook_id))
    await work.session.execute(
        delete(WebhookPosition).where(
            WebhookPosition.webhook_id == webhook_id, WebhookPosition.topic.not_in(topics)
        )
    )
    heads = await read_heads(await work.session.connection(), topics - followed)
    if heads:
        await work.session.execute(
            insert(WebhookPosition),
            [
                {"webhook_id": webhook_id, "topic": head.topic, "seq": head.sequence}
                for head in heads.values()
            ],
        )


async def _skip_unwanted(work: UnitOfWork, row: Webhook) -> None:
    followed = select(WebhookPosition.topic).where(WebhookPosition.webhook_id == row.id)
    wanted = [WebhookEventType(name) for name in row.event_types]
    is_unwanted = or_(WebhookDelivery.topic.not_in(followed), WebhookDelivery.type.not_in(wanted))
    await skip_pending(work, row.id, is_unwanted)

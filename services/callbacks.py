"""Callbacks: which lookups into the company's own systems there are. Admins define them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from core.errors import FieldErrorCode
from core.secrets import SecretBox
from core.text import fold
from models.base import NAME_CHARACTERS
from models.brands import Brand
from models.callbacks import Callback, CallbackBrand
from models.event_topics import topic_of
from models.viewers import Viewer
from services import links
from services.changes import Edit, apply_edit
from services.directory import find, record_changes, record_created, take_directory
from services.idempotency import Once, create_once
from services.links import Link, LinkedRows
from services.lookups.checks import check_whole, clean, require_secrets_anew
from services.lookups.definitions import Definition, Header
from services.lookups.secrets import Stored, definition_to_edit, stored_columns
from services.lookups.urls import CallbackUrl
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

CALLBACK_BRANDS = Link(
    "brands", "brand_ids", "brandIds", CallbackBrand.callback_id, CallbackBrand.brand_id, Brand
)
_FIELD_NAMES = {"allows_http": "allowsHttp", "timeout_milliseconds": "timeoutMilliseconds"}
_PARTS = tuple(part.name for part in fields(Definition))


@dataclass(frozen=True, slots=True)
class NewCallback:
    """What a callback is called, whose agents run it, and the parts of its definition."""

    name: str
    brand_ids: Sequence[UUID]
    parts: Mapping[str, Any] = field(repr=False)


@dataclass(slots=True)
class _Editable(Definition):
    """What can be edited of a callback: parts of the definition are not columns as they are."""

    id: UUID | None = None
    name: str = ""
    brands: LinkedRows = field(default_factory=LinkedRows)


async def create(
    work: UnitOfWork,
    viewer: Viewer,
    box: SecretBox,
    new: NewCallback,
    *,
    idempotency_key: str | None = None,
) -> Callback:
    """Add a callback. Its secrets are encrypted, and shown to nobody from then on."""
    await take_directory(work, viewer)
    once = None if idempotency_key is None else _once(idempotency_key, box, new)
    return await create_once(work, once, Callback, partial(_insert, work, box, new))


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    box: SecretBox,
    callback_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Callback, Edit]:
    """Edit a callback; absent fields stay as they are, lists are replaced whole.

    A secret header without a value keeps the one it has. Where the URL leads to another server, or
    the stored secrets cannot be read any more, all secrets are required anew: nobody can have the
    desk send them to a server of their own.

    Raises EditConflict where somebody else changed the same field since `expected_version`.
    """
    await take_directory(work, viewer)
    row = await find(work, Callback, callback_id)
    check = InputCheck()
    stored, is_readable = definition_to_edit(box, row)
    cleaned = await _clean(work, check, wanted, stored.headers.items)
    check.raise_problems()
    parts = {part: getattr(stored, part) for part in _PARTS}
    edited = _Editable(**parts, id=row.id, name=row.name)
    brands_before = await links.hang_on(work, edited, [CALLBACK_BRANDS])
    edit = await apply_edit(
        work, row, expected_version, cleaned, field_names=_FIELD_NAMES, fields=edited
    )
    check_whole(check, edited)
    if not is_readable or not _is_same_server(edited.url, row.url):
        require_secrets_anew(check, edited, wanted)
    check.raise_problems()
    if edit.changes:
        row.name, row.name_key = edited.name, fold(edited.name)
        for column, value in stored_columns(box, row.id, edited).items():
            setattr(row, column, value)
        await links.write(work, edited, brands_before)
        record_changes(work, row, edit)
    return row, edit


async def remove(work: UnitOfWork, viewer: Viewer, callback_id: UUID) -> None:
    """Delete a callback and its secrets; that it was there stays in the log."""
    await take_directory(work, viewer)
    row = await find(work, Callback, callback_id)
    work.record("CallbackDeleted", {"name": row.name}, topic=topic_of(row))
    await work.session.execute(delete(CallbackBrand).where(CallbackBrand.callback_id == row.id))
    await work.session.delete(row)


def draft_of(box: SecretBox, row: Stored | None, parts: Mapping[str, Any]) -> Definition:
    """Return the definition that an admin is trying out, checked like one that is saved.

    Secrets that are absent are those of the stored row, as in `update`. Raises ValidationFailed.
    """
    check = _DraftCheck()
    stored, is_readable = (None, True) if row is None else definition_to_edit(box, row)
    draft = Definition(**clean(check, parts, stored.headers.items if stored else ()))
    check.raise_problems()
    if stored is not None:
        if "secret" not in parts:
            draft = replace(draft, secret=stored.secret)
        if not is_readable or not _is_same_server(draft.url, stored.url):
            require_secrets_anew(check, draft, parts)
    check_whole(check, draft)
    check.raise_problems()
    return draft


class _DraftCheck(InputCheck):
    """Names the fields of a draft as they stand in the input of `callbackRun`."""

    def refuse(
        self,
        field: str,
        code: FieldErrorCode,
        limit: int | None = None,
        actual: int | None = None,
    ) -> None:
        """Note that a field of the draft is refused."""
        super().refuse(f"draft.{field}", code, limit, actual)


async def _insert(work: UnitOfWork, box: SecretBox, new: NewCallback, row_id: UUID) -> Callback:
    check = InputCheck()
    given = {"name": new.name, "brand_ids": new.brand_ids, **new.parts}
    cleaned = await _clean(work, check, given, kept=())
    check.raise_problems()
    definition = Definition(**{part: cleaned[part] for part in _PARTS if part in cleaned})
    check_whole(check, definition)
    check.raise_problems()
    row = Callback(
        id=row_id,
        name=cleaned["name"],
        name_key=fold(cleaned["name"]),
        created_at=work.now,
        version=0,
        **stored_columns(box, row_id, definition),
    )
    work.session.add(row)
    await work.session.flush()
    await links.replace(work, CALLBACK_BRANDS, row.id, LinkedRows(), cleaned["brands"])
    record_created(work, row)
    return row


async def _clean(
    work: UnitOfWork, check: InputCheck, wanted: Mapping[str, Any], kept: Sequence[Header]
) -> dict[str, Any]:
    cleaned = clean(check, wanted, kept)
    if "name" in wanted:
        cleaned["name"] = check.line("name", wanted["name"], NAME_CHARACTERS)
    if "brand_ids" in wanted:
        if wanted["brand_ids"] == []:
            check.refuse("brandIds", FieldErrorCode.REQUIRED)
        cleaned["brands"] = await links.choose(work, check, CALLBACK_BRANDS, wanted["brand_ids"])
    return cleaned


def _is_same_server(url: str, other_url: str) -> bool:
    return CallbackUrl.parse(url).origin == CallbackUrl.parse(other_url).origin


def _once(key: str, box: SecretBox, new: NewCallback) -> Once:
    """Return the key of a creation. Secrets tell inputs apart, too, but as digests only."""
    parts = dict(new.parts)
    if parts.get("secret") is not None:
        parts["secret"] = box.digest(parts["secret"])
    headers: Sequence[Header] = parts.get("headers") or ()
    parts["headers"] = [
        replace(header, value=box.digest(header.value or "")) if header.is_secret else header
        for header in headers
    ]
    told_apart = {"name": new.name, "brand_ids": new.brand_ids, "parts": parts}
    return Once(key, "callbackCreate", told_apart)

"""Brands: what admins set up before anything else."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from uuid import UUID

from core.errors import FieldErrorCode
from core.localization import LANGUAGES
from core.text import fold
from models.base import FREE_TEXT_CHARACTERS, NAME_CHARACTERS
from models.brands import UNDO_SECONDS_LIMIT, Brand
from models.viewers import Viewer
from services import unique_keys
from services.changes import Edit, apply_edit
from services.directory import (
    find,
    once_of,
    record_changes,
    record_created,
    take_directory,
)
from services.idempotency import create_once
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck


@dataclass(frozen=True, slots=True)
class NewBrand:
    """What a brand is to be."""

    name: str
    language: str
    email: str | None = None
    default_email_subject: str | None = None
    undo_seconds: int = 0


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewBrand, *, idempotency_key: str | None = None
) -> Brand:
    """Add a brand. Raises AlreadyExists with the brand that has the name, whatever its case."""
    await take_directory(work, viewer)
    once = once_of("brandCreate", idempotency_key, new)
    there = [Brand.deleted_at.is_(None)]
    return await create_once(work, once, Brand, partial(_insert, work, new), shown=there)


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    brand_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Brand, Edit]:
    """Edit fields of a brand; absent fields stay as they are.

    Raises EditConflict where somebody else changed the same field since `expected_version`.
    """
    await take_directory(work, viewer)
    brand = await find(work, Brand, brand_id)
    edit = await apply_edit(
        work,
        brand,
        expected_version,
        _clean(wanted),
        field_names={
            "default_email_subject": "defaultEmailSubject",
            "undo_seconds": "undoSeconds",
        },
    )
    await unique_keys.change(work, brand, Brand.name_key, fold(brand.name))
    record_changes(work, brand, edit)
    return brand, edit


async def _insert(work: UnitOfWork, new: NewBrand, row_id: UUID) -> Brand:
    cleaned = _clean(asdict(new))
    brand = Brand(
        id=row_id, name_key=fold(cleaned["name"]), created_at=work.now, version=0, **cleaned
    )
    await unique_keys.insert(work, brand, Brand.name_key)
    record_created(work, brand)
    return brand


def _clean(wanted: Mapping[str, Any]) -> dict[str, Any]:
    check = InputCheck()
    cleaned = dict(wanted)
    if "name" in cleaned:
        cleaned["name"] = check.line("name", cleaned["name"], NAME_CHARACTERS)
    if "language" in cleaned:
        check.choice("language", cleaned["language"], frozenset(LANGUAGES))
    if "email" in cleaned:
        cleaned["email"] = check.optional_email("email", cleaned["email"])
    if "default_email_subject" in cleaned:
        cleaned["default_email_subject"] = check.optional_line(
            "defaultEmailSubject", cleaned["default_email_subject"], FREE_TEXT_CHARACTERS
        )
    if "undo_seconds" in cleaned:
        _check_undo_seconds(check, cleaned["undo_seconds"])
    check.raise_problems()
    return cleaned


def _check_undo_seconds(check: InputCheck, seconds: int | None) -> None:
    if seconds is None:
        check.refuse("undoSeconds", FieldErrorCode.REQUIRED)
    elif not 0 <= seconds <= UNDO_SECONDS_LIMIT:
        bound = 0 if seconds < 0 else UNDO_SECONDS_LIMIT
        check.refuse("undoSeconds", FieldErrorCode.OUT_OF_RANGE, bound, seconds)

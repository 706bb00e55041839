"""The list of tags that tickets can have."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from core.text import fold
from models.base import TAG_CHARACTERS
from models.tags import Tag
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
class NewTag:
    """What a tag is to be called."""

    name: str


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewTag, *, idempotency_key: str | None = None
) -> Tag:
    """Add a tag. Raises AlreadyExists with the tag that has the name, whatever case and accents."""
    await take_directory(work, viewer)
    once = once_of("tagCreate", idempotency_key, new)
    there = [Tag.deleted_at.is_(None)]
    return await create_once(work, once, Tag, partial(_insert, work, new), shown=there)


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    tag_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Tag, Edit]:
    """Rename a tag; it stays on its tickets.

    Raises EditConflict where somebody else changed the same field since `expected_version`.
    """
    await take_directory(work, viewer)
    tag = await find(work, Tag, tag_id)
    edit = await apply_edit(work, tag, expected_version, _clean(wanted))
    await unique_keys.change(work, tag, Tag.name_key, fold(tag.name))
    record_changes(work, tag, edit)
    return tag, edit


async def _insert(work: UnitOfWork, new: NewTag, row_id: UUID) -> Tag:
    name = _clean({"name": new.name})["name"]
    tag = Tag(id=row_id, name=name, name_key=fold(name), created_at=work.now, version=0)
    await unique_keys.insert(work, tag, Tag.name_key)
    record_created(work, tag)
    return tag


def _clean(wanted: Mapping[str, Any]) -> dict[str, Any]:
    check = InputCheck()
    cleaned = dict(wanted)
    if "name" in cleaned:
        cleaned["name"] = check.line("name", cleaned["name"], TAG_CHARACTERS)
    check.raise_problems()
    return cleaned

"""Topics: what tickets of a brand can be about."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from core.errors import FieldErrorCode
from core.text import fold
from models.base import NAME_CHARACTERS
from models.topics import Topic
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
from services.references import refer_to_brand
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck


@dataclass(frozen=True, slots=True)
class NewTopic:
    """What a topic is to be called, and whose tickets it is for."""

    brand_id: UUID
    name: str


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewTopic, *, idempotency_key: str | None = None
) -> Topic:
    """Add a topic. Raises AlreadyExists with the brand's topic of that name."""
    await take_directory(work, viewer)
    once = once_of("topicCreate", idempotency_key, new)
    there = [Topic.deleted_at.is_(None)]
    return await create_once(work, once, Topic, partial(_insert, work, new), shown=there)


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    topic_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Topic, Edit]:
    """Rename a topic. It stays with its brand, since tickets of that brand have it.

    Raises EditConflict where somebody else changed the same field since `expected_version`.
    """
    await take_directory(work, viewer)
    topic = await find(work, Topic, topic_id)
    check = InputCheck()
    cleaned = dict(wanted)
    if "name" in cleaned:
        cleaned["name"] = check.line("name", cleaned["name"], NAME_CHARACTERS)
    check.raise_problems()
    edit = await apply_edit(work, topic, expected_version, cleaned)
    await unique_keys.change(
        work, topic, Topic.name_key, fold(topic.name), within=[Topic.brand_id == topic.brand_id]
    )
    record_changes(work, topic, edit)
    return topic, edit


async def _insert(work: UnitOfWork, new: NewTopic, row_id: UUID) -> Topic:
    check = InputCheck()
    name = check.line("name", new.name, NAME_CHARACTERS)
    if await refer_to_brand(work, new.brand_id) is None:
        check.refuse("brandId", FieldErrorCode.UNKNOWN_REFERENCE)
    check.raise_problems()
    topic = Topic(
        id=row_id,
        brand_id=new.brand_id,
        name=name,
        name_key=fold(name),
        created_at=work.now,
        version=0,
    )
    within = [Topic.brand_id == new.brand_id]
    await unique_keys.insert(work, topic, Topic.name_key, within=within)
    record_created(work, topic)
    return topic

"""Templates of tickets: making, editing and deleting them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete as delete_rows
from sqlalchemy import insert, select

from core.errors import NotAllowed, NotFound
from core.text import fold
from models import brands
from models.agents import Agent
from models.attachments import Attachment
from models.base import NAME_CHARACTERS
from models.event_topics import topic_of
from models.tags import Tag
from models.teams import Team
from models.ticket_templates import TicketTemplate, TicketTemplateTag, visible_to
from models.topics import Topic
from models.viewers import Viewer
from services import attachments, links, ticket_forms, unique_keys
from services.changes import Edit, apply_edit
from services.directory import once_of, record_changes, record_created
from services.idempotency import create_once
from services.links import Link, LinkedRows
from services.references import refer_to_brand, required_brand
from services.turns import take_turn
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

TEMPLATE_TAGS = Link(
    "tags", "tag_ids", "tagIds", TicketTemplateTag.template_id, TicketTemplateTag.tag_id, Tag
)
_PUBLIC_NAMES = {
    "topic_id": "topic",
    "email_subject": "emailSubject",
    "assignee_id": "assignee",
    "team_id": "team",
}
_REFERENCES: Mapping[str, Any] = {"topic_id": Topic, "assignee_id": Agent, "team_id": Team}


@dataclass(frozen=True, slots=True)
class NewTemplate:
    """What a template is to be called, for which brand, and what it fills in."""

    brand_id: UUID
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewTemplate, *, idempotency_key: str | None = None
) -> TicketTemplate:
    """Make a template. Raises AlreadyExists with the brand's template of that name."""
    if not viewer.is_agent:
        raise NotAllowed
    once = once_of("ticketTemplateCreate", idempotency_key, new)
    create_now = partial(_create, work, viewer, new)
    return await create_once(work, once, TicketTemplate, create_now, shown=[visible_to(viewer)])


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    template_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[TicketTemplate, Edit]:
    """Edit fields of a template; absent fields stay as they are, lists are replaced whole.

    Lists are compared as sets: another order of the same files is no edit.
    Raises EditConflict where somebody else changed the same field since `expected_version`, and
    AlreadyExists with the brand's template that has the name.
    """
    template = await _take(work, viewer, template_id)
    check = InputCheck()
    cleaned = await ticket_forms.clean(work, check, template.brand_id, wanted)
    if "name" in wanted:
        cleaned["name"] = check.line("name", wanted["name"], NAME_CHARACTERS)
    if "tag_ids" in wanted:
        cleaned["tags"] = await ticket_forms.choose_tags(work, check, wanted["tag_ids"])
    check.raise_problems()
    tags_before = await links.hang_on(work, template, [TEMPLATE_TAGS])
    files = wanted.get("attachment_ids") or ()
    if "attachment_ids" in wanted:
        cleaned["attachments"] = await _hang_on_files(work, template, files)
    edit = await apply_edit(
        work,
        template,
        expected_version,
        cleaned,
        field_names=_PUBLIC_NAMES,
        labels=await _names(work, template, cleaned),
    )
    if edit.changes:
        template.updated_at = work.now
    await unique_keys.change(
        work,
        template,
        TicketTemplate.name_key,
        fold(template.name),
        within=[TicketTemplate.brand_id == template.brand_id],
    )
    await links.write(work, template, tags_before)
    if any(change.field == "attachments" for change in edit.changes):
        await attachments.attach(work, files, template)
    record_changes(work, template, edit)
    return template, edit


async def delete(work: UnitOfWork, viewer: Viewer, template_id: UUID) -> None:
    """Delete a template: its name is free again, and its tickets and drafts stay as they are."""
    await remove(work, await _take(work, viewer, template_id))


async def remove(work: UnitOfWork, template: TicketTemplate) -> None:
    """Delete a template that the act has locked; its files stand nowhere then."""
    await attachments.attach(work, (), template)
    await work.session.execute(
        delete_rows(TicketTemplateTag).where(TicketTemplateTag.template_id == template.id)
    )
    await work.session.delete(template)
    work.record("TicketTemplateDeleted", {"name": template.name}, topic=topic_of(template))


async def take_names(work: UnitOfWork, brand_id: UUID) -> None:
    """Let nobody else name a template of the brand until the act ends.

    Two acts that exchange names would wait for each other for ever.
    """
    await take_turn(work, f"ticket_templates:{brand_id.hex}")


async def add(
    work: UnitOfWork,
    brand_id: UUID,
    name: str,
    values: Mapping[str, Any],
    tags: LinkedRows,
    *,
    row_id: UUID,
) -> TicketTemplate:
    """Write a template, whose name is taken in hand and whose values are clean, without files."""
    template = TicketTemplate(
        id=row_id,
        brand_id=brand_id,
        name=name,
        name_key=fold(name),
        author_kind=work.actor.kind,
        author_id=work.actor.id,
        created_at=work.now,
        updated_at=work.now,
        version=0,
        **values,
    )
    within = [TicketTemplate.brand_id == brand_id]
    await unique_keys.insert(work, template, TicketTemplate.name_key, within=within)
    if tags.ids:
        rows = [{"template_id": row_id, "tag_id": tag_id} for tag_id in sorted(tags.ids)]
        await work.session.execute(insert(TicketTemplateTag), rows)
    record_created(work, template)
    return template


async def _create(
    work: UnitOfWork, viewer: Viewer, new: NewTemplate, row_id: UUID
) -> TicketTemplate:
    brand = await required_brand(work, new.brand_id, brands.visible_to(viewer))
    await take_names(work, brand.id)
    check = InputCheck()
    name = check.line("name", new.name, NAME_CHARACTERS)
    values = await ticket_forms.clean(work, check, brand.id, new.values)
    tags = await ticket_forms.choose_tags(work, check, new.values.get("tag_ids"))
    check.raise_problems()
    template = await add(work, brand.id, name, values, tags, row_id=row_id)
    await attachments.attach(work, new.values.get("attachment_ids") or (), template)
    return template


async def _take(work: UnitOfWork, viewer: Viewer, template_id: UUID) -> TicketTemplate:
    """Lock a template, and the names of its brand before. Raises NotFound.

    The brand is shared first: the row refers to it, and who deletes the brand waits for the row.
    """
    is_meant = (visible_to(viewer), TicketTemplate.id == template_id)
    brand_id = await work.session.scalar(select(TicketTemplate.brand_id).where(*is_meant))
    if brand_id is None or await refer_to_brand(work, brand_id) is None:
        raise NotFound
    await take_names(work, brand_id)
    template = await work.session.scalar(select(TicketTemplate).where(*is_meant).with_for_update())
    if template is None:
        raise NotFound
    return template


async def _hang_on_files(
    work: UnitOfWork, template: TicketTemplate, wanted: Sequence[UUID]
) -> LinkedRows:
    """Give a template its files as an attribute, as `links.hang_on`; return the wanted ones."""
    attachments.refuse_too_many(wanted)
    files = await work.session.execute(
        select(Attachment.id, Attachment.filename.label("name"))
        .where(Attachment.template_id == template.id)
        .order_by(Attachment.position, Attachment.id)
    )
    before = {row.id: row.name for row in files}
    template.attachments = LinkedRows.named(tuple(before), before)  # type: ignore[attr-defined]
    names = await attachments.takeable(work, wanted, template)
    return LinkedRows.named(wanted, names)


async def _names(
    work: UnitOfWork, template: TicketTemplate, cleaned: Mapping[str, Any]
) -> dict[UUID, str]:
    """Return the names of what the template referred to, and is to refer to."""
    names: dict[UUID, str] = {}
    for attribute, model in _REFERENCES.items():
        if attribute in cleaned:
            ids = {getattr(template, attribute), cleaned[attribute]} - {None}
            found = await work.session.execute(
                select(model.id, model.name).where(model.id.in_(ids))
            )
            names.update((row.id, row.name) for row in found)
    return names

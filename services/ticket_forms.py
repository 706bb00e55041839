"""What the form of a ticket says, apart from whom it is for: tickets and templates share it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.errors import FieldErrorCode, LimitReached
from models.base import FREE_TEXT_CHARACTERS, is_there
from models.notes import NOTE_CHARACTERS
from models.tags import Tag
from models.ticket_templates import TicketTemplate
from models.tickets import TicketStatus
from models.topics import Topic
from services.assignees import choose_agent, choose_team
from services.links import LinkedRows
from services.references import refer_to
from services.ticket_tags import TAGS_PER_TICKET
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# What a template keeps in columns of its own; its tags and files are rows.
_COLUMNS = (
    "topic_id",
    "status",
    "priority",
    "title",
    "email_subject",
    "description",
    "assignee_id",
    "team_id",
)


def columns_of(row: TicketTemplate) -> dict[str, Any]:
    """Return the values of a form that are columns of a template."""
    return {name: getattr(row, name) for name in _COLUMNS}


async def clean(
    work: UnitOfWork, check: InputCheck, brand_id: UUID, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return those values of a form that are columns and were given; refuse wrong ones."""
    cleaned = {name: given[name] for name in _COLUMNS if name in given}
    for name, field in (("title", "title"), ("email_subject", "emailSubject")):
        if name in cleaned:
            cleaned[name] = check.optional_line(field, cleaned[name], FREE_TEXT_CHARACTERS)
    if "description" in cleaned:
        text = cleaned["description"]
        cleaned["description"] = check.optional_text("description", text, NOTE_CHARACTERS)
    # What is begun is not over: the customer is still to be answered, or has been just now.
    if cleaned.get("status") is TicketStatus.CLOSED:
        check.refuse("status", FieldErrorCode.NOT_ALLOWED_VALUE)
    await _check_topic(work, check, brand_id, cleaned.get("topic_id"))
    await choose_agent(work, check, brand_id, cleaned.get("assignee_id"))
    await choose_team(work, check, brand_id, cleaned.get("team_id"))
    return cleaned


async def choose_tags(
    work: UnitOfWork, check: InputCheck, tag_ids: Sequence[UUID] | None
) -> LinkedRows:
    """Return the tags that `tagIds` of an input names; refuse those that there are not.

    None of them is deleted before the act ends: see `services.references`. Raises LimitReached for
    a list of more than 50.
    """
    listed = tag_ids or ()
    if len(listed) > TAGS_PER_TICKET:
        raise LimitReached(TAGS_PER_TICKET)
    chosen = await work.session.execute(
        select(Tag.id, Tag.name)
        .where(Tag.id.in_(set(listed)), *is_there(Tag))
        .order_by(Tag.id)
        .with_for_update(read=True)
    )
    found = chosen.all()
    known = {tag.id for tag in found}
    for place, tag_id in enumerate(listed):
        if tag_id not in known:
            check.refuse(f"tagIds.{place}", FieldErrorCode.UNKNOWN_REFERENCE)
    return LinkedRows.of(found)


async def _check_topic(
    work: UnitOfWork, check: InputCheck, brand_id: UUID, topic_id: UUID | None
) -> None:
    if topic_id is None:
        return
    is_meant = (Topic.id == topic_id, Topic.brand_id == brand_id)
    if await refer_to(work, Topic, *is_meant) is None:
        check.refuse("topicId", FieldErrorCode.UNKNOWN_REFERENCE)

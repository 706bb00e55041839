"""Drafts of tickets: half-filled forms, kept for the agent who fills them in, and nobody else."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from core.errors import FieldErrorCode, FieldProblem, LimitReached, NotFound, ValidationFailed
from models.event_topics import ticket_drafts_topic, topic_of
from models.ticket_drafts import FORM_COLUMNS, TicketDraft, visible_to
from models.viewers import Viewer
from services import ticket_draft_revisions as revisions
from services.attachments import attach, takeable
from services.changes import Edit
from services.idempotency import Once, create_once
from services.interaction_lists import require_agent
from services.ticket_draft_forms import FIRST_STEP, clean, files_of, fill_in
from services.turns import take_turn
from services.unit_of_work import UnitOfWork

DRAFTS_PER_AGENT = 50  # more than anybody has begun at once


async def create(
    work: UnitOfWork, viewer: Viewer, typed: Mapping[str, Any], *, idempotency_key: str | None
) -> TicketDraft:
    """Keep a form that an agent has begun to fill in; `typed` has what is not empty any more.

    Raises NotAllowed for everybody but agents, LimitReached for one draft too many, and as `clean`
    and `attach` do.
    """
    agent_id = require_agent(viewer)
    wanted = clean(typed)
    once = None
    if idempotency_key is not None:
        once = Once(idempotency_key, "ticketDraftSave", dict(typed))
    begin = partial(_begin, work, viewer, agent_id, wanted)
    return await create_once(work, once, TicketDraft, begin, shown=[visible_to(viewer)])


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    draft_id: UUID,
    expected_version: int | None,
    typed: Mapping[str, Any],
) -> tuple[TicketDraft, Edit]:
    """Keep what was typed into a draft since; absent fields stay as they are.

    Raises NotFound for what is no draft of the viewer's, EditConflict where another tab of theirs
    changed the same field since `expected_version`, and as `clean` and `attach` do.
    """
    wanted = clean(typed)
    if expected_version is None:
        path = ("input", "expectedVersion")
        raise ValidationFailed(FieldProblem(path, FieldErrorCode.REQUIRED))
    draft = await _take(work, viewer, draft_id)
    return draft, await _write(work, viewer, draft, expected_version, wanted)


async def restore(
    work: UnitOfWork, viewer: Viewer, draft_id: UUID, revision_id: UUID, expected_version: int
) -> tuple[TicketDraft, Edit]:
    """Make of a draft what it was; files that have gone since stay away. Raises as `update`."""
    draft = await _take(work, viewer, draft_id)
    revision = await revisions.find(work, draft, revision_id)
    wanted = {column: getattr(revision, column) for column in FORM_COLUMNS}
    there = await takeable(work, revision.attachment_ids, draft)
    wanted["attachment_ids"] = tuple(filter(there.__contains__, revision.attachment_ids))
    return draft, await _write(work, viewer, draft, expected_version, wanted)


async def delete(work: UnitOfWork, viewer: Viewer, draft_id: UUID) -> None:
    """Delete a draft of the viewer's, with what it was; its files stand nowhere then.

    An act that makes a ticket of it deletes it before the ticket takes the files: whoever saves a
    draft locks it, then its files. Raises NotFound for what is no draft of theirs.
    """
    draft = await _take(work, viewer, draft_id)
    await attach(work, (), draft)
    await revisions.forget(work, draft)
    await work.session.delete(draft)
    topic = ticket_drafts_topic(draft.agent_id)
    work.record("TicketDraftDeleted", {"draft_id": draft.id.hex}, topic=topic)


async def _begin(
    work: UnitOfWork, viewer: Viewer, agent_id: UUID, wanted: Mapping[str, Any], row_id: UUID
) -> TicketDraft:
    await take_turn(work, ticket_drafts_topic(agent_id))
    own = select(func.count()).select_from(TicketDraft).where(TicketDraft.agent_id == agent_id)
    if (await work.session.scalar(own) or 0) >= DRAFTS_PER_AGENT:
        raise LimitReached(DRAFTS_PER_AGENT)
    draft = TicketDraft(
        id=row_id,
        agent_id=agent_id,
        step=FIRST_STEP,
        tag_ids=(),
        created_at=work.now,
        updated_at=work.now,
        version=0,
    )
    work.session.add(draft)
    await work.session.flush()
    edit = await _write(work, viewer, draft, 0, wanted)
    if not edit.changes:
        _tell(work, draft, edit)
    return draft


async def _take(work: UnitOfWork, viewer: Viewer, draft_id: UUID) -> TicketDraft:
    """Lock a draft of the viewer's. Raises NotFound, and NotAllowed for everybody but agents."""
    require_agent(viewer)
    draft = await work.session.scalar(
        select(TicketDraft)
        .where(TicketDraft.id == draft_id, visible_to(viewer))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if draft is None:
        raise NotFound
    work.happen_after(draft.updated_at)
    return draft


async def _write(
    work: UnitOfWork,
    viewer: Viewer,
    draft: TicketDraft,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> Edit:
    edit = await fill_in(work, viewer, draft, expected_version, wanted)
    typed = [change for change in edit.changes if change.field != "step"]
    if typed:
        await revisions.keep(work, draft, await files_of(work, draft), typed)
    if edit.changes:
        draft.updated_at = work.now
        _tell(work, draft, edit)
    return edit


def _tell(work: UnitOfWork, draft: TicketDraft, edit: Edit) -> None:
    """Write the event of a save: with its texts into the draft's own topic only."""
    event_id = work.record(
        "TicketDraftSaved",
        {"changes": [change.as_payload() for change in edit.changes]},
        topic=topic_of(draft),
        versions=[draft],
    )
    work.record(
        "TicketDraftSaved",
        {"draft_id": draft.id.hex, "fields": [change.field for change in edit.changes]},
        topic=ticket_drafts_topic(draft.agent_id),
        event_id=event_id,
    )

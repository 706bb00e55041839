"""What drafts were before: each save keeps one, so that nothing that was typed over is lost."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, delete, select

from core.errors import NotFound
from models.event_topics import topic_of
from models.events import Event, TopicHeadRow
from models.ticket_drafts import FORM_COLUMNS, TicketDraft, TicketDraftRevision
from services.changes import FieldChange
from services.ticket_draft_forms import TEXT_FIELDS
from services.unit_of_work import UnitOfWork

REVISIONS_PER_DRAFT = 100


async def keep(
    work: UnitOfWork,
    draft: TicketDraft,
    attachment_ids: Sequence[UUID],
    changes: Sequence[FieldChange],
) -> None:
    """Keep what a draft is after these changes; the oldest revisions give way.

    Forms are saved while one types. Where texts only went on there is nothing to go back to, so
    the newest revision goes on as well.
    """
    session = work.session
    revision = await session.scalar(_newest_first(draft).limit(1))
    if revision is None or not _went_on(revision, changes):
        fields = [change.field for change in changes]
        revision = TicketDraftRevision(draft_id=draft.id, fields=fields)
        session.add(revision)
    for column in FORM_COLUMNS:
        setattr(revision, column, getattr(draft, column))
    revision.attachment_ids = tuple(attachment_ids)
    revision.saved_at = work.now
    kept = _newest_first(draft).with_only_columns(TicketDraftRevision.id).limit(REVISIONS_PER_DRAFT)
    await session.execute(
        delete(TicketDraftRevision).where(
            TicketDraftRevision.draft_id == draft.id, TicketDraftRevision.id.not_in(kept)
        )
    )


async def find(work: UnitOfWork, draft: TicketDraft, revision_id: UUID) -> TicketDraftRevision:
    """Return a revision of a draft. Raises NotFound."""
    revision = await work.session.get(TicketDraftRevision, revision_id)
    if revision is None or revision.draft_id != draft.id:
        raise NotFound
    return revision


async def forget(work: UnitOfWork, draft: TicketDraft) -> None:
    """Delete what a draft was, before the draft is deleted itself; nothing that was typed stays.

    Its own part of the log goes, too: it is no history of anything, and no stream reads it. Only
    who has locked the draft writes there, so that nobody else waits for its counter.
    """
    topic = topic_of(draft)
    for rows in (
        delete(TicketDraftRevision).where(TicketDraftRevision.draft_id == draft.id),
        delete(Event).where(Event.topic == topic),
        delete(TopicHeadRow).where(TopicHeadRow.topic == topic),
    ):
        await work.session.execute(rows)


def _newest_first(draft: TicketDraft) -> Select[TicketDraftRevision]:
    return (
        select(TicketDraftRevision)
        .where(TicketDraftRevision.draft_id == draft.id)
        .order_by(TicketDraftRevision.saved_at.desc(), TicketDraftRevision.id.desc())
    )


def _went_on(revision: TicketDraftRevision, changes: Sequence[FieldChange]) -> bool:
    """Tell whether changes only add to the ends of texts that the revision has changed, too."""
    return all(
        change.field in TEXT_FIELDS
        and change.field in revision.fields
        and (change.after or "").startswith(change.before or "")
        for change in changes
    )

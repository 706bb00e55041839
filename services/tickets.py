"""What agents do with tickets: edit, close and reopen them."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select

from core.errors import FieldErrorCode, NotAllowed, NotFound
from models.base import FREE_TEXT_CHARACTERS, Versioned
from models.customers import Customer
from models.event_topics import inbox_topic, topic_of
from models.rules import Rule, RuleTrigger
from models.tags import TicketTag
from models.tickets import FINISHED_STATUSES, Ticket, TicketStatus, visible_to
from models.topics import Topic
from models.viewers import ApiScope, Viewer
from services import waiting
from services.automation.rulebook import in_force
from services.automation.triggers import RUN_RULES, triggers_of
from services.changes import Edit, FieldChange, apply_edit
from services.references import refer_to
from services.search import index_title
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck
from services.waiting import OPEN_STATUSES

Acts = Sequence[Mapping[str, Any]]


class TicketInHand:
    """A ticket locked by the act that changes it, and its state before; a new one has none.

    `moment` is when that happened which is written now: mail of the past does not make a ticket
    one that was updated just now, and no rules are tried after it: nobody waits for an answer.
    Without it the act happens after everything on the ticket.
    """

    def __init__(
        self,
        work: UnitOfWork,
        ticket: Ticket,
        *,
        is_new: bool = False,
        moment: datetime | None = None,
    ) -> None:
        self.ticket = ticket
        self.is_new = is_new
        self._work = work
        if moment is None and not is_new:
            work.happen_after(ticket.updated_at)
        self._moment = moment or work.now
        self._is_past = moment is not None
        self._before = None if is_new else state_of(ticket)
        self._status_before = ticket.status
        self._acts: list[dict[str, Any]] = []
        self._event_ids: dict[str, UUID] = {}
        self._tags_before: Collection[UUID] | None = None
        self._company_before: dict[str, Any] = {}
        self._relies_on_rules = False
        self._may_concern_rules: Callable[[Acts], bool] = lambda _acts: True

    def had_tags(self, tag_ids: Collection[UUID]) -> None:
        """Say which tags the ticket had: an act that changes them must, all others keep them.

        One that changes them several times says it before each; what it said first counts.
        """
        if self._tags_before is None:
            self._tags_before = tag_ids

    def had_company(self, company_id: UUID | None) -> None:
        """Say for whom the customer of the ticket worked, where the act gives it another one."""
        self._company_before = {"company_id": company_id.hex if company_id else None}

    def tell_rules_of(self, may_concern: Callable[[Acts], bool]) -> None:
        """Ask for a job only after acts that may concern a rule: who tries rules knows them.

        It is given the acts, each with its `type` and payload.
        """
        self._may_concern_rules = may_concern

    def record(
        self, event_type: str, payload: dict[str, Any], *, versions: Sequence[Versioned] = ()
    ) -> None:
        """Write an event into the ticket's topic; `versions` as in `UnitOfWork.record`."""
        self._event_ids[event_type] = self._work.record(
            event_type, payload, topic=topic_of(self.ticket), versions=[self.ticket, *versions]
        )
        self.ticket.updated_at = max(self.ticket.updated_at, self._moment)
        self._acts.append({"type": event_type, **payload})

    def record_changes(self, changes: list[FieldChange]) -> None:
        """Write the changed fields as one event. No change, no event."""
        if changes:
            self.record("TicketChanged", {"changes": [c.as_payload() for c in changes]})

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Undo what is done to the ticket inside, where it raises."""
        acts = len(self._acts)
        try:
            async with self._work.attempt():
                yield
        except BaseException:
            del self._acts[acts:]
            await self._work.session.refresh(self.ticket)
            raise

    def begin_as(self, status: TicketStatus) -> None:
        """Let a ticket that the act opens have had this status from the beginning."""
        self.ticket.status = status
        _set_closing_moment(self.ticket, self._work)

    def say_more(self, event_type: str, more: Mapping[str, Any]) -> None:
        """Add to what the act's last event of this type says."""
        self._work.amend(self._event_ids[event_type], more)

    def rely_on_rules(self) -> None:
        """Have rules tried after the act, though none be in force by then: it did as they would."""
        self._relies_on_rules = True

    def set_status(self, status: TicketStatus) -> bool:
        """Give the ticket another status; return whether it had another one."""
        before = self.ticket.status
        if before is status:
            return False
        self.ticket.status = status
        _set_closing_moment(self.ticket, self._work)
        self.record_changes([FieldChange("status", before, status)])
        return True

    async def finish(self) -> None:
        """Tell the brand's inbox what the act did, once, with the state before and after.

        The states are what filters and access depend on. Nobody waits at a ticket that is
        put aside, and perhaps somebody does once it is opened again. Where the brand has rules for
        what happened, they are tried in a job.
        """
        if not self._acts:
            return
        if (self._status_before in OPEN_STATUSES) is not (self.ticket.status in OPEN_STATUSES):
            await waiting.look_up(self._work.session, self.ticket)
        # The ticket's row is written once, with its version: nothing here reads what changed on it.
        triggers = triggers_of(self._acts)
        with self._work.session.no_autoflush:
            surroundings, has_rules = await _surroundings(self._work, self.ticket, triggers)
        has_rules = has_rules and self._may_concern_rules(self._acts)
        if (has_rules or self._relies_on_rules) and not self._is_past:
            self._ask_for_rules()
        surroundings_before = surroundings | self._company_before
        if self._tags_before is not None:
            surroundings_before |= {"tag_ids": _hexes(self._tags_before)}
        payload = {
            "ticket_id": self.ticket.id.hex,
            "before": None if self._before is None else self._before | surroundings_before,
            "after": state_of(self.ticket) | surroundings,
            "acts": [act["type"] for act in self._acts],
            # The message or note that each act is about, if it is about one.
            "items": [act.get("note_id") or act.get("message_id") for act in self._acts],
            "changes": [
                change
                for act in self._acts
                if "note_id" not in act  # what changed in a note is nothing that lists show
                for change in act.get("changes", ())
            ],
        }
        self._work.record("InboxChanged", payload, topic=inbox_topic(self.ticket.brand_id))

    def _ask_for_rules(self) -> None:
        """Mark from where on the ticket's events are to be tried, and ask for a job that does it.

        The mark is the truth and stays until that is done; the job is a hint. So a further job
        does no harm, and does the work of one that was given up.
        """
        if self.ticket.rules_after is None:
            self.ticket.rules_after = self.ticket.version
        self._work.enqueue(RUN_RULES, {"ticket_id": self.ticket.id.hex})


def state_of(ticket: Ticket) -> dict[str, Any]:
    """Return the part of a ticket's state that stands on its own row."""
    return {
        "status": ticket.status,
        "priority": ticket.priority,
        "channel": ticket.channel,
        "brand_id": ticket.brand_id.hex,
        "team_id": ticket.team_id.hex if ticket.team_id else None,
        "assignee_id": ticket.assignee_id.hex if ticket.assignee_id else None,
        "customer_id": ticket.customer_id.hex,
        "created_at": ticket.created_at.isoformat(),
        "updated_at": ticket.updated_at.isoformat(),
    }


async def full_state_of(work: UnitOfWork, ticket: Ticket) -> dict[str, Any]:
    """Return a ticket's whole state, as the inbox's entries in the log keep it."""
    with work.session.no_autoflush:
        surroundings, _has_rules = await _surroundings(work, ticket, ())
    return state_of(ticket) | surroundings


async def _surroundings(
    work: UnitOfWork, ticket: Ticket, triggers: Collection[RuleTrigger]
) -> tuple[dict[str, Any], bool]:
    """Return the part of a ticket's state that stands on other rows: acts on a ticket keep it.

    With it comes whether the brand has rules of these triggers: in one statement.
    """
    has_rules = exists().where(in_force(ticket.brand_id), Rule.trigger.in_(triggers))
    rows = (
        await work.session.execute(
            select(Customer.company_id, TicketTag.tag_id, has_rules.label("has_rules"))
            .outerjoin(TicketTag, TicketTag.ticket_id == ticket.id)
            .where(Customer.id == ticket.customer_id)
        )
    ).all()
    company_id = rows[0].company_id
    return {
        "company_id": company_id.hex if company_id else None,
        "tag_ids": _hexes(row.tag_id for row in rows if row.tag_id),
    }, rows[0].has_rules


def _hexes(ids: Iterable[UUID]) -> list[str]:
    return [row_id.hex for row_id in ids]


async def take(
    work: UnitOfWork, viewer: Viewer, ticket_id: UUID, *, scope: ApiScope = ApiScope.TICKETS_WRITE
) -> TicketInHand:
    """Lock a ticket for the act. Raises NotFound where the viewer does not see it."""
    ticket = await work.session.scalar(
        select(Ticket).where(visible_to(viewer), Ticket.id == ticket_id).with_for_update()
    )
    if ticket is None:
        raise NotFound
    if not viewer.may(scope):
        raise NotAllowed
    return TicketInHand(work, ticket)


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    ticket_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Ticket, Edit]:
    """Edit fields of a ticket; absent fields stay as they are.

    Raises EditConflict where somebody else changed the same field since `expected_version`.
    """
    hand = await take(work, viewer, ticket_id)
    ticket = hand.ticket
    cleaned = await _clean(work, ticket, wanted)
    edit = await _edit(work, ticket, expected_version, cleaned)
    _set_closing_moment(ticket, work)
    hand.record_changes(edit.changes)
    if any(change.field == "title" for change in edit.changes):
        await index_title(work.session, ticket.id, ticket.title)
    await hand.finish()
    return ticket, edit


async def close(work: UnitOfWork, viewer: Viewer, ticket_id: UUID) -> Ticket:
    """Close a ticket. Closing a closed one changes nothing."""
    return await _set_status(work, viewer, ticket_id, TicketStatus.CLOSED)


async def reopen(work: UnitOfWork, viewer: Viewer, ticket_id: UUID) -> Ticket:
    """Open a resolved or closed ticket again. Reopening an open one changes nothing."""
    return await _set_status(
        work, viewer, ticket_id, TicketStatus.OPEN, only_from=FINISHED_STATUSES
    )


async def _set_status(
    work: UnitOfWork,
    viewer: Viewer,
    ticket_id: UUID,
    status: TicketStatus,
    *,
    only_from: tuple[TicketStatus, ...] = tuple(TicketStatus),
) -> Ticket:
    hand = await take(work, viewer, ticket_id)
    if hand.ticket.status in only_from:
        hand.set_status(status)
    await hand.finish()
    return hand.ticket


def _set_closing_moment(ticket: Ticket, work: UnitOfWork) -> None:
    if ticket.status is not TicketStatus.CLOSED:
        ticket.closed_at = None
    elif ticket.closed_at is None:
        ticket.closed_at = work.now


async def _clean(work: UnitOfWork, ticket: Ticket, wanted: Mapping[str, Any]) -> dict[str, Any]:
    check = InputCheck()
    cleaned = dict(wanted)
    if "title" in cleaned:
        cleaned["title"] = check.line("title", cleaned["title"], FREE_TEXT_CHARACTERS)
    if "description" in cleaned:
        cleaned["description"] = check.optional_text(
            "description", cleaned["description"], FREE_TEXT_CHARACTERS
        )
    for field in ("status", "priority"):
        if field in cleaned and cleaned[field] is None:
            check.refuse(field, FieldErrorCode.REQUIRED)
    if cleaned.get("topic_id") is not None:
        is_meant = (Topic.id == cleaned["topic_id"], Topic.brand_id == ticket.brand_id)
        if await refer_to(work, Topic, *is_meant) is None:
            check.refuse("topicId", FieldErrorCode.UNKNOWN_REFERENCE)
    check.raise_problems()
    return cleaned


async def _edit(
    work: UnitOfWork, ticket: Ticket, expected_version: int, cleaned: Mapping[str, Any]
) -> Edit:
    labels: dict[UUID, str] = {}
    if "topic_id" in cleaned:
        topic_ids = [row_id for row_id in (ticket.topic_id, cleaned["topic_id"]) if row_id]
        topics = await work.session.scalars(select(Topic).where(Topic.id.in_(topic_ids)))
        labels = {topic.id: topic.name for topic in topics}
    return await apply_edit(
        work,
        ticket,
        expected_version,
        cleaned,
        field_names={"topic_id": "topic"},
        labels=labels,
    )

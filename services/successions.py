"""What an agent had open when they were deleted: others go on with it, so that nothing is lost.

Their reminders, the interactions on their open list with what they had typed there, and their
drafts of tickets go to whoever deleted them: an admin, who sees all of it.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, select, update

from models.agents import Agent, AgentRole
from models.attachments import Attachment
from models.event_topics import ticket_drafts_topic
from models.interactions import Interaction, InteractionEntry
from models.notes import Note, NoteReminder
from models.ticket_drafts import TicketDraft
from models.tickets import Ticket
from services import reminders
from services.changes import FieldChange
from services.interaction_forms import kept_in
from services.interaction_lists import InteractionInHand, entries_of, take_open_list
from services.notes_in_hand import NoteInHand, lock_note
from services.tickets import TicketInHand
from services.turns import take_turn
from services.unit_of_work import UnitOfWork

AT_ONCE = timedelta()
# Who has typed something themselves saves it within the day.
TRIED_AGAIN_AFTER = timedelta(days=1)


async def hand_on_next(work: UnitOfWork, agent: Agent) -> timedelta | None:
    """Hand on the next thing that the agent had open; return when to go on, None where that is all.

    It goes to the admin who acts. Where they were deleted, too, it goes to who was there first.
    """
    heir = (await work.session.scalars(_heirs(work))).one()
    if await _hand_on_reminder(work, agent, heir) or await _hand_on_draft(work, agent, heir):
        return AT_ONCE
    return await _hand_on_interaction(work, agent, heir)


def _heirs(work: UnitOfWork) -> Select[Agent]:
    """Select the first of the active admins, of whom there is always one."""
    return (
        select(Agent)
        .where(Agent.role == AgentRole.ADMIN, Agent.active)
        .order_by((Agent.id == work.actor.id).desc(), Agent.created_at, Agent.id)
        .limit(1)
    )


async def _hand_on_reminder(work: UnitOfWork, agent: Agent, heir: Agent) -> bool:
    """Let the next reminder that is not done remind the heir, anew if it was told already."""
    is_open = (NoteReminder.agent_id == agent.id, NoteReminder.done_at.is_(None))
    note_id = await work.session.scalar(
        select(Note.id)
        .join(NoteReminder, NoteReminder.note_id == Note.id)
        .where(*is_open, Note.deleted_at.is_(None))
        .order_by(Note.id)
        .limit(1)
    )
    if note_id is None:
        return False
    # While the job waits for the note it may be done, given to somebody else, or deleted.
    locked = await lock_note(work, Note.id == note_id, Note.deleted_at.is_(None))
    reminder = await work.session.scalar(
        select(NoteReminder).where(NoteReminder.note_id == note_id, *is_open)
    )
    if locked is not None and reminder is not None:
        note, owner = locked
        held = NoteInHand(work, note, _in_hand(work, owner) if isinstance(owner, Ticket) else owner)
        names = {agent.id: agent.name, heir.id: heir.name}
        await reminders.schedule(work, note, reminder.due_at, heir.id)
        await held.record_changes([FieldChange.between("remindWhom", agent.id, heir.id, names)])
    return True


def _in_hand(work: UnitOfWork, ticket: Ticket) -> TicketInHand:
    """Return a ticket on which nobody has worked: it is not updated by that."""
    work.happen_after(ticket.updated_at)
    return TicketInHand(work, ticket, moment=ticket.updated_at)


async def _hand_on_draft(work: UnitOfWork, agent: Agent, heir: Agent) -> bool:
    """Put the next draft on top of the heir's, who may take its files into a ticket."""
    topic = ticket_drafts_topic(heir.id)
    await take_turn(work, topic)
    draft = await work.session.scalar(
        select(TicketDraft)
        .where(TicketDraft.agent_id == agent.id)
        .order_by(TicketDraft.updated_at, TicketDraft.id)
        .limit(1)
        .with_for_update()
    )
    if draft is None:
        return False
    work.happen_after(draft.updated_at)
    draft.agent_id, draft.updated_at = heir.id, work.now
    await work.session.execute(
        update(Attachment).where(Attachment.draft_id == draft.id).values(uploader_id=heir.id)
    )
    work.record("TicketDraftSaved", {"draft_id": draft.id.hex, "fields": []}, topic=topic)
    return True


async def _hand_on_interaction(work: UnitOfWork, agent: Agent, heir: Agent) -> timedelta | None:
    """Put the next open interaction on the heir's open list, with what was typed into its form.

    Where the heir has typed other values into the same fields it stays where it is, until they have
    saved or discarded theirs.
    """
    await take_open_list(work, heir.id)
    waiting = None
    for interaction_id in await _open_of(work, agent):
        interaction = await work.session.get_one(Interaction, interaction_id, with_for_update=True)
        entries = await entries_of(work, interaction)
        hand = InteractionInHand(work, interaction, heir.id, entries)
        entry = next((each for each in entries if each.agent_id == agent.id), None)
        if entry is not None and entry.closed_at is None and _hand_on_entry(hand, entry):
            return AT_ONCE
        waiting = TRIED_AGAIN_AFTER
    return waiting


async def _open_of(work: UnitOfWork, agent: Agent) -> list[UUID]:
    found = await work.session.scalars(
        select(InteractionEntry.interaction_id)
        .where(InteractionEntry.agent_id == agent.id, InteractionEntry.closed_at.is_(None))
        .order_by(InteractionEntry.interaction_id)
    )
    return list(found)


def _hand_on_entry(hand: InteractionInHand, entry: InteractionEntry) -> bool:
    """Put an interaction on the heir's open list instead; False where text would be lost."""
    work, own = hand.work, hand.own_entry
    had_it_open = hand.is_on_own_open_list
    form = entry.form
    if own is not None and own.form is not None and form is not None:
        theirs, typed = kept_in(entry), kept_in(own)
        both = theirs.values.keys() & typed.values.keys()
        if any(theirs.values[name] != typed.values[name] for name in both):
            return False
        form = theirs.overlaid(typed).as_json()
    work.happen_after(max(each.opened_at for each in hand.entries))
    entry.closed_at, entry.form = work.now, None
    if not had_it_open:
        hand.enter()
        hand.tell_own_lists("InteractionReopened")
    elif form is not None:
        hand.tell_own_lists("InteractionChanged")
    own = hand.own_entry
    if own is not None and form is not None:
        own.form = form
    return True

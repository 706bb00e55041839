"""The journal of customers: whose rows became whose, so that each can be put back.

Two things move rows. A merge says that two customers are one person: all of the source's rows go.
A link says that one profile is somebody else's: what came in by that profile goes. Either way

    source, target = await hold(work, source_id, target_id)
    moved = await move(work, CustomerMoveKind.LINK, source, target, profile_ids=[profile.id])
    …
    await undo(work, moved, source, target)

writes down every row that moved, in a few statements however many they are, tells all who look at
them, and puts every row back. Before it writes, an act holds the customers as
`services.merging.holding` does.

Who moved as a whole is hidden from then on, and their id leads to the target. What
the customers' own streams hear of a part that moved is for the caller to record: they know the
claim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    exists,
    insert,
    literal,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm.attributes import set_committed_value

from core.errors import Unavailable
from core.ids import new_id
from models.channel_profiles import ChannelProfile
from models.customer_moves import (
    CustomerMove,
    CustomerMoveKind,
    MovedRow,
    went_along,
    written_down,
)
from models.customers import Customer
from models.event_topics import topic_of
from models.interactions import Interaction
from models.notes import Note
from models.notifications import Notification
from models.tickets import Ticket
from services import customer_lists, customers
from services.changes import FieldChange
from services.customer_lists import State
from services.merging import moved_forms, moved_notes
from services.merging.authors import return_authors
from services.merging.telling import tell_of_move
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork

# All columns that say whose a row is, in the order in which an act locks the rows. Who was merged
# into the source before goes along, so that each id leads to its customer by one step.
_WHOSE: Mapping[type[Any], InstrumentedAttribute[Any]] = {
    ChannelProfile: ChannelProfile.customer_id,
    Interaction: Interaction.customer_id,
    Customer: Customer.merged_into_id,
    Ticket: Ticket.customer_id,
    Note: Note.customer_id,
    Notification: Notification.customer_id,
}
# What comes in by a profile; all else is the customer's, whatever they write by.
_MOVING_IN_PART = (ChannelProfile, Interaction, Ticket)
MOVING = frozenset(f"{model.__tablename__}.{column.key}" for model, column in _WHOSE.items())
# What else refers to a customer: a chat shows its own visitor whoever they turned out to be, a code
# proves that somebody is the customer to whom it was sent and nobody else, words are made anew, and
# the journal says who it was.
STAYING = frozenset(
    {
        "chat.customer_id",
        "profile_verification.customer_id",
        "customer_term.customer_id",
        "customer_move.source_id",
        "customer_move.target_id",
    }
)


@dataclass(frozen=True, slots=True)
class MovedNotes:
    """What a move took along: the notes among it are told of, since their versions changed."""

    move: CustomerMove
    notes: Sequence[Note]


async def move(
    work: UnitOfWork,
    kind: CustomerMoveKind,
    source: Customer,
    target: Customer,
    *,
    profile_ids: Sequence[UUID] | None,
    hand: TicketInHand | None = None,
) -> CustomerMove:
    """Make rows of the source rows of the target; both are held.

    All rows move, or with `profile_ids` what came in by these profiles: their tickets, and the
    interactions about those. `hand` is a ticket that the act changes besides, and tells of it.
    """
    before = await customer_lists.states_of(work, [source, target])
    moved = await move_rows(work, kind, source, target, profile_ids)
    if profile_ids is None:
        record_merged(work, moved, source, target, [])
    await show_moved(work, source, target, before, [])
    await tell_of_move(work, moved.move, source, target, hand=hand)
    return moved.move


async def undo(work: UnitOfWork, move: CustomerMove, source: Customer, holder: Customer) -> None:
    """Put every row of a move back where it was; rows made since by its profiles go with them.

    What somebody has moved on since stays where it is now. A move that was undone stays undone.
    The caller holds both, and has asked `services.merging.undo_order` whether it is time.
    """
    if move.undone_at is not None:
        return
    before = await customer_lists.states_of(work, [source, holder])
    was_hidden = source.merged_into_id is not None
    notes = await return_rows(work, move, source, holder)
    if was_hidden:
        record_unmerged(work, MovedNotes(move, notes), source, holder, [])
    await show_returned(work, source, holder, before, [], was_hidden=was_hidden)
    await tell_of_move(work, move, holder, source)


async def move_rows(
    work: UnitOfWork,
    kind: CustomerMoveKind,
    source: Customer,
    target: Customer,
    profile_ids: Sequence[UUID] | None,
) -> MovedNotes:
    """Move rows and write them down, and tell nobody yet."""
    made = CustomerMove(
        id=new_id(),
        kind=kind,
        source_id=source.id,
        target_id=target.id,
        is_whole=profile_ids is None,
        source_name=source.name,
        kept={"forms": []},
        moved_by_kind=work.actor.kind,
        moved_by_id=work.actor.id,
        moved_at=work.now,
    )
    work.session.add(made)
    await work.session.flush()
    taken = await _write_down(work, made, source, profile_ids)
    notes: Sequence[Note] = []
    if Note in taken:
        notes = await moved_notes.move(work, written_down(made, Note), target)
    for model in taken:
        await _set(work, model, written_down(made, model), source, target)
    if Interaction in taken:
        forms = await moved_forms.forget_loaded(work, written_down(made, Interaction))
        made.kept = {"forms": forms}
    await _refuse_stragglers(work, source, profile_ids)
    if profile_ids is None:
        source.merged_into_id = target.id
    await _refresh_held(work)
    return MovedNotes(made, notes)


async def return_rows(
    work: UnitOfWork, move: CustomerMove, source: Customer, holder: Customer
) -> Sequence[Note]:
    """Put rows back, and tell nobody yet; return the notes among them."""
    notes = await moved_notes.move(
        work, went_along(move, Note) & (Note.customer_id == holder.id), source
    )
    for model in _WHOSE:
        await _set(work, model, went_along(move, model), holder, source)
    await moved_forms.recall_loaded(work, went_along(move, Interaction), move.kept["forms"])
    await return_authors(work, move, source, holder)
    if move.is_whole:
        source.merged_into_id = None
    move.undone_by_kind, move.undone_by_id = work.actor.kind, work.actor.id
    move.undone_at = work.now
    await _refresh_held(work)
    return notes


def record_merged(
    work: UnitOfWork,
    moved: MovedNotes,
    source: Customer,
    target: Customer,
    changes: Sequence[FieldChange],
) -> None:
    """Tell who looks at either customer that they are one; `changes` are those of the target."""
    _record_both(work, "CustomerMerged", moved, (source, target), changes)


def record_unmerged(
    work: UnitOfWork,
    moved: MovedNotes,
    source: Customer,
    target: Customer,
    changes: Sequence[FieldChange],
) -> None:
    """Tell who looks at either customer that they are two again."""
    _record_both(work, "CustomerUnmerged", moved, (source, target), changes)


async def show_moved(
    work: UnitOfWork,
    source: Customer,
    target: Customer,
    before: Mapping[UUID, State],
    changes: Sequence[FieldChange],
) -> None:
    """Let lists and searches find both customers as they are now; who was merged is in none."""
    if source.merged_into_id is None:
        await customers.show(work, source, before[source.id])
    else:
        await customers.hide(work, source, before[source.id])
    await customers.show(work, target, before[target.id], changes)


async def show_returned(
    work: UnitOfWork,
    source: Customer,
    target: Customer,
    before: Mapping[UUID, State],
    changes: Sequence[FieldChange],
    *,
    was_hidden: bool,
) -> None:
    """Let lists and searches find both customers again, each by themselves."""
    await customers.show(work, source, None if was_hidden else before[source.id])
    await customers.show(work, target, before[target.id], changes)


def _record_both(
    work: UnitOfWork,
    event_type: str,
    moved: MovedNotes,
    both: tuple[Customer, Customer],
    changes: Sequence[FieldChange],
) -> None:
    event_id = new_id()
    source, target = both
    into = FieldChange.between("mergedInto", None, target.id, {target.id: target.name})
    apart = FieldChange.between("mergedInto", target.id, None, {target.id: target.name})
    of_both = {
        source.id: [into if source.merged_into_id is not None else apart],
        target.id: changes,
    }
    about = {
        "move_id": moved.move.id.hex,
        "source_id": source.id.hex,
        "target_id": target.id.hex,
        "notes": [moved_notes.as_payload(note) for note in moved.notes],
    }
    # A link may be somebody's claim: who reads no customers hears of the profile, if at all.
    is_link = moved.move.kind is CustomerMoveKind.LINK
    for customer in both:
        payload: dict[str, Any] = about | {
            "changes": [one.as_payload() for one in of_both[customer.id]]
        }
        if is_link and customer is target:
            payload |= {"is_claimed": True}
        notes = [note for note in moved.notes if note.customer_id == customer.id]
        work.record(
            event_type,
            payload,
            topic=topic_of(customer),
            versions=[customer, *notes],
            event_id=event_id,
        )


def _wanted(model: type[Any], profile_ids: Sequence[UUID] | None) -> ColumnElement[bool]:
    """Limit rows of a customer to what came in by some profiles; None leaves all of them."""
    if profile_ids is None:
        return true()
    by_profiles = Ticket.profile_id.in_(profile_ids)
    if model is ChannelProfile:
        return ChannelProfile.id.in_(profile_ids)
    if model is Ticket:
        return by_profiles
    if model is Interaction:
        return Interaction.ticket_id.in_(select(Ticket.id).where(by_profiles))
    raise LookupError(model)


async def _write_down(
    work: UnitOfWork,
    move: CustomerMove,
    source: Customer,
    profile_ids: Sequence[UUID] | None,
) -> Sequence[type[Any]]:
    """Write down the rows that go along, and lock them; return of which tables there are any.

    They are locked in the order of `_WHOSE`, and those of a table in the order of their ids. A
    profile or an interaction that came up while the act waited for the customers, and that another
    act has in hand, is left out: to wait for it now could be to wait in a circle.
    """
    models = _WHOSE if profile_ids is None else _MOVING_IN_PART
    rows = [_rows_to_write(move, model, source, _wanted(model, profile_ids)) for model in models]
    names = ["move_id", "table_name", "row_id"]
    await work.session.execute(insert(MovedRow).from_select(names, union_all(*rows)))
    found = await work.session.scalars(
        select(MovedRow.table_name).where(MovedRow.move_id == move.id).distinct()
    )
    taken = set(found)
    return [model for model in models if model.__tablename__ in taken]


def _rows_to_write(
    move: CustomerMove, model: type[Any], source: Customer, which: ColumnElement[bool]
) -> Select[Any]:
    held = (
        select(model.id)
        .where(_WHOSE[model] == source.id, which)
        .order_by(model.id)
        .with_for_update(
            skip_locked=model in (ChannelProfile, Interaction), key_share=model is Customer
        )
        .subquery()
    )
    return select(literal(move.id), literal(model.__tablename__), held.c.id)


async def _refuse_stragglers(
    work: UnitOfWork, source: Customer, profile_ids: Sequence[UUID] | None
) -> None:
    """Raise Unavailable where something was left out: the next try has it from the beginning."""
    left = [
        exists().where(_WHOSE[model] == source.id, _wanted(model, profile_ids))
        for model in (ChannelProfile, Interaction)
    ]
    if await work.session.scalar(select(or_(*left))):
        raise Unavailable(retry_after_seconds=1)


async def _set(
    work: UnitOfWork,
    model: type[Any],
    which: ColumnElement[bool],
    whose: Customer,
    becomes: Customer,
) -> None:
    column = _WHOSE[model]
    await work.session.execute(
        update(model)
        .where(which, column == whose.id)
        .values({column: becomes.id})
        .execution_options(synchronize_session=False)
    )


async def _refresh_held(work: UnitOfWork) -> None:
    """Let the rows that the act has loaded say whose they are now."""
    await work.session.flush()
    loaded: list[Any] = list(work.session.sync_session.identity_map.values())
    for model, column in _WHOSE.items():
        held = {row.id: row for row in loaded if type(row) is model}
        if held:
            found = await work.session.execute(select(model.id, column).where(model.id.in_(held)))
            for row_id, whose in found:
                set_committed_value(held[row_id], column.key, whose)

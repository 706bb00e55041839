"""The journal of customers: whose rows became whose, so that each can be put back.

Two things move rows. A merge says that two customers are one person: all of the source's rows go.
A link says that one profile is somebody else's: what came in by that profile goes. Either way

    source, target = await hold(work, source_id, target_id)
    moved = await move(work, CustomerMoveKind.LINK, source, target, profile_ids=[profile.id])
    …
    await undo(work, moved)

writes down every row that moved, in a few statements however many they are, tells all who look at
them, and puts every row back. Before it writes, an act holds the customers by `hold` or
`hold_for_undo`: see "Locks" in docs/architecture.md.

Who moved as a whole is hidden from then on, and their id leads to the target (`is_known_as`). What
the customers' own streams hear of a part that moved is for the caller to record: they know the
claim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm.attributes import set_committed_value

from core.errors import NotFound, Unavailable
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
class MovedRows:
    """What a move took along: the notes among it are told of, since their versions changed."""

    move: CustomerMove
    notes: Sequence[Note]


async def hold(work: UnitOfWork, source_id: UUID, target_id: UUID) -> tuple[Customer, Customer]:
    """Lock two customers, and before them what of the source others lock before it.

    Raises NotFound where one of them does not exist.
    """
    await _lock(work, ChannelProfile, ChannelProfile.customer_id == source_id)
    await _lock(work, Interaction, Interaction.customer_id == source_id)
    return await _lock_both(work, source_id, target_id, Customer.merged_into_id == source_id)


async def hold_for_undo(work: UnitOfWork, move: CustomerMove) -> tuple[Customer, Customer]:
    """Lock the source of a move, and who has its rows now; and before them as `hold` does."""
    await _lock(work, ChannelProfile, went_along(move, ChannelProfile))
    await _lock(work, Interaction, went_along(move, Interaction))
    holder_id = await work.session.scalar(
        select(func.coalesce(Customer.merged_into_id, Customer.id)).where(
            Customer.id == move.target_id
        )
    )
    along = written_down(move, Customer)
    return await _lock_both(work, move.source_id, holder_id or move.target_id, along)


async def lock_tickets(work: UnitOfWork, *customer_ids: UUID) -> None:
    """Lock all tickets of customers, whom the act has locked, in the order that all acts keep."""
    await _lock(work, Ticket, Ticket.customer_id.in_(customer_ids))


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


async def undo(work: UnitOfWork, move: CustomerMove) -> None:
    """Put every row of a move back where it was; rows made since by its profiles go with them.

    What somebody has moved on since stays where it is now. A move that was undone stays undone.
    The caller has asked `services.merging.undo_order` whether it is time.
    """
    if move.undone_at is not None:
        return
    source, holder = await hold_for_undo(work, move)
    before = await customer_lists.states_of(work, [source, holder])
    was_hidden = source.merged_into_id is not None
    notes = await return_rows(work, move, source, holder)
    if was_hidden:
        record_unmerged(work, MovedRows(move, notes), source, holder, [])
    await show_returned(work, source, holder, before, [], was_hidden=was_hidden)
    await tell_of_move(work, move, holder, source)


async def move_rows(
    work: UnitOfWork,
    kind: CustomerMoveKind,
    source: Customer,
    target: Customer,
    profile_ids: Sequence[UUID] | None,
) -> MovedRows:
    """Move rows and write them down, and tell nobody yet."""
    made = CustomerMove(
        id=new_id(),
        kind=kind,
        source_id=source.id,
        target_id=target.id,
        is_whole=profile_ids is None,
        source_name=source.name,
        kept={},
        moved_by_kind=work.actor.kind,
        moved_by_id=work.actor.id,
        moved_at=work.now,
    )
    work.session.add(made)
    await work.session.flush()
    for model in _WHOSE:
        await _write_down(work, made, model, source, _wanted(model, profile_ids))
    notes = await moved_notes.move(work, written_down(made, Note), target)
    for model in _WHOSE:
        await _set(work, model, written_down(made, model), source, target)
    made.kept = {"forms": await moved_forms.forget_loaded(work, written_down(made, Interaction))}
    await _refuse_stragglers(work, source, profile_ids)
    if profile_ids is None:
        source.merged_into_id = target.id
    await _refresh_held(work)
    return MovedRows(made, notes)


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
    moved: MovedRows,
    source: Customer,
    target: Customer,
    changes: Sequence[FieldChange],
) -> None:
    """Tell who looks at either customer that they are one; `changes` are those of the target."""
    _record_both(work, "CustomerMerged", moved, (source, target), changes)


def record_unmerged(
    work: UnitOfWork,
    moved: MovedRows,
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
    moved: MovedRows,
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
    for customer in both:
        payload = about | {"changes": [one.as_payload() for one in of_both[customer.id]]}
        notes = [note for note in moved.notes if note.customer_id == customer.id]
        work.record(
            event_type,
            payload,
            topic=topic_of(customer),
            versions=[customer, *notes],
            event_id=event_id,
        )


async def _lock(work: UnitOfWork, model: type[Any], which: ColumnElement[bool]) -> None:
    """Lock rows in the order of their ids, without reading them."""
    held = select(model.id).where(which).order_by(model.id).with_for_update().subquery()
    await work.session.execute(select(func.count()).select_from(held))


async def _lock_both(
    work: UnitOfWork, source_id: UUID, target_id: UUID, along: ColumnElement[bool]
) -> tuple[Customer, Customer]:
    """Lock two customers, and those who go along since they were merged into one of them."""
    rows = await work.session.scalars(
        select(Customer)
        .where(or_(Customer.id.in_([source_id, target_id]), along))
        .order_by(Customer.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {customer.id: customer for customer in rows}
    if not {source_id, target_id} <= found.keys():
        raise NotFound
    return found[source_id], found[target_id]


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
    return false()


async def _write_down(
    work: UnitOfWork,
    move: CustomerMove,
    model: type[Any],
    source: Customer,
    which: ColumnElement[bool],
) -> None:
    """Write down the rows that go along, and lock them in the order of their ids.

    A profile or an interaction that came up while the act waited for the customers, and that
    another act has in hand, is left out: to wait for it now could be to wait in a circle.
    """
    held = (
        select(model.id)
        .where(_WHOSE[model] == source.id, which)
        .order_by(model.id)
        .with_for_update(
            skip_locked=model in (ChannelProfile, Interaction), key_share=model is Customer
        )
        .subquery()
    )
    rows = select(literal(move.id), literal(model.__tablename__), held.c.id)
    names = ["move_id", "table_name", "row_id"]
    await work.session.execute(insert(MovedRow).from_select(names, rows))


async def _refuse_stragglers(
    work: UnitOfWork, source: Customer, profile_ids: Sequence[UUID] | None
) -> None:
    """Raise Unavailable where something was left out: the next try has it from the beginning."""
    for model in (ChannelProfile, Interaction):
        left = select(exists().where(_WHOSE[model] == source.id, _wanted(model, profile_ids)))
        if await work.session.scalar(left):
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

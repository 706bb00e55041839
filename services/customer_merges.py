"""Two customers turn out to be one person, or not to be one after all."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from core.edit_conflicts import ConflictingField
from core.errors import (
    AlreadyMerged,
    FieldErrorCode,
    FieldProblem,
    NotAllowed,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from models import customers
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.customer_moves import CustomerMove, CustomerMoveKind, MovedRow, merges_visible_to
from models.customers import Customer
from models.interactions import Interaction
from models.notes import Note
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from services import customer_lists
from services.changes import FieldChange
from services.channel_profiles import Sender, take_handle
from services.company_people import heed_companies
from services.customer_tickets import tell_of_customers
from services.directory import once_of
from services.idempotency import create_once
from services.merging.fields import (
    KeptField,
    MergedField,
    MergeSide,
    differing,
    forget_unused,
    give_back,
    introduce_address,
    take_over,
)
from services.merging.holding import hold, hold_for_undo, lock_tickets
from services.merging.moves import (
    MovedNotes,
    move_rows,
    record_merged,
    record_unmerged,
    return_rows,
    show_moved,
    show_returned,
)
from services.merging.old_ids import conflict, is_of_old_one
from services.merging.telling import tell_of_move
from services.merging.undo_order import refuse_unmerge, since_when_hidden
from services.turns import take_turn_to_move
from services.unit_of_work import UnitOfWork
from services.waiting import OPEN_STATUSES

# By what a channel would know somebody.
_Contact = tuple[Channel, str]
_SHOWN_IN_INBOXES = {"name", "company"}


@dataclass(frozen=True, slots=True)
class MergeWish:
    """Who is to be merged into whom, and which values stay, by the names of fields.

    The versions are those on which this was decided, if they are told.
    """

    source_id: UUID
    target_id: UUID
    choices: Mapping[str, MergeSide] = field(default_factory=dict)
    source_version: int | None = None
    target_version: int | None = None


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge takes along, by the names of the API, and in which fields the two differ."""

    source_id: UUID
    target_id: UUID
    counts: Mapping[str, int]
    fields: Sequence[MergedField]


@dataclass(frozen=True, slots=True)
class Unmerged:
    """A merge that is undone, the customers by themselves, and which fields stay as they are."""

    move: CustomerMove
    source: Customer
    target: Customer
    kept: Sequence[KeptField]


async def preview(work: UnitOfWork, viewer: Viewer, wish: MergeWish) -> MergePreview:
    """Tell what `merge` would do, and do nothing. Raises as it does."""
    _check_right(viewer, wish)
    wish = await _as_known_now(work, viewer, wish)
    source = await work.session.get_one(Customer, wish.source_id)
    target = await work.session.get_one(Customer, wish.target_id)
    await _check_both(work, viewer, source, target)
    return await _preview(work, source, target, wish)


async def merge(
    work: UnitOfWork, viewer: Viewer, wish: MergeWish, *, idempotency_key: str | None = None
) -> CustomerMove:
    """Make all that is the source's the target's, and let the source's id lead to the target.

    Raises NotFound where the viewer does not see both, AlreadyMerged where one of them is merged
    already, and EditConflict where a value that wins was changed since the versions of the wish.
    """
    _check_right(viewer, wish)
    once = once_of("customerMerge", idempotency_key, wish)
    return await create_once(work, once, CustomerMove, partial(_merge, work, viewer, wish))


async def unmerge(work: UnitOfWork, viewer: Viewer, merge_id: UUID) -> Unmerged:
    """Make two customers of one again, as they were; undoing twice is undoing once.

    What came in since by the profiles of the source becomes the source's, and what people have
    changed since stays. Raises NewerMerge or NewerLink where something else is undone first.
    """
    await take_turn_to_move(work)
    await heed_companies(work)
    move = await work.session.scalar(
        select(CustomerMove).where(merges_visible_to(viewer), CustomerMove.id == merge_id)
    )
    if move is None:
        raise NotFound
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    source, target = await hold_for_undo(work, move)
    await work.session.refresh(move)
    if move.undone_at is not None:
        return Unmerged(move, source, target, [])
    await refuse_unmerge(work, viewer, move)
    await lock_tickets(work, target.id)
    return await _unmerge(work, move, source, target)


def preview_of(move: CustomerMove) -> MergePreview:
    """Return what a merge has taken along, and in which fields the two differed."""
    fields = [MergedField.from_json(one) for one in move.kept["fields"]]
    return MergePreview(move.source_id, move.target_id, move.kept["counts"], fields)


def _check_right(viewer: Viewer, wish: MergeWish) -> None:
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    _refuse_same(wish)


def _refuse_same(wish: MergeWish) -> None:
    if wish.source_id == wish.target_id:
        problem = FieldProblem(("input", "targetId"), FieldErrorCode.NOT_ALLOWED_VALUE)
        raise ValidationFailed(problem)


async def _as_known_now(work: UnitOfWork, viewer: Viewer, wish: MergeWish) -> MergeWish:
    """Return a wish with the ids of whom links have made of the customers.

    Who was merged stays as they are: `_check_both` says so.
    """
    source_id = await _known_now(work, viewer, wish.source_id, wish.source_version)
    target_id = await _known_now(work, viewer, wish.target_id, wish.target_version)
    known_now = replace(wish, source_id=source_id, target_id=target_id)
    _refuse_same(known_now)
    return known_now


async def _known_now(
    work: UnitOfWork, viewer: Viewer, customer_id: UUID, version: int | None
) -> UUID:
    """Return whose an id is now. Raises EditConflict where a version was loaded of another one."""
    old = await work.session.get(Customer, customer_id)
    if old is None:
        raise NotFound
    if old.merged_into_id is None:
        return old.id
    if (await since_when_hidden(work, old)).kind is CustomerMoveKind.MERGE:
        return old.id
    now = await work.session.scalar(
        select(Customer).where(customers.visible_to(viewer), Customer.id == old.merged_into_id)
    )
    if now is None:
        raise NotFound
    if version is not None and is_of_old_one(old, version):
        differing_fields = await differing(work, old, now, {})
        conflicts = [
            ConflictingField(one.field, one.source, one.target, None) for one in differing_fields
        ]
        raise await conflict(work, old, now, conflicts)
    return now.id


async def _check_both(work: UnitOfWork, viewer: Viewer, source: Customer, target: Customer) -> None:
    """Raise AlreadyMerged for who is somebody else by now, and NotFound for who is hidden."""
    for customer in (source, target):
        if customer.merged_into_id is not None:
            move = await since_when_hidden(work, customer)
            if move.kind is CustomerMoveKind.LINK:  # this moment: the next try knows who they are
                raise Unavailable(retry_after_seconds=1)
            standing = await work.session.scalar(
                select(CustomerMove).where(merges_visible_to(viewer), CustomerMove.id == move.id)
            )
            raise NotFound if standing is None else AlreadyMerged(standing)
    both = [source.id, target.id]
    seen = await work.session.scalars(
        select(Customer.id).where(customers.visible_to(viewer), Customer.id.in_(both))
    )
    if set(seen) != set(both):
        raise NotFound


async def _preview(
    work: UnitOfWork, source: Customer, target: Customer, wish: MergeWish
) -> MergePreview:
    tickets = await work.session.execute(
        select(
            func.count().label("tickets"),
            func.count().filter(Ticket.status.in_(OPEN_STATUSES)).label("open_tickets"),
            func.coalesce(func.sum(Ticket.message_count), 0).label("messages"),
            func.coalesce(func.sum(Ticket.favorite_count), 0).label("favorites"),
        ).where(Ticket.customer_id == source.id)
    )
    counts = {name: int(count) for name, count in tickets.mappings().one().items()}
    for name, whose, model_limits in (
        ("interactions", Interaction.customer_id, []),
        ("profiles", ChannelProfile.customer_id, []),
        ("notes", Note.customer_id, [Note.deleted_at.is_(None)]),
    ):
        counted = select(func.count()).where(whose == source.id, *model_limits)
        counts[name] = int(await work.session.scalar(counted) or 0)
    fields = await differing(work, source, target, wish.choices)
    return MergePreview(source.id, target.id, counts, fields)


async def _merge(work: UnitOfWork, viewer: Viewer, wish: MergeWish, _row_id: UUID) -> CustomerMove:
    taken = await _take_contacts(work, wish)
    await take_turn_to_move(work)
    await heed_companies(work)
    wish = await _as_known_now(work, viewer, wish)
    source, target = await hold(work, wish.source_id, wish.target_id)
    await _check_both(work, viewer, source, target)
    if not _contacts(source) | _contacts(target) <= taken:  # changed at this very moment
        raise Unavailable(retry_after_seconds=1)
    await lock_tickets(work, source.id, target.id)
    foreseen = await _preview(work, source, target, wish)
    before = await customer_lists.states_of(work, [source, target])
    contacts = _contacts(target)
    company_before = target.company_id
    changes, changed = await take_over(
        work,
        source,
        target,
        foreseen.fields,
        source_version=source.version if wish.source_version is None else wish.source_version,
        target_version=target.version if wish.target_version is None else wish.target_version,
    )
    await _tell_inboxes(work, target, company_before, changes)
    moved = await move_rows(work, CustomerMoveKind.MERGE, source, target, None)
    moved.move.kept = moved.move.kept | {
        "counts": dict(foreseen.counts),
        "fields": [asdict(one) for one in foreseen.fields],
        "changed": changed,
        "profiles": await _introduce(work, moved.move, source, target, contacts),
    }
    record_merged(work, moved, source, target, changes)
    await show_moved(work, source, target, before, changes)
    await tell_of_move(work, moved.move, source, target)
    return moved.move


async def _take_contacts(work: UnitOfWork, wish: MergeWish) -> set[_Contact]:
    """Let who writes for the first time by an address or a number of the two wait; return those.

    They may become profiles: of two acts that make one, the second would fail.
    """
    both = select(func.coalesce(Customer.merged_into_id, Customer.id)).where(
        Customer.id.in_([wish.source_id, wish.target_id])
    )
    rows = await work.session.execute(
        select(Customer.email, Customer.phone).where(Customer.id.in_(both))
    )
    taken: set[_Contact] = set().union(*(_contacts(row) for row in rows))
    for channel, handle in sorted(taken):
        await take_handle(work, Sender(channel, handle))
    return taken


def _contacts(customer: Any) -> set[_Contact]:
    contacts = ((Channel.EMAIL, customer.email), (Channel.PHONE, customer.phone))
    return {(channel, handle) for channel, handle in contacts if handle is not None}


async def _introduce(
    work: UnitOfWork,
    move: CustomerMove,
    source: Customer,
    target: Customer,
    of_target: set[_Contact],
) -> list[str]:
    """Let the target be known by addresses and numbers of either that stand in no field any more.

    Returns the profiles that were made for that. Those of the source go back with it.
    """
    of_source = _contacts(source)
    made = []
    for contact in sorted((of_source | of_target) - _contacts(target)):
        profile = await introduce_address(work, target, *contact)
        if profile is None:
            continue
        made.append(profile.id.hex)
        if contact in of_source:
            await work.session.execute(
                insert(MovedRow).values(
                    move_id=move.id, table_name=ChannelProfile.__tablename__, row_id=profile.id
                )
            )
    return made


async def _unmerge(
    work: UnitOfWork, move: CustomerMove, source: Customer, target: Customer
) -> Unmerged:
    before = await customer_lists.states_of(work, [target])
    company_before = target.company_id
    changes, kept = await give_back(work, source, target, move.kept["changed"])
    notes = await return_rows(work, move, source, target)
    await forget_unused(work, [UUID(one) for one in move.kept["profiles"]])
    record_unmerged(work, MovedNotes(move, notes), source, target, changes)
    await show_returned(work, source, target, before, changes, was_hidden=True)
    await _tell_inboxes(work, target, company_before, changes)
    await tell_of_move(work, move, target, source)
    return Unmerged(move, source, target, kept)


async def _tell_inboxes(
    work: UnitOfWork,
    target: Customer,
    company_before: UUID | None,
    changes: Sequence[FieldChange],
) -> None:
    """Tell lists of the target's own tickets what they show of the target."""
    if _SHOWN_IN_INBOXES & {change.field for change in changes}:
        await tell_of_customers(work, [target], company_before)

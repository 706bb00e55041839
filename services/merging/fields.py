"""What becomes of the fields of two customers who are merged, and how they become two again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.exc import IntegrityError

from core.ids import new_id
from core.text import address_key, fold
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.companies import Company
from models.customers import Customer
from services.changes import FieldChange, apply_edit, readable, refuse_if_changed
from services.handles import handle_key, has_handle
from services.unit_of_work import UnitOfWork

# The columns of a customer that people fill in, by the names that the API gives them.
FIELDS = {
    "name": "name",
    "email": "email",
    "phone": "phone",
    "language": "language",
    "company": "company_id",
}
_PUBLIC_NAMES = {column: field for field, column in FIELDS.items() if field != column}


class MergeSide(StrEnum):
    """Which of two customers: the one who is merged, or the one who stays."""

    SOURCE = "SOURCE"
    TARGET = "TARGET"


@dataclass(frozen=True, slots=True)
class MergedField:
    """A field in which two customers differ, as people read it, and whose value stays."""

    field: str
    source: str | None
    target: str | None
    wins: MergeSide

    @property
    def is_conflict(self) -> bool:
        """Whether both have a value, so that one of them goes."""
        return self.source is not None and self.target is not None

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return the field that was kept in the shape of `dataclasses.asdict`."""
        return cls(kept["field"], kept["source"], kept["target"], MergeSide(kept["wins"]))


@dataclass(frozen=True, slots=True)
class KeptField:
    """A field that stays as it is when a merge is undone, for it was changed since.

    `before` is what it was before the merge. Without a `value` the customer has none: somebody
    else has taken the address.
    """

    customer: Customer
    field: str
    value: str | None
    before: str | None


async def differing(
    work: UnitOfWork, source: Customer, target: Customer, choices: Mapping[str, MergeSide]
) -> list[MergedField]:
    """Return the fields in which two customers differ, and which value stays.

    That is the target's unless it was chosen otherwise. Nothing never wins over something.
    """
    names = await _company_names(work, source.company_id, target.company_id)
    fields = []
    for field, column in FIELDS.items():
        theirs, own = getattr(source, column), getattr(target, column)
        if theirs == own:
            continue
        wins = choices.get(field, MergeSide.TARGET)
        if theirs is None:
            wins = MergeSide.TARGET
        elif own is None:
            wins = MergeSide.SOURCE
        fields.append(MergedField(field, readable(theirs, names), readable(own, names), wins))
    return fields


async def take_over(
    work: UnitOfWork,
    source: Customer,
    target: Customer,
    fields: Sequence[MergedField],
    *,
    source_version: int,
    target_version: int,
) -> tuple[list[FieldChange], dict[str, Any]]:
    """Give the target the values of the source that win.

    Returns what changed of the target, and each changed column before and after, for
    `give_back`. Raises EditConflict where a value that wins, or one that it replaces, is another
    one than at these versions.
    """
    won = [FIELDS[one.field] for one in fields if one.wins is MergeSide.SOURCE]
    for column in won:
        name = _PUBLIC_NAMES.get(column, column)
        await refuse_if_changed(work, source, source_version, name, attribute=column)
    before = {column: getattr(target, column) for column in won}
    edit = await apply_edit(
        work,
        target,
        target_version,
        {column: getattr(source, column) for column in won},
        field_names=_PUBLIC_NAMES,
        labels=await _company_names(work, source.company_id, target.company_id),
    )
    # The address is free for the target, or for whoever says to have it.
    source.email_key = None
    await work.session.flush()
    if edit.changes:
        _settle(work, target)
    changed = {column: [_json(before[column]), _json(getattr(target, column))] for column in won}
    return edit.changes, changed


async def introduce_address(
    work: UnitOfWork, customer: Customer, channel: Channel, handle: str
) -> ChannelProfile | None:
    """Let a customer be known by an address or number that is theirs, and stands in no field.

    Returns the profile that it took; None where the channel knows somebody by it already.
    """
    known = select(ChannelProfile.id).where(has_handle(channel, handle))
    if await work.session.scalar(known) is not None:
        return None
    profile = ChannelProfile(
        id=new_id(),
        customer_id=customer.id,
        channel=channel,
        handle=handle,
        handle_key=handle_key(channel, handle),
        linked_at=work.now,
    )
    return profile if await work.insert_unique(profile) else None


async def forget_unused(work: UnitOfWork, profile_ids: Sequence[UUID]) -> None:
    """Delete profiles that a merge made, but for those by which something came in since."""
    for profile_id in profile_ids:
        try:
            async with work.session.begin_nested():
                await work.session.execute(
                    delete(ChannelProfile).where(ChannelProfile.id == profile_id)
                )
        except IntegrityError:
            continue  # a ticket refers to it


async def give_back(
    work: UnitOfWork, source: Customer, target: Customer, changed: Mapping[str, Sequence[Any]]
) -> tuple[list[FieldChange], list[KeptField]]:
    """Give both customers the fields that they had before they were merged.

    What people have changed since stays. Returns what changed of the target, and what stays.
    """
    values = {column: _from_json(column, pair) for column, pair in changed.items()}
    ids = [value for pair in values.values() for value in pair if isinstance(value, UUID)]
    names = await _company_names(work, target.company_id, *ids)
    changes, kept = [], []
    for column, (before, after) in values.items():
        field, now = _PUBLIC_NAMES.get(column, column), getattr(target, column)
        is_taken = column == "email" and await _is_taken(work, before, source, target)
        if now != after or is_taken:
            kept.append(KeptField(target, field, readable(now, names), readable(before, names)))
            continue
        setattr(target, column, before)
        changes.append(FieldChange.between(field, now, before, names))
    if changes:
        _settle(work, target)
    await work.session.flush()
    if await _is_taken(work, source.email, source):
        kept.append(KeptField(source, "email", None, source.email))
        source.email = None
    source.email_key = _email_key(source.email)
    return changes, kept


def _settle(work: UnitOfWork, customer: Customer) -> None:
    """Set what goes with the fields of a customer."""
    customer.name_key = fold(customer.name)
    customer.email_key = _email_key(customer.email)
    customer.updated_at = work.now


def _email_key(email: str | None) -> str | None:
    return address_key(email) if email else None


async def _is_taken(work: UnitOfWork, email: str | None, *but_for: Customer) -> bool:
    """Tell whether somebody else has an address by now."""
    if email is None:
        return False
    others = Customer.id.not_in([customer.id for customer in but_for])
    has_it: ColumnElement[bool] = exists().where(Customer.email_key == _email_key(email), others)
    return bool(await work.session.scalar(select(has_it)))


async def _company_names(work: UnitOfWork, *company_ids: UUID | None) -> dict[UUID, str]:
    rows = await work.session.execute(
        select(Company.id, Company.name).where(Company.id.in_(filter(None, company_ids)))
    )
    return {row.id: row.name for row in rows}


def _json(value: Any) -> Any:
    return value.hex if isinstance(value, UUID) else value


def _from_json(column: str, pair: Sequence[Any]) -> tuple[Any, Any]:
    before, after = pair
    if column == "company_id":
        return (before and UUID(before), after and UUID(after))
    return before, after

"""Customers under the id of somebody who is them by now, since a merge or a link.

The id leads on, but a version that was loaded under it may be one of the other customer's, and says
nothing of what is written over. Only one that the other never had is surely the customer's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from core.edit_conflicts import ConflictingField, EditConflict
from models.customers import Customer
from services.changes import readable
from services.merging.undo_order import since_when_hidden
from services.unit_of_work import UnitOfWork


def is_of_old_one(old: Customer, version: int) -> bool:
    """Tell whether a version that was loaded by an old id may be one of who had that id."""
    return version <= old.version


async def refuse_old_form(
    work: UnitOfWork,
    old: Customer,
    customer: Customer,
    wanted: Mapping[str, Any],
    names: Mapping[str, str],
    labels: Mapping[UUID, str],
) -> None:
    """Raise EditConflict where what was typed over somebody else's values would change anything.

    What is left as it was loaded is no edit. `names` and `labels` are those of `apply_edit`.
    """
    conflicts = [
        ConflictingField(
            names.get(attribute, attribute),
            readable(getattr(old, attribute), labels),
            readable(getattr(customer, attribute), labels),
            readable(value, labels),
        )
        for attribute, value in wanted.items()
        if value not in (getattr(old, attribute), getattr(customer, attribute))
    ]
    if conflicts:
        raise await conflict(work, old, customer, conflicts)


async def conflict(
    work: UnitOfWork, old: Customer, customer: Customer, fields: Sequence[ConflictingField]
) -> EditConflict:
    """Return the conflict with whoever made a customer somebody else."""
    move = await since_when_hidden(work, old)
    changed_by = (move.moved_by_kind, move.moved_by_id)
    return EditConflict(
        current=customer,
        current_version=customer.version,
        changed_by=changed_by,
        changed_at=move.moved_at,
        fields=fields,
        by_editor=changed_by == (work.actor.kind, work.actor.id),
    )

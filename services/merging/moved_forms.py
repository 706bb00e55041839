"""What agents have typed into the forms of customers whose rows move.

A form names the version of the customer that was loaded into it. Versions of another customer say
nothing of this one: to save over them could overwrite what colleagues have changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from models.interactions import Interaction, InteractionEntry
from services.unit_of_work import UnitOfWork


async def forget_loaded(work: UnitOfWork, which: ColumnElement[bool]) -> list[dict[str, Any]]:
    """Let forms of these interactions be about no version; return which each was about."""
    forgotten = []
    for entry, form in await _forms(work, which):
        if form["expected_version"] is not None:
            forgotten.append(
                {
                    "agent_id": entry.agent_id.hex,
                    "interaction_id": entry.interaction_id.hex,
                    "expected_version": form["expected_version"],
                }
            )
            entry.form = form | {"expected_version": None}
    return forgotten


async def recall_loaded(
    work: UnitOfWork, which: ColumnElement[bool], forgotten: Sequence[Mapping[str, Any]]
) -> None:
    """Let forms be about the version again that they were about before they were moved."""
    versions = {
        (UUID(one["agent_id"]), UUID(one["interaction_id"])): one["expected_version"]
        for one in forgotten
    }
    for entry, form in await _forms(work, which):
        was_loaded_since = form["expected_version"] is not None
        version = versions.get((entry.agent_id, entry.interaction_id))
        entry.form = form | {"expected_version": None if was_loaded_since else version}


async def _forms(
    work: UnitOfWork, which: ColumnElement[bool]
) -> list[tuple[InteractionEntry, dict[str, Any]]]:
    entries = await work.session.scalars(
        select(InteractionEntry)
        .where(
            InteractionEntry.interaction_id.in_(select(Interaction.id).where(which)),
            InteractionEntry.form.is_not(None),
        )
        .order_by(InteractionEntry.interaction_id, InteractionEntry.agent_id)
    )
    return [(entry, entry.form) for entry in entries if entry.form is not None]

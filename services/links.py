"""Sets of rows that belong to a row: a team's members, an agent's brands."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import FieldErrorCode, LimitReached
from core.text import fold
from models.agents import Agent
from models.api_tokens import ApiTokenBrand
from models.base import is_there
from models.brands import Brand, BrandMember
from models.teams import Team, TeamBrand, TeamMember
from services.changes import Edit, FieldChange
from services.directory import record_changes
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# Far above any desk, and far below the number of parameters that a statement can carry.
LINKS_PER_ROW = 1_000

# What stands for the name of a row that the viewer does not see.
HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class Link:
    """A table of pairs: the column of the owning row, the column of the linked rows, their model.

    `name` is the field that shows the set, `input_name` the one that sets it, in Python `argument`.
    """

    name: str
    argument: str
    input_name: str
    owner: InstrumentedAttribute[UUID]
    linked: InstrumentedAttribute[UUID]
    model: Any


_BRANDS = ("brands", "brand_ids", "brandIds")
TEAM_BRANDS = Link(*_BRANDS, TeamBrand.team_id, TeamBrand.brand_id, Brand)
AGENT_BRANDS = Link(*_BRANDS, BrandMember.agent_id, BrandMember.brand_id, Brand)
API_TOKEN_BRANDS = Link(*_BRANDS, ApiTokenBrand.api_token_id, ApiTokenBrand.brand_id, Brand)
TEAM_MEMBERS = Link(
    "members", "member_ids", "memberIds", TeamMember.team_id, TeamMember.agent_id, Agent
)
AGENT_TEAMS = Link("teams", "team_ids", "teamIds", TeamMember.agent_id, TeamMember.team_id, Team)

# A membership is a change of the team and of the agent: whoever edits either must learn of it.
_OTHER_SIDE = {TEAM_MEMBERS: AGENT_TEAMS, AGENT_TEAMS: TEAM_MEMBERS}


@dataclass(frozen=True, slots=True)
class LinkedRows:
    """A set of rows; as text, their names in order."""

    ids: frozenset[UUID] = frozenset()
    names: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, rows: Iterable[Any]) -> Self:
        """Return the set of these rows, each with `id` and `name`."""
        ordered = sorted(rows, key=lambda row: (fold(row.name), row.id))
        return cls(frozenset(row.id for row in ordered), tuple(row.name for row in ordered))

    @classmethod
    def named(cls, ids: Sequence[UUID], names: Mapping[UUID, str]) -> Self:
        """Return the set of the rows with these ids, the names in their order."""
        shown = (names.get(row_id, HIDDEN) for row_id in dict.fromkeys(ids))
        return cls(frozenset(ids), tuple(shown))

    def __str__(self) -> str:
        return ", ".join(self.names)


async def choose(
    work: UnitOfWork, check: InputCheck, link: Link, ids: Sequence[UUID] | None
) -> LinkedRows:
    """Return the rows with these ids; refuse those that do not exist.

    Raises LimitReached for a list of more than 1,000.
    """
    if ids is None:
        check.refuse(link.input_name, FieldErrorCode.REQUIRED)
        return LinkedRows()
    if len(ids) > LINKS_PER_ROW:
        raise LimitReached(LINKS_PER_ROW)
    model = link.model
    chosen = select(model.id, model.name).where(model.id.in_(set(ids)), *is_there(model))
    rows = (await work.session.execute(chosen)).all()
    known = {row.id for row in rows}
    for place, row_id in enumerate(ids):
        if row_id not in known:
            check.refuse(f"{link.input_name}.{place}", FieldErrorCode.UNKNOWN_REFERENCE)
    return LinkedRows.of(rows)


async def choose_all(
    work: UnitOfWork, check: InputCheck, links: Iterable[Link], wanted: Mapping[str, Any]
) -> dict[str, LinkedRows]:
    """Return the chosen rows of those sets that are `wanted` at all, as `choose` does."""
    return {
        link.name: await choose(work, check, link, wanted[link.argument])
        for link in links
        if link.argument in wanted
    }


async def hang_on(work: UnitOfWork, owner: Any, links: Iterable[Link]) -> dict[Link, LinkedRows]:
    """Give `owner` its sets as attributes, and return them as they are before an edit.

    Sets have no column; as attributes they are compared, merged and refused like other fields.
    """
    sets = {}
    for link in links:
        sets[link] = (await _linked_to_each(work, link, [owner.id]))[owner.id]
        setattr(owner, link.name, sets[link])
    return sets


async def write(work: UnitOfWork, owner: Any, before: Mapping[Link, LinkedRows]) -> None:
    """Write what an edit made of the attributes that `hang_on` gave."""
    for link, linked in before.items():
        await replace(work, link, owner.id, linked, getattr(owner, link.name))


async def unlink_all(work: UnitOfWork, link: Link, model: Any, linked_id: UUID) -> None:
    """Take a row, which is deleted, out of the sets of all rows of `model`, and tell each of it."""
    table: Any = link.owner.class_
    owners = await work.session.scalars(
        select(model)
        .where(model.id.in_(select(link.owner).where(link.linked == linked_id)))
        .order_by(model.id)
        .with_for_update(key_share=True)
    )
    rows = {owner.id: owner for owner in owners}
    before = await _linked_to_each(work, link, list(rows))
    await work.session.execute(delete(table).where(link.linked == linked_id))
    after = await _linked_to_each(work, link, list(rows))
    for row_id, row in rows.items():
        change = FieldChange.between(link.name, before[row_id], after[row_id])
        record_changes(work, row, Edit([change], []))


async def replace(
    work: UnitOfWork, link: Link, owner_id: UUID, before: LinkedRows, after: LinkedRows
) -> None:
    """Link `after` to a row instead of `before`, and record what that changes on the other side."""
    changed = sorted(before.ids ^ after.ids)
    if not changed:
        return
    other_side = _OTHER_SIDE.get(link)
    others_before = await _linked_to_each(work, other_side, changed) if other_side else {}
    table: Any = link.owner.class_
    await work.session.execute(
        delete(table).where(link.owner == owner_id, link.linked.in_(before.ids - after.ids))
    )
    if added := after.ids - before.ids:
        await work.session.execute(
            insert(table),
            [{link.owner.key: owner_id, link.linked.key: row_id} for row_id in added],
        )
    if other_side:
        others_after = await _linked_to_each(work, other_side, changed)
        await _record_other_side(work, link, other_side.name, others_before, others_after)


async def _record_other_side(
    work: UnitOfWork,
    link: Link,
    name: str,
    before: Mapping[UUID, LinkedRows],
    after: Mapping[UUID, LinkedRows],
) -> None:
    rows = await work.session.scalars(select(link.model).where(link.model.id.in_(after)))
    for row in rows:
        change = FieldChange.between(name, before[row.id], after[row.id])
        record_changes(work, row, Edit([change], []))


async def _linked_to_each(
    work: UnitOfWork, link: Link, owner_ids: Sequence[UUID]
) -> dict[UUID, LinkedRows]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    model = link.model
    for row in await work.session.execute(
        select(link.owner.label("owner_id"), model.id, model.name)
        .join(model, model.id == link.linked)
        .where(link.owner.in_(owner_ids))
    ):
        found[row.owner_id].append(row)
    return {owner_id: LinkedRows.of(found[owner_id]) for owner_id in owner_ids}

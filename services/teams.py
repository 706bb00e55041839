"""Teams: who works together, and for which brands."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from core.text import fold
from models.base import NAME_CHARACTERS
from models.teams import Team
from models.viewers import Viewer
from services import links, unique_keys
from services.changes import Edit, apply_edit
from services.directory import (
    find,
    once_of,
    record_changes,
    record_created,
    take_directory,
)
from services.idempotency import create_once
from services.links import TEAM_BRANDS, TEAM_MEMBERS, LinkedRows
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

_LINKS = (TEAM_BRANDS, TEAM_MEMBERS)


@dataclass(frozen=True, slots=True)
class NewTeam:
    """What a team is to be called, whose tickets it takes, and who belongs to it."""

    name: str
    brand_ids: Sequence[UUID] = field(default_factory=tuple)
    member_ids: Sequence[UUID] = field(default_factory=tuple)


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewTeam, *, idempotency_key: str | None = None
) -> Team:
    """Add a team. Raises AlreadyExists with the team that has the name, whatever its case."""
    await take_directory(work, viewer)
    once = once_of("teamCreate", idempotency_key, new)
    there = [Team.deleted_at.is_(None)]
    return await create_once(work, once, Team, partial(_insert, work, new), shown=there)


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    team_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Team, Edit]:
    """Edit fields of a team; absent fields stay as they are, sets are replaced whole.

    Raises EditConflict where somebody else changed the same field since `expected_version`.
    """
    await take_directory(work, viewer)
    team = await find(work, Team, team_id)
    cleaned = await _clean(work, wanted)
    before = await links.hang_on(work, team, _LINKS)
    edit = await apply_edit(work, team, expected_version, cleaned)
    await unique_keys.change(work, team, Team.name_key, fold(team.name))
    record_changes(work, team, edit)
    await links.write(work, team, before)
    return team, edit


async def _insert(work: UnitOfWork, new: NewTeam, row_id: UUID) -> Team:
    cleaned = await _clean(work, asdict(new))
    name = cleaned["name"]
    team = Team(id=row_id, name=name, name_key=fold(name), created_at=work.now, version=0)
    await unique_keys.insert(work, team, Team.name_key)
    record_created(work, team)
    for link in _LINKS:
        await links.replace(work, link, team.id, LinkedRows(), cleaned[link.name])
    return team


async def _clean(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    check = InputCheck()
    cleaned: dict[str, Any] = {}
    if "name" in wanted:
        cleaned["name"] = check.line("name", wanted["name"], NAME_CHARACTERS)
    cleaned.update(await links.choose_all(work, check, _LINKS, wanted))
    check.raise_problems()
    return cleaned

"""The people of the desk: who they are, what they may do, and where they belong."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy import update as update_rows

from core.database import Database
from core.errors import CannotDeleteOneself, FieldErrorCode, NotAllowed
from core.localization import LANGUAGES
from core.text import address_key, fold
from models.agents import Agent, AgentRole
from models.base import NAME_CHARACTERS
from models.sessions import Session
from models.viewers import Viewer
from services import deletions, links, unique_keys
from services.changes import Edit, FieldChange, apply_edit
from services.directory import (
    find,
    once_of,
    record_changes,
    record_created,
    record_deleted,
    take_directory,
)
from services.idempotency import create_once
from services.links import AGENT_BRANDS, AGENT_TEAMS, LinkedRows
from services.passwords import (
    PASSWORD_CHARACTERS_MAXIMUM,
    PASSWORD_CHARACTERS_MINIMUM,
    ChosenPassword,
    choose_password,
)
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

_LINKS = (AGENT_BRANDS, AGENT_TEAMS)


@dataclass(frozen=True, slots=True)
class NewAgent:
    """Who an agent is, and where they belong."""

    name: str
    email: str
    password: str = field(repr=False)
    role: AgentRole = AgentRole.AGENT
    language: str = "en"
    active: bool = True
    brand_ids: Sequence[UUID] = field(default_factory=tuple)
    team_ids: Sequence[UUID] = field(default_factory=tuple)


async def prepare_password(
    database: Database, viewer: Viewer, password: str | None, agent_id: UUID | None = None
) -> ChosenPassword | None:
    """Hash the password for `create` or `update`, before their transaction locks the directory.

    None where that is in vain: they are going to refuse this viewer, or this password.
    """
    if not viewer.is_admin or password is None or _length_problem(password):
        return None
    async with database.reading() as connection:
        present_hash = await connection.scalar(
            select(Agent.password_hash).where(Agent.id == agent_id)
        )
    return await choose_password(password, present_hash)


async def create(
    work: UnitOfWork,
    viewer: Viewer,
    new: NewAgent,
    *,
    chosen: ChosenPassword | None = None,
    idempotency_key: str | None = None,
) -> Agent:
    """Add an agent. Raises AlreadyExists with the agent who has the e-mail address.

    A password that was not prepared is hashed here, while others wait for the directory.
    """
    await take_directory(work, viewer)
    # What is kept of the input is a fast hash, by which a password could be guessed.
    once = once_of("agentCreate", idempotency_key, new, without="password")
    there = [Agent.deleted_at.is_(None)]
    return await create_once(work, once, Agent, partial(_insert, work, new, chosen), shown=there)


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    agent_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
    *,
    chosen: ChosenPassword | None = None,
) -> tuple[Agent, Edit]:
    """Edit fields of an agent; absent fields stay as they are, sets are replaced whole.

    A `password` comes with what `prepare_password` made of it.

    Whoever gets another password or is deactivated is signed out everywhere.
    Raises NotAllowed where no active admin would be left, and EditConflict where somebody else
    changed the same field since `expected_version`.
    """
    await take_directory(work, viewer)
    agent = await find(work, Agent, agent_id)
    cleaned = await _clean(work, wanted)
    cleaned.pop("password", None)
    before = await links.hang_on(work, agent, _LINKS)
    edit = await apply_edit(work, agent, expected_version, cleaned)
    if chosen is not None and chosen.is_another_than(agent.password_hash):
        agent.password_hash = chosen.hash
        # Nobody has loaded a password, so it has neither a value to show nor a conflict.
        edit.changes.append(FieldChange("password", None, None))
    agent.name_key = fold(agent.name)
    await unique_keys.change(work, agent, Agent.email_key, address_key(agent.email))
    await _require_an_admin(work)
    if {"active", "password"} & {change.field for change in edit.changes}:
        await _end_sessions(work, agent)
    record_changes(work, agent, edit)
    await links.write(work, agent, before)
    return agent, edit


async def delete(work: UnitOfWork, viewer: Viewer, agent_id: UUID) -> None:
    """Delete an agent: nothing opens the desk to them any more, and their address is free.

    Their name stays wherever they acted. By jobs their tickets become unassigned, and what they had
    open goes to whoever deletes them (services/successions.py). Raises NotAllowed for all but
    admins, for oneself, and where no active admin would be left.
    """
    await take_directory(work, viewer)
    agent = await find(work, Agent, agent_id)
    if agent.id == viewer.agent_id:
        raise CannotDeleteOneself
    agent.active, agent.deleted_at = False, work.now
    agent.email, agent.email_key = "", f" {agent.id.hex}"  # no address begins with a space
    agent.password_hash = ""
    await _require_an_admin(work)
    await _end_sessions(work, agent)
    record_deleted(work, agent)
    deletions.go_on(work, agent)


async def _insert(
    work: UnitOfWork, new: NewAgent, chosen: ChosenPassword | None, row_id: UUID
) -> Agent:
    cleaned = await _clean(work, asdict(new))
    password = chosen or await choose_password(new.password)
    agent = Agent(
        id=row_id,
        name=cleaned["name"],
        name_key=fold(cleaned["name"]),
        email=cleaned["email"],
        email_key=address_key(cleaned["email"]),
        password_hash=password.hash,
        role=cleaned["role"],
        language=cleaned["language"],
        active=cleaned["active"],
        created_at=work.now,
        version=0,
    )
    await unique_keys.insert(work, agent, Agent.email_key)
    record_created(work, agent)
    for link in _LINKS:
        await links.replace(work, link, agent.id, LinkedRows(), cleaned[link.name])
    return agent


async def _clean(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    check = InputCheck()
    cleaned = dict(wanted)
    for link in _LINKS:
        cleaned.pop(link.argument, None)
    for required in ("role", "active"):
        if required in cleaned and cleaned[required] is None:
            check.refuse(required, FieldErrorCode.REQUIRED)
    if "name" in cleaned:
        cleaned["name"] = check.line("name", cleaned["name"], NAME_CHARACTERS)
    if "email" in cleaned:
        cleaned["email"] = check.email("email", cleaned["email"])
    if "password" in cleaned:
        _check_password(check, cleaned["password"])
    if "language" in cleaned:
        check.choice("language", cleaned["language"], frozenset(LANGUAGES))
    cleaned.update(await links.choose_all(work, check, _LINKS, wanted))
    check.raise_problems()
    return cleaned


def _check_password(check: InputCheck, password: str | None) -> None:
    if problem := _length_problem(password or ""):
        check.refuse("password", *problem, len(password or ""))


def _length_problem(password: str) -> tuple[FieldErrorCode, int] | None:
    """Return what is wrong with the length of a password, and the limit, if anything is."""
    if len(password) < PASSWORD_CHARACTERS_MINIMUM:
        return FieldErrorCode.TOO_SHORT, PASSWORD_CHARACTERS_MINIMUM
    if len(password) > PASSWORD_CHARACTERS_MAXIMUM:
        return FieldErrorCode.TOO_LONG, PASSWORD_CHARACTERS_MAXIMUM
    return None


async def _end_sessions(work: UnitOfWork, agent: Agent) -> None:
    await work.session.execute(
        update_rows(Session)
        .where(Session.agent_id == agent.id, Session.ended_at.is_(None))
        .values(ended_at=work.now)
    )


async def _require_an_admin(work: UnitOfWork) -> None:
    """Raise NotAllowed if nobody could keep the directory any more."""
    admins = select(Agent.id).where(Agent.role == AgentRole.ADMIN, Agent.active).limit(1)
    if await work.session.scalar(admins) is None:
        raise NotAllowed

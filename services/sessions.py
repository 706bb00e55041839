"""Signing in, signing out, and finding out who sent a request."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Uuid, null, select, type_coerce, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core import clock
from core.database import Database
from core.errors import FieldErrorCode, NotAllowed, Unauthenticated, WrongCredentials
from core.gathering import Gathering
from core.text import address_key
from models import api_tokens
from models import sessions as session_rows
from models.actors import Actor, ActorKind
from models.agents import Agent, AgentRole
from models.api_tokens import ApiToken, ApiTokenBrand
from models.base import EMAIL_CHARACTERS
from models.brands import BrandMember
from models.sessions import ABSOLUTE_LIFETIME, Session
from models.teams import TeamMember
from models.viewers import ApiScope, Viewer
from services import sign_in_failures
from services.passwords import PASSWORD_CHARACTERS_MAXIMUM, password_matches
from services.sign_in_failures import Claimant
from services.validation import InputCheck

SESSION_PREFIX = "sts_"
API_TOKEN_PREFIX = "sta_"  # noqa: S105  # a prefix that secret scanners can look for
TOKEN_BYTES = 32
FIND_SECONDS = 10  # it takes a millisecond
# `last_used_at` is written at most this often: a sign of life, not a write per request.
TOUCH_SECONDS = 300
# A read does not wait any longer for whoever writes meanwhile.
TOUCH_WAIT_SECONDS = 1

_touches: dict[UUID | None, asyncio.Task[None]] = {}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session. The token is shown this once; its hash is all that is kept.

    `expires_at` is when it ends at the latest: without a request it ends after 12 hours.
    """

    token: str
    agent: Agent
    expires_at: datetime


def new_token(prefix: str) -> str:
    """Return an unguessable token."""
    return prefix + token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """Return what is kept of a token. It is random already, so a fast hash is enough."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


async def sign_in(
    database: Database, email: str, password: str, earlier_token: str | None = None
) -> SignedIn:
    """Open a session. Raises WrongCredentials without telling what was wrong.

    Raises Unavailable, whatever the password, after ten failures with this address in 15 minutes;
    who shows the token of an earlier session of the agent is counted apart.
    The password is checked between two transactions: it takes long, on purpose.
    """
    address = _checked_address(email, password)
    async with database.reading() as connection:
        claimant = await _claimant(connection, address, earlier_token)
        await sign_in_failures.refuse_guessing(connection, claimant)
        password_hash = await connection.scalar(_active(address, Agent.password_hash))
    matches = await password_matches(password, password_hash)
    async with database.transaction() as session:
        # Guesses that were on their way when the limit was reached learn nothing.
        await sign_in_failures.refuse_guessing(await session.connection(), claimant)
        # A password that was changed meanwhile opens nothing; nor is it changed before the commit.
        unchanged = _active(address, Agent).where(Agent.password_hash == password_hash)
        agent = await session.scalar(unchanged.with_for_update(read=True)) if matches else None
        if agent is not None:
            await sign_in_failures.forget(session, claimant)
            return _open_session(session, agent)
        await sign_in_failures.count(session, claimant)
    raise WrongCredentials


async def sign_out(database: Database, viewer: Viewer) -> datetime:
    """End the viewer's session; return when. An API token is not signed out but revoked."""
    if not viewer.is_agent:
        raise NotAllowed
    now = clock.now()
    async with database.transaction() as session:
        await session.execute(
            update(Session)
            .where(Session.id == viewer.session_id, Session.ended_at.is_(None))
            .values(ended_at=now)
        )
    return now


async def authenticate(
    database: Database, authorization: str | None, *, language: str = "en"
) -> Viewer:
    """Return who sent a request with this Authorization header; without one, a stranger.

    Raises Unauthenticated for anything that is not the bearer token of a live session or API token.
    """
    return await Authentication(database).authenticate(authorization, language=language)


class Authentication:
    """Finds out who sends requests; those that come together are answered by one question."""

    def __init__(self, database: Database, *, busy_pause_seconds: float = 0.0) -> None:
        self._database = database
        self._tokens = Gathering(self._find, busy_pause_seconds=busy_pause_seconds)

    async def authenticate(self, authorization: str | None, *, language: str = "en") -> Viewer:
        """Return who sent a request; see the function of this name."""
        if authorization is None:
            return Viewer(actor=None, language=language)
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        key = _TokenKey(token_hash(token), of_integration=token.startswith(API_TOKEN_PREFIX))
        found = (await self._tokens.get([key])).get(key)
        if found is None:
            raise Unauthenticated
        viewer = replace(found.person, session_id=found.session_id)
        if (clock.now() - found.last_used_at).total_seconds() > TOUCH_SECONDS:
            await _touch(self._database, viewer)
        return viewer if viewer.is_agent else replace(viewer, language=language)

    async def _find(self, keys: set["_TokenKey"]) -> dict["_TokenKey", "_Found"]:
        hashes = {key.hash for key in keys if not key.of_integration}
        api_hashes = {key.hash for key in keys if key.of_integration}
        found: dict[_TokenKey, _Found] = {}
        # All who come meanwhile wait for this: a database that hangs must not hang them for ever.
        async with asyncio.timeout(FIND_SECONDS), self._database.reading() as connection:
            if hashes:
                for one in await _agents_of(connection, hashes):
                    found[_TokenKey(one.token_hash, of_integration=False)] = one
            if api_hashes:
                for one in await _integrations(connection, ApiToken.token_hash.in_(api_hashes)):
                    found[_TokenKey(one.token_hash, of_integration=True)] = one
        return found


async def persons_now(database: Database, viewers: Collection[Viewer]) -> dict[UUID, Viewer]:
    """Return what signed-in viewers may see and do now, by session, as `Viewer.person`.

    Absent are those whose session has ended, and whose API token is revoked or expired. The
    language of integrations is not known here: it is that of their request.
    """
    agents = {viewer.session_id for viewer in viewers if viewer.is_agent}
    integrations = {viewer.session_id for viewer in viewers if not viewer.is_agent}
    now: dict[UUID, Viewer] = {}
    async with database.reading() as connection:
        if agents:
            now |= await _agents_now(connection, agents)
        if integrations:
            found = await _integrations(connection, ApiToken.id.in_(integrations))
            now |= {one.session_id: one.person for one in found}
    return now


@dataclass(frozen=True, slots=True)
class _TokenKey:
    hash: bytes
    of_integration: bool


@dataclass(frozen=True, slots=True)
class _Found:
    person: Viewer
    session_id: UUID
    token_hash: bytes
    last_used_at: datetime


def _checked_address(email: str, password: str) -> str:
    check = InputCheck()
    address = check.line("email", email, EMAIL_CHARACTERS)
    length = len(password)
    if length == 0:
        check.refuse("password", FieldErrorCode.REQUIRED)
    if length > PASSWORD_CHARACTERS_MAXIMUM:
        check.refuse(
            "password", FieldErrorCode.TOO_LONG, PASSWORD_CHARACTERS_MAXIMUM, actual=length
        )
    check.raise_problems()
    return address


def _active(address: str, what: Any) -> Select[Any]:
    return select(what).where(Agent.email_key == address_key(address), Agent.active)


async def _claimant(
    connection: AsyncConnection, address: str, earlier_token: str | None
) -> Claimant:
    """Return who is asking. A session need not be live any more: its token was given out once."""
    if earlier_token is None:
        return Claimant(address)
    earlier = (
        select(Session.id)
        .join(Agent, Agent.id == Session.agent_id)
        .where(
            Session.token_hash == token_hash(earlier_token),
            Agent.email_key == address_key(address),
        )
    )
    return Claimant(address, await connection.scalar(earlier))


def _open_session(session: AsyncSession, agent: Agent) -> SignedIn:
    now = clock.now()
    token = new_token(SESSION_PREFIX)
    session.add(
        Session(agent_id=agent.id, token_hash=token_hash(token), created_at=now, last_used_at=now)
    )
    return SignedIn(token, agent, now + ABSOLUTE_LIFETIME)


# Each membership of each agent.
_NONE = type_coerce(null(), Uuid())
_MEMBERSHIPS = (
    select(BrandMember.agent_id, BrandMember.brand_id, _NONE.label("team_id"))
    .union_all(select(TeamMember.agent_id, _NONE, TeamMember.team_id))
    .subquery()
)
# All that decides what agents may do, in one statement; a row for each of their memberships.
_RIGHTS = (
    select(
        Agent.id.label("agent_id"),
        Agent.role,
        Agent.language,
        _MEMBERSHIPS.c.brand_id,
        _MEMBERSHIPS.c.team_id,
    )
    .outerjoin(_MEMBERSHIPS, _MEMBERSHIPS.c.agent_id == Agent.id)
    .where(Agent.active)
)
_RIGHTS_OF_SESSIONS = _RIGHTS.add_columns(
    Session.id, Session.token_hash, Session.last_used_at
).join(Session, Session.agent_id == Agent.id)


def _persons(rows: Sequence[Row[Any]]) -> dict[UUID, Viewer]:
    """Return agents by their ids."""
    brands: dict[UUID, set[UUID]] = defaultdict(set)
    teams: dict[UUID, set[UUID]] = defaultdict(set)
    for row in rows:
        if row.brand_id is not None:
            brands[row.agent_id].add(row.brand_id)
        if row.team_id is not None:
            teams[row.agent_id].add(row.team_id)
    return {
        agent_id: Viewer(
            actor=Actor(ActorKind.AGENT, agent_id),
            language=row.language,
            is_admin=row.role is AgentRole.ADMIN,
            brand_ids=frozenset(brands[agent_id]),
            team_ids=frozenset(teams[agent_id]),
        )
        for agent_id, row in {row.agent_id: row for row in rows}.items()
    }


async def _agents_of(connection: AsyncConnection, hashes: Collection[bytes]) -> list[_Found]:
    statement = _RIGHTS_OF_SESSIONS.where(
        Session.token_hash.in_(hashes), session_rows.is_live(clock.now())
    )
    rows = (await connection.execute(statement)).all()
    persons = _persons(rows)
    return [
        _Found(persons[row.agent_id], row.id, row.token_hash, row.last_used_at)
        for row in {row.id: row for row in rows}.values()
    ]


async def _agents_now(
    connection: AsyncConnection, session_ids: Collection[UUID | None]
) -> dict[UUID, Viewer]:
    """Return the agents of sessions, by session. They are fewer, so they are asked for apart."""
    live = select(Session.id, Session.agent_id).where(
        Session.id.in_(session_ids), session_rows.is_live(clock.now())
    )
    sessions = (await connection.execute(live)).all()
    agent_ids = {row.agent_id for row in sessions}
    persons = _persons((await connection.execute(_RIGHTS.where(Agent.id.in_(agent_ids)))).all())
    return {row.id: persons[row.agent_id] for row in sessions if row.agent_id in persons}


async def _integrations(connection: AsyncConnection, is_token: ColumnElement[bool]) -> list[_Found]:
    tokens = (
        await connection.execute(
            select(ApiToken.id, ApiToken.token_hash, ApiToken.scopes, ApiToken.last_used_at).where(
                is_token, api_tokens.is_live(clock.now())
            )
        )
    ).all()
    brands: dict[UUID, set[UUID]] = defaultdict(set)
    ids = [row.id for row in tokens]
    of_tokens = select(ApiTokenBrand.api_token_id, ApiTokenBrand.brand_id).where(
        ApiTokenBrand.api_token_id.in_(ids)
    )
    if ids:
        for token_id, brand_id in await connection.execute(of_tokens):
            brands[token_id].add(brand_id)
    return [
        _Found(
            Viewer(
                actor=Actor(ActorKind.INTEGRATION, row.id),
                brand_ids=frozenset(brands[row.id]),
                scopes=frozenset(ApiScope(scope) for scope in row.scopes),
            ),
            row.id,
            row.token_hash,
            row.last_used_at or datetime.min.replace(tzinfo=UTC),
        )
        for row in tokens
    ]


async def _touch(database: Database, viewer: Viewer) -> None:
    """Write that a session or an API token is in use.

    A request that only reads neither fails nor waits for long because somebody else writes: after
    a moment it goes on, and the sign of life is written once its turn comes. One that is lost is
    made up for by the next request.
    """
    if viewer.session_id in _touches:
        return
    touch = asyncio.create_task(_write_last_use(database, viewer))
    _touches[viewer.session_id] = touch
    touch.add_done_callback(lambda _: _touches.pop(viewer.session_id))
    await asyncio.wait({touch}, timeout=TOUCH_WAIT_SECONDS)


async def _write_last_use(database: Database, viewer: Viewer) -> None:
    table = Session if viewer.is_agent else ApiToken
    with suppress(SQLAlchemyError, OSError):
        async with database.transaction() as session:
            await session.execute(
                update(table).where(table.id == viewer.session_id).values(last_used_at=clock.now())
            )

"""Signing in, signing out, and finding out who sent a request."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core import clock
from core.database import Database
from core.errors import FieldErrorCode, NotAllowed, Unauthenticated, WrongCredentials
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
    if authorization is None:
        return Viewer(actor=None, language=language)
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    async with database.reading() as connection:
        if token.startswith(API_TOKEN_PREFIX):
            is_token = ApiToken.token_hash == token_hash(token)
            viewer, last_used_at = await _integration(connection, is_token, language)
        else:
            is_session = Session.token_hash == token_hash(token)
            viewer, last_used_at = await _agent(connection, is_session)
    if (clock.now() - last_used_at).total_seconds() > TOUCH_SECONDS:
        await _touch(database, viewer)
    return viewer


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


async def _agent(
    connection: AsyncConnection, is_session: ColumnElement[bool]
) -> tuple[Viewer, datetime]:
    row = (
        await connection.execute(
            select(Session.id, Session.last_used_at, Agent.id, Agent.role, Agent.language)
            .join(Agent, Agent.id == Session.agent_id)
            .where(is_session, session_rows.is_live(clock.now()), Agent.active)
        )
    ).one_or_none()
    if row is None:
        raise Unauthenticated
    session_id, last_used_at, agent_id, role, language = row
    memberships = await connection.execute(
        select(literal("brand").label("of"), BrandMember.brand_id)
        .where(BrandMember.agent_id == agent_id)
        .union_all(
            select(literal("team"), TeamMember.team_id).where(TeamMember.agent_id == agent_id)
        )
    )
    pairs = memberships.all()
    viewer = Viewer(
        actor=Actor(ActorKind.AGENT, agent_id),
        language=language,
        is_admin=role is AgentRole.ADMIN,
        brand_ids=frozenset(row_id for of, row_id in pairs if of == "brand"),
        team_ids=frozenset(row_id for of, row_id in pairs if of == "team"),
        session_id=session_id,
    )
    return viewer, last_used_at


async def _integration(
    connection: AsyncConnection, is_token: ColumnElement[bool], language: str
) -> tuple[Viewer, datetime]:
    row = (
        await connection.execute(
            select(ApiToken.id, ApiToken.scopes, ApiToken.last_used_at).where(
                is_token, api_tokens.is_live(clock.now())
            )
        )
    ).one_or_none()
    if row is None:
        raise Unauthenticated
    brands = await connection.execute(
        select(ApiTokenBrand.brand_id).where(ApiTokenBrand.api_token_id == row.id)
    )
    viewer = Viewer(
        actor=Actor(ActorKind.INTEGRATION, row.id),
        language=language,
        brand_ids=frozenset(brand_id for (brand_id,) in brands),
        scopes=frozenset(ApiScope(scope) for scope in row.scopes),
        session_id=row.id,
    )
    return viewer, row.last_used_at or datetime.min.replace(tzinfo=UTC)


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


async def refresh(database: Database, viewer: Viewer) -> Viewer:
    """Return what the viewer may see and do now. Strangers stay strangers.

    Raises Unauthenticated when the session has ended or the API token is revoked or expired.
    """
    if viewer.actor is None:
        return viewer
    async with database.reading() as connection:
        if viewer.is_agent:
            return (await _agent(connection, Session.id == viewer.session_id))[0]
        is_token = ApiToken.id == viewer.session_id
        return (await _integration(connection, is_token, viewer.language))[0]


async def live_among(database: Database, session_ids: Collection[UUID]) -> set[UUID]:
    """Return those sessions and API tokens that still open something, in one statement."""
    now = clock.now()
    sessions_now = (
        select(Session.id)
        .join(Agent, Agent.id == Session.agent_id)
        .where(Session.id.in_(session_ids), session_rows.is_live(now), Agent.active)
    )
    tokens_now = select(ApiToken.id).where(ApiToken.id.in_(session_ids), api_tokens.is_live(now))
    async with database.reading() as connection:
        found = await connection.execute(sessions_now.union_all(tokens_now))
        return {session_id for (session_id,) in found}

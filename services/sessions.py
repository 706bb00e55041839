"""Signing in, signing out, and finding out who sent a request."""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core import clock
from core.database import Database
from core.errors import FieldErrorCode, NotAllowed, Unauthenticated, WrongCredentials
from core.gathering import Gathering
from core.text import address_key
from models.actors import ActorKind
from models.agents import Agent
from models.api_tokens import ApiTokenSecret
from models.base import EMAIL_CHARACTERS
from models.chats import ChatSession
from models.sessions import ABSOLUTE_LIFETIME, Session
from models.viewers import Viewer
from services import sign_in_failures, token_holders
from services.passwords import PASSWORD_CHARACTERS_MAXIMUM, password_matches
from services.sign_in_failures import Claimant
from services.token_holders import Holder, TokenKind
from services.validation import InputCheck

SESSION_PREFIX = "sts_"
API_TOKEN_PREFIX = "sta_"  # noqa: S105  # a prefix that secret scanners can look for
CHAT_PREFIX = "stc_"
_KINDS = {API_TOKEN_PREFIX: TokenKind.API_TOKEN, CHAT_PREFIX: TokenKind.CHAT}
TOKEN_BYTES = 32
FIND_SECONDS = 10  # it takes a millisecond
# `last_used_at` is written at most this often: a sign of life, not a write per request.
TOUCH_SECONDS = 300
# A read does not wait any longer for whoever writes meanwhile.
TOUCH_WAIT_SECONDS = 1

_SESSION_TABLES: dict[ActorKind, type[Session | ApiTokenSecret | ChatSession]] = {
    ActorKind.AGENT: Session,
    ActorKind.INTEGRATION: ApiTokenSecret,
    ActorKind.CUSTOMER: ChatSession,
}

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
    """End the session of an agent, or of a chat's customer; return when.

    An API token is not signed out but revoked.
    """
    table = ChatSession if viewer.is_customer else Session
    if not (viewer.is_agent or viewer.is_customer):
        raise NotAllowed
    now = clock.now()
    async with database.transaction() as session:
        await session.execute(
            update(table)
            .where(table.id == viewer.session_id, table.ended_at.is_(None))
            .values(ended_at=now)
        )
    return now


async def authenticate(
    database: Database, authorization: str | None, *, language: str = "en"
) -> Viewer:
    """Return who sent a request with this Authorization header; without one, a stranger.

    Raises Unauthenticated for anything that is not the bearer token of a live session, chat or API
    token.
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
        key = _TokenKey.of(token)
        found = (await self._tokens.get([key])).get(key)
        if found is None:
            raise Unauthenticated
        viewer = replace(found.person, session_id=found.session_id)
        if (clock.now() - found.last_used_at).total_seconds() > TOUCH_SECONDS:
            await _touch(self._database, viewer)
        return viewer if viewer.is_agent else replace(viewer, language=language)

    async def _find(self, keys: set["_TokenKey"]) -> dict["_TokenKey", Holder]:
        hashes: dict[TokenKind, set[bytes]] = defaultdict(set)
        for key in keys:
            hashes[key.kind].add(key.hash)
        found: dict[_TokenKey, Holder] = {}
        # All who come meanwhile wait for this: a database that hangs must not hang them for ever.
        async with asyncio.timeout(FIND_SECONDS), self._database.reading() as connection:
            for kind, wanted in hashes.items():
                for one in await token_holders.by_token_hash(connection, kind, wanted):
                    found[_TokenKey(kind, one.token_hash)] = one
        return found


async def persons_now(database: Database, viewers: Collection[Viewer]) -> dict[UUID, Viewer]:
    """Return what signed-in viewers may see and do now, by session, as `Viewer.person`.

    Absent are those whose session or secret has ended, and whose API token is revoked or expired.
    The language of integrations and of chat customers is not known here: it is that of their
    request.
    """
    agents = {viewer.session_id for viewer in viewers if viewer.is_agent}
    customers = {viewer.session_id for viewer in viewers if viewer.is_customer}
    integrations = {viewer.session_id for viewer in viewers} - agents - customers
    now: dict[UUID, Viewer] = {}
    found: list[Holder] = []
    async with database.reading() as connection:
        if agents:
            now |= await token_holders.agents_now(connection, agents)
        if customers:
            found += await token_holders.customers(connection, ChatSession.id.in_(customers))
        if integrations:
            wanted = ApiTokenSecret.id.in_(integrations)
            found += await token_holders.integrations(connection, wanted)
    return now | {one.session_id: one.person for one in found}


@dataclass(frozen=True, slots=True)
class _TokenKey:
    kind: TokenKind
    hash: bytes

    @classmethod
    def of(cls, token: str) -> Self:
        kinds = (kind for prefix, kind in _KINDS.items() if token.startswith(prefix))
        return cls(next(kinds, TokenKind.SESSION), token_hash(token))


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


async def _touch(database: Database, viewer: Viewer) -> None:
    """Write that a session, a chat or an API token is in use.

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
    if viewer.actor is None:
        return
    table = _SESSION_TABLES[viewer.actor.kind]
    with suppress(SQLAlchemyError, OSError):
        async with database.transaction() as session:
            await session.execute(
                update(table).where(table.id == viewer.session_id).values(last_used_at=clock.now())
            )

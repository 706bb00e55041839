"""Whom tokens let in, and what that opens to them now."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Uuid, null, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from core import clock
from models import api_tokens, chats
from models import sessions as session_rows
from models.actors import Actor, ActorKind
from models.agents import Agent, AgentRole
from models.api_tokens import ApiToken, ApiTokenBrand, ApiTokenSecret
from models.brands import BrandMember
from models.chats import Chat, ChatSession
from models.sessions import Session
from models.teams import TeamMember
from models.viewers import ApiScope, Viewer


class TokenKind(Enum):
    """What a token is."""

    SESSION = auto()
    API_TOKEN = auto()
    CHAT = auto()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a token: `person` is a `Viewer.person`, `session_id` the row of the token."""

    person: Viewer
    session_id: UUID
    token_hash: bytes
    last_used_at: datetime


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


async def _agents_of(connection: AsyncConnection, hashes: Collection[bytes]) -> list[Holder]:
    statement = _RIGHTS_OF_SESSIONS.where(
        Session.token_hash.in_(hashes), session_rows.is_live(clock.now())
    )
    rows = (await connection.execute(statement)).all()
    persons = _persons(rows)
    return [
        Holder(persons[row.agent_id], row.id, row.token_hash, row.last_used_at)
        for row in {row.id: row for row in rows}.values()
    ]


async def agents_now(
    connection: AsyncConnection, session_ids: Collection[UUID | None]
) -> dict[UUID, Viewer]:
    """Return the agents of sessions, by session. They are fewer, so they are asked for apart."""
    live = select(Session.id, Session.agent_id).where(
        Session.id.in_(session_ids), session_rows.is_live(clock.now())
    )
    sessions = (await connection.execute(live)).all()
    persons = await agents(connection, {row.agent_id for row in sessions})
    return {row.id: persons[row.agent_id] for row in sessions if row.agent_id in persons}


async def agents(connection: AsyncConnection, agent_ids: Collection[UUID]) -> dict[UUID, Viewer]:
    """Return active agents by their ids, whether they are signed in or not."""
    return _persons((await connection.execute(_RIGHTS.where(Agent.id.in_(agent_ids)))).all())


async def integrations(connection: AsyncConnection, wanted: ColumnElement[bool]) -> list[Holder]:
    """Return the integrations with a live secret, of the secrets and API tokens in `wanted`.

    Each secret is a session of its own: those that are being exchanged end one by one.
    """
    tokens = (
        await connection.execute(
            select(
                ApiToken.id,
                ApiToken.scopes,
                ApiTokenSecret.id.label("secret_id"),
                ApiTokenSecret.token_hash,
                ApiTokenSecret.last_used_at,
            )
            .join(ApiTokenSecret, ApiTokenSecret.api_token_id == ApiToken.id)
            .where(wanted, api_tokens.is_live(clock.now()))
        )
    ).all()
    brands: dict[UUID, set[UUID]] = defaultdict(set)
    ids = {row.id for row in tokens}
    of_tokens = select(ApiTokenBrand.api_token_id, ApiTokenBrand.brand_id).where(
        ApiTokenBrand.api_token_id.in_(ids)
    )
    if ids:
        for token_id, brand_id in await connection.execute(of_tokens):
            brands[token_id].add(brand_id)
    return [
        Holder(
            Viewer(
                actor=Actor(ActorKind.INTEGRATION, row.id),
                brand_ids=frozenset(brands[row.id]),
                scopes=frozenset(ApiScope(scope) for scope in row.scopes),
            ),
            row.secret_id,
            row.token_hash,
            row.last_used_at or datetime.min.replace(tzinfo=UTC),
        )
        for row in tokens
    ]


async def customers(connection: AsyncConnection, is_session: ColumnElement[bool]) -> list[Holder]:
    """Return the customers of chats whose sessions are live, of those in `is_session`."""
    statement = (
        select(
            ChatSession.id,
            ChatSession.token_hash,
            ChatSession.last_used_at,
            Chat.ticket_id,
            Chat.customer_id,
        )
        .join(Chat, Chat.ticket_id == ChatSession.ticket_id)
        .where(is_session, chats.is_live(clock.now()))
    )
    return [
        Holder(
            Viewer(actor=Actor(ActorKind.CUSTOMER, row.customer_id), conversation_id=row.ticket_id),
            row.id,
            row.token_hash,
            row.last_used_at,
        )
        for row in await connection.execute(statement)
    ]


_FINDERS: dict[
    TokenKind, Callable[[AsyncConnection, Collection[bytes]], Awaitable[list[Holder]]]
] = {
    TokenKind.SESSION: _agents_of,
    TokenKind.API_TOKEN: lambda connection, hashes: integrations(
        connection, ApiTokenSecret.token_hash.in_(hashes)
    ),
    TokenKind.CHAT: lambda connection, hashes: customers(
        connection, ChatSession.token_hash.in_(hashes)
    ),
}


async def by_token_hash(
    connection: AsyncConnection, kind: TokenKind, hashes: Collection[bytes]
) -> list[Holder]:
    """Return who holds live tokens of a kind, by one statement or two."""
    return await _FINDERS[kind](connection, hashes)

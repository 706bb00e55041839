"""The people of a desk under test, written into its database as one script.

Most tests begin with them. Each opens an engine of its own, which would compile every statement
anew: to write these few rows through a session took a third of the time that a desk takes to open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Dialect, insert, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from core import clock
from core.database import Database
from core.ids import new_id
from core.text import fold
from models.agents import Agent, AgentRole
from models.base import Base
from models.brands import Brand, BrandMember
from models.sessions import Session
from models.teams import Team, TeamBrand, TeamMember
from services import sessions

PASSWORD_HASH = "not a hash: these people sign in by a token made for the test"
_AGENTS = {
    "admin": ("en", AgentRole.ADMIN),
    "ayse": ("tr", AgentRole.AGENT),
    "nikos": ("el", AgentRole.AGENT),
    "stranger": ("en", AgentRole.AGENT),
}
_TOKENS = {name: sessions.new_token(sessions.SESSION_PREFIX) for name in _AGENTS}
_IDS = {name: new_id() for name in ("acme", "other", "support", "sales", *_AGENTS)}
_POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
_SQLITE: Dialect = sqlite.dialect()
# Stands in the script wherever the moment of the test belongs.
_SOME_MOMENT = datetime(2001, 2, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class People:
    """Two brands, the teams of the first one, and the agents, who are signed in."""

    acme: Brand
    other: Brand
    support: Team
    sales: Team
    agents: dict[str, Agent]
    tokens: dict[str, str]


async def settle_in(database: Database) -> People:
    """Write the people into a migrated, empty database."""
    now = clock.now()
    script = _script(is_sqlite=database.is_sqlite).replace(_text(_SOME_MOMENT), _text(now))
    async with database.transaction() as session:
        driver: Any = (await (await session.connection()).get_raw_connection()).driver_connection
        await (driver.executescript(script) if database.is_sqlite else driver.execute(script))
    return _people(now)


def _people(now: datetime) -> People:
    def brand(name: str, language: str) -> Brand:
        key = fold(name)
        return Brand(id=_IDS[key], name=name, name_key=key, language=language, created_at=now)

    def team(name: str) -> Team:
        return Team(id=_IDS[fold(name)], name=name, name_key=fold(name), created_at=now)

    agents = {
        name: Agent(
            id=_IDS[name],
            name=name.title(),
            name_key=fold(name),
            email=f"{name}@desk.example",
            email_key=f"{name}@desk.example",
            password_hash=PASSWORD_HASH,
            role=role,
            language=language,
            created_at=now,
        )
        for name, (language, role) in _AGENTS.items()
    }
    return People(
        acme=brand("Acme", "tr"),
        other=brand("Other", "en"),
        support=team("Support"),
        sales=team("Sales"),
        agents=agents,
        tokens=dict(_TOKENS),
    )


def _places(now: datetime) -> Iterator[Base]:
    """Give what the people belong to, and the sessions by which they are signed in."""
    for team in ("support", "sales"):
        yield TeamBrand(team_id=_IDS[team], brand_id=_IDS["acme"])
    for brand, agent in (("acme", "ayse"), ("acme", "nikos"), ("other", "stranger")):
        yield BrandMember(brand_id=_IDS[brand], agent_id=_IDS[agent])
    yield TeamMember(team_id=_IDS["support"], agent_id=_IDS["ayse"])
    for name, token in _TOKENS.items():
        yield Session(
            id=new_id(),
            agent_id=_IDS[name],
            token_hash=sessions.token_hash(token),
            created_at=now,
            last_used_at=now,
        )


@cache
def _script(*, is_sqlite: bool) -> str:
    people = _people(_SOME_MOMENT)
    rows = (people.acme, people.other, people.support, people.sales, *people.agents.values())
    inserts = (_insert(row, is_sqlite=is_sqlite) for row in (*rows, *_places(_SOME_MOMENT)))
    return ";\n".join(inserts)


def _insert(row: Base, *, is_sqlite: bool) -> str:
    model = type(row)
    values: dict[str, object] = {}
    for column in model.__table__.columns:
        value = getattr(row, column.key)
        if value is None and isinstance(column.default, ScalarElementColumnDefault):
            value = column.default.arg
        values[column.key] = _bytes(value, is_sqlite) if isinstance(value, bytes) else value
    dialect = _SQLITE if is_sqlite else _POSTGRESQL
    statement = insert(model).values(values)
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _bytes(value: bytes, is_sqlite: bool) -> ColumnElement[bytes]:  # noqa: FBT001
    """Return a literal that SQLAlchemy does not render itself."""
    return literal_column(f"X'{value.hex()}'" if is_sqlite else f"'\\x{value.hex()}'")


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")

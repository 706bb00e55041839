"""Whether a process lives and can serve, as orchestrators ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.database import Database
from tests.desk import World


async def test_a_desk_with_database_and_bell_is_ready(world: World) -> None:
    response = await world.http.get("/health/ready")

    assert (response.status_code, response.json()) == (
        200,
        {"status": "ready", "database": "up", "bell": "up"},
    )


async def test_without_its_bell_a_desk_is_degraded_but_serves(world: World) -> None:
    world.desk.bell._backend.connected = False

    response = await world.http.get("/health/ready")

    assert (response.status_code, response.json()) == (
        200,
        {"status": "degraded", "database": "up", "bell": "down"},
    )


@asynccontextmanager
async def _refuse(_database: Database) -> AsyncIterator[Any]:
    raise ConnectionRefusedError
    yield


@asynccontextmanager
async def _hang(_database: Database) -> AsyncIterator[Any]:
    await asyncio.sleep(60)
    yield


@pytest.mark.parametrize("reading", [_refuse, _hang])
async def test_without_its_database_a_desk_lives_but_is_unavailable(
    world: World, monkeypatch: pytest.MonkeyPatch, reading: Any
) -> None:
    monkeypatch.setattr("app.health.DATABASE_SECONDS", 0.05)
    monkeypatch.setattr(Database, "reading", reading)

    ready = await world.http.get("/health/ready")
    live = await world.http.get("/health/live")

    assert (ready.status_code, ready.json()) == (
        503,
        {"status": "unavailable", "database": "down", "bell": "up"},
    )
    assert (live.status_code, live.json()) == (200, {"status": "live"})


async def test_the_first_page_says_where_the_api_is(world: World) -> None:
    response = await world.http.get("/")

    assert response.status_code == 200
    assert "The GraphQL API is at /graphql" in response.text

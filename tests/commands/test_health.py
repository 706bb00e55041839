"""Whether a process lives and can serve, as orchestrators ask."""

import asyncio
from typing import Any

import pytest

from core.database import Database
from tests.support.desk import World


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


class Refusing:
    """A connection that cannot be had."""

    def __init__(self, _database: Database) -> None:
        pass

    async def __aenter__(self) -> None:
        raise ConnectionRefusedError

    async def __aexit__(self, *_: object) -> None:
        pass


class Hanging(Refusing):
    """A connection that is waited for in vain."""

    async def __aenter__(self) -> None:
        await asyncio.sleep(60)


@pytest.mark.parametrize("reading", [Refusing, Hanging])
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

"""Whether this process lives, and whether it can serve."""

import asyncio
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.desk import Desk

DATABASE_SECONDS = 1.0  # load balancers and orchestrators wait for one second by default


def health_routes(desk: Desk) -> list[Route]:
    """Return the routes that orchestrators ask."""

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "live"})

    async def ready(_request: Request) -> JSONResponse:
        has_database = await _answers(desk)
        has_bell = desk.bell.connected
        status, code = _judge(has_database=has_database, has_bell=has_bell)
        return JSONResponse(
            {"status": status, "database": _word(up=has_database), "bell": _word(up=has_bell)}, code
        )

    return [Route("/health/live", live), Route("/health/ready", ready)]


async def _answers(desk: Desk) -> bool:
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            return await desk.database.is_reachable()
    except TimeoutError:
        return False


def _judge(*, has_database: bool, has_bell: bool) -> tuple[str, HTTPStatus]:
    if not has_database:
        return "unavailable", HTTPStatus.SERVICE_UNAVAILABLE
    if not has_bell:
        # Nothing is lost: events are found in the log, two seconds later.
        return "degraded", HTTPStatus.OK
    return "ready", HTTPStatus.OK


def _word(*, up: bool) -> str:
    return "up" if up else "down"

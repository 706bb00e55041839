"""Ends the sockets of those who are signed out, whether or not anything happens on them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

import structlog

from app.graphql_connection import CloseCode
from app.graphql_websocket import GraphQLWebSocket
from core.database import Database
from models.viewers import Viewer
from services.sessions import live_among

# Who is signed out hears nothing more within 5 seconds (product.md).
WATCH_SECONDS = 2.0

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def watching_sessions(
    database: Database, sockets: GraphQLWebSocket[Viewer]
) -> AsyncIterator[None]:
    """Look every two seconds which sessions and API tokens of open sockets have ended."""
    watch = asyncio.create_task(_watch(database, sockets))
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.wait([watch])


async def _watch(database: Database, sockets: GraphQLWebSocket[Viewer]) -> NoReturn:
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            await close_ended(database, sockets)
        except Exception:  # noqa: BLE001  # a database that is away comes back; the watch must still be there
            _log.exception("sessions could not be checked")


async def close_ended(database: Database, sockets: GraphQLWebSocket[Viewer]) -> None:
    """Close the sockets whose session or API token has ended."""
    ids = {viewer.session_id for viewer in sockets.viewers if viewer.session_id is not None}
    if not ids:
        return
    ended = ids - await live_among(database, ids)
    if ended:
        sockets.close_viewers(
            lambda viewer: viewer.session_id in ended, CloseCode.FORBIDDEN, "Signed out"
        )

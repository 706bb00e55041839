"""Ends the sockets of those who are signed out, whether or not anything happens on them."""

import asyncio
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


async def watch_sessions(database: Database, sockets: GraphQLWebSocket[Viewer]) -> NoReturn:
    """Look every two seconds which sessions and API tokens of open sockets have ended."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            await close_ended(database, sockets)
        except Exception:  # a database that is away comes back; the watch must still be there
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

"""Fixtures of the edge: a small desk, served for real."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest_asyncio

from app.graphql_websocket import GraphQLWebSocket
from tests.edge.desk import Desk, build_app
from tests.edge.live_server import serve


@dataclass(frozen=True)
class LiveDesk:
    """A desk that answers on a port."""

    port: int
    desk: Desk
    sockets: GraphQLWebSocket

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[LiveDesk]:
    desk = Desk()
    app, sockets = build_app(desk)
    async with serve(app) as port:
        yield LiveDesk(port, desk, sockets)


@pytest_asyncio.fixture(loop_scope="module")
async def live(server: LiveDesk) -> AsyncIterator[LiveDesk]:
    """The server of the module, with a desk where nothing has happened yet, nor runs on."""
    vars(server.desk).update(vars(Desk()))
    yield server
    async with asyncio.timeout(3):
        while server.sockets._connections:
            await asyncio.sleep(0.001)


@pytest_asyncio.fixture(loop_scope="module")
async def http(live: LiveDesk) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that says nothing but what a test tells it to."""
    async with httpx2.AsyncClient(base_url=live.url, timeout=5, verify=False) as client:
        client.headers.clear()
        yield client

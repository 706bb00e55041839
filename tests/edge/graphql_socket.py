"""A client that speaks graphql-transport-ws word by word, so that it can also speak it wrongly."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

SUBPROTOCOL = "graphql-transport-ws"


class GraphQLSocket:
    """One connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def subscribe(self, operation_id: str, query: str, **payload: Any) -> None:
        await self.send(id=operation_id, type="subscribe", payload={"query": query, **payload})

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            message: dict[str, Any] = json.loads(await self.connection.recv())
        return message

    async def initialise(self, token: str | None = None) -> None:
        payload = {} if token is None else {"authorization": f"Bearer {token}"}
        await self.send(type="connection_init", payload=payload)
        assert await self.receive() == {"type": "connection_ack"}

    async def wait_closed(self) -> tuple[int, str]:
        """Return the code and reason with which the server ends the connection."""
        async with asyncio.timeout(5):
            with suppress(ConnectionClosed):
                async for _ in self.connection:
                    pass
        assert self.connection.close_code
        return self.connection.close_code, self.connection.close_reason or ""


@asynccontextmanager
async def open_socket(
    port: int,
    *,
    subprotocols: list[str] | None = None,
    origin: str | None = None,
    language: str | None = None,
    **options: Any,
) -> AsyncIterator[GraphQLSocket]:
    """Connect without saying anything yet."""
    if subprotocols is None:
        subprotocols = [SUBPROTOCOL]
    headers = {"Origin": origin, "Accept-Language": language}
    async with connect(
        f"ws://127.0.0.1:{port}/graphql",
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        additional_headers={name: value for name, value in headers.items() if value is not None},
        **options,
    ) as connection:
        yield GraphQLSocket(connection)

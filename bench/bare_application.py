"""The least that connecting and subscribing can cost on this server: no desk, no database."""

from types import SimpleNamespace

import orjson
from starlette.types import Receive, Scope, Send

ACKNOWLEDGED = '{"type":"connection_ack"}'
FIRST = '{"id":"%s","type":"next","payload":{"data":{"ticketEvents":{"__typename":"StreamReady"}}}}'


class BareApplication:
    """Shakes hands, acknowledges, and answers each subscription with the same words."""

    def __init__(self, _desk: object) -> None:
        self.state = SimpleNamespace(sockets=self, event_streams=self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        await receive()
        await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
        while (frame := await receive())["type"] == "websocket.receive":
            message = orjson.loads(frame["text"])
            if message["type"] == "connection_init":
                await send({"type": "websocket.send", "text": ACKNOWLEDGED})
            elif message["type"] == "subscribe":
                await send({"type": "websocket.send", "text": FIRST % message["id"]})

    def end_all(self) -> None:
        """Have no event streams to end."""

    async def close_all(self) -> None:
        """Leave the sockets to the server's own end."""

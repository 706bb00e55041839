"""Watches a ticket live and goes on where it was when the connection is lost.

    python examples/watch_ticket.py ws://localhost:8000/graphql TOKEN TICKET_ID

It speaks `graphql-transport-ws` by hand, to show all there is to it. Applications use a client
library (graphql-ws for JavaScript, gql for Python) and do the same thing: they write the last
cursor into the variables before they subscribe again.
"""

import asyncio
import json
import sys

from websockets import ConnectionClosed
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake
from websockets.typing import Subprotocol

RETRY_SECONDS = 1

SUBSCRIPTION = """
subscription Watch($ticketId: ID!, $after: EventCursor) {
  ticketEvents(ticketId: $ticketId, after: $after) {
    __typename
    ... on Event { cursor }
    ... on StreamReset { reason }
    ... on MessageAdded { message { body } actor { ...Who } }
    ... on NoteAdded { note { kind body } actor { ...Who } }
    ... on FavoriteAdded {
      favoriteCount actor { ...Who }
      favorite { item { ... on Message { body } ... on Note { body } } }
    }
    ... on FavoriteRemoved { favoriteCount itemId actor { ...Who } }
    ... on TicketChanged { changes { field before after } actor { ...Who } }
  }
}
fragment Who on Actor {
  ... on Agent { name }
  ... on Customer { name }
  ... on Integration { name }
}
"""


async def watch(url: str, token: str, ticket_id: str) -> None:
    """Print events for ever; after a lost connection, those that were missed, each once."""
    cursor = None
    while True:
        try:
            async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
                init = {"authorization": f"Bearer {token}"}
                await socket.send(json.dumps({"type": "connection_init", "payload": init}))
                await socket.recv()
                request = {
                    "query": SUBSCRIPTION,
                    "variables": {"ticketId": ticket_id, "after": cursor},
                }
                await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": request}))
                async for text in socket:
                    message = json.loads(text)
                    if message["type"] == "ping":
                        await socket.send('{"type":"pong"}')
                    elif message["type"] == "next":
                        event = message["payload"]["data"]["ticketEvents"]
                        cursor = event.pop("cursor")
                        print(json.dumps(event, ensure_ascii=False), flush=True)
                    else:
                        raise SystemExit(text)
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code in {4400, 4401, 4403}:
                raise SystemExit(f"refused: {closed.rcvd.reason}") from None
        except (OSError, InvalidHandshake) as error:  # a proxy answers while the desk is away
            print(f"not connected ({error}), trying again", file=sys.stderr)
        await asyncio.sleep(RETRY_SECONDS)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    asyncio.run(watch(*sys.argv[1:]))

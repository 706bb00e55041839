"""A desk and a system that it tells what happens, over real TLS."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from standardwebhooks import Webhook as Verifier

from app.webhook_teller import webhook_teller_of
from core.ids import NodeKind, encode_global_id
from core.settings import Settings
from tests.calls.company_server import Asked, CompanyServer, company_server, make_certificates
from tests.support.desk import World, open_world
from tests.support.reminders import work_off

HOST = "localhost"
ERRORS = """
    __typename
    ... on UserError { message }
    ... on ValidationFailed { fields { path code } }
"""
CREATE = f"""
    mutation ($input: WebhookCreateInput!) {{
      webhookCreate(input: $input) {{
        {ERRORS} ... on WebhookCreateSuccess {{ secret webhook {{ id version }} }}
      }}
    }}
"""
WEBHOOK = """
    query ($id: ID!, $state: WebhookDeliveryState) {
      webhook(id: $id) {
        name url version eventTypes failingSince pausedAt pauseReason previousSecretUntil
        eventCursor
        brands { name }
        deliveries(state: $state, first: 100) { totalCount nodes {
          id eventId type body state attempts nextTryAt cursor createdAt
          tries { at status failure }
        } }
      }
    }
"""
ALL_TYPES = [
    *("TICKET_CREATED", "TICKET_CHANGED", "TICKET_TAGGED", "MESSAGE_RECEIVED", "MESSAGE_SENT"),
    *("DELIVERY_CHANGED", "CUSTOMER_CREATED", "CUSTOMER_CHANGED"),
    "CUSTOMER_MERGED",
]


def document(mutation: str, shown: str = "webhook { id version }") -> str:
    """Return a mutation of webhooks that selects this of its success."""
    name = mutation[0].upper() + mutation[1:]
    return f"""
        mutation ($input: {name}Input!) {{
          {mutation}(input: $input) {{ {ERRORS} ... on {name}Success {{ {shown} }} }}
        }}
    """


@dataclass
class Listener:
    """A desk, and a server that it tells what happens. `secrets` are those of its webhooks."""

    world: World
    server: CompanyServer
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.server.port}/starling?from=desk"

    async def add(self, **other: Any) -> str:
        """Add a webhook that is told of all that happens in Acme."""
        given = {
            "name": "Data warehouse",
            "url": self.url,
            "brandIds": [encode_global_id(NodeKind.BRAND, self.world.acme.id)],
            "eventTypes": ALL_TYPES,
            **other,
        }
        made = await self.world.admin.act(CREATE, input=given)
        assert made["__typename"] == "WebhookCreateSuccess", made
        self.secrets[made["webhook"]["id"]] = made["secret"]
        return str(made["webhook"]["id"])

    async def act(
        self, mutation: str, webhook: str, shown: str = "webhook { id version }", **given: Any
    ) -> dict[str, Any]:
        """Let the admin do something to a webhook."""
        return await self.world.admin.act(
            document(mutation, shown), input={"webhookId": webhook, **given}
        )

    async def show(self, webhook: str, state: str | None = None) -> dict[str, Any]:
        """Return what an admin sees of a webhook."""
        shown = await self.world.admin.ask(WEBHOOK, id=webhook, state=state)
        return dict(shown["webhook"])

    async def deliveries(self, webhook: str, state: str | None = None) -> list[dict[str, Any]]:
        """Return the deliveries of a webhook, the oldest first."""
        return list(reversed((await self.show(webhook, state))["deliveries"]["nodes"]))

    async def work(self) -> None:
        """Do what a new worker does: the jobs that are due, reading on in the log, and sending."""
        await work_off(self.world)
        teller = webhook_teller_of(self.world.desk)
        while await teller.follow():
            pass
        await teller.sender.begin_due()
        await teller.sender.idle()

    def told(self) -> list[dict[str, Any]]:
        """Return the bodies that arrived since this was asked last, in the order of the log."""
        bodies = [json.loads(asked.body) for asked in self.heard()]
        return sorted(bodies, key=lambda body: (body["sequence"], body["type"]))

    def heard(self) -> list[Asked]:
        """Return the requests that arrived since this was asked last."""
        heard = self.server.asked[:]
        self.server.asked.clear()
        return heard


def verify(secret: str, asked: Asked) -> Any:
    """Return what a request tells, as a receiver makes sure of it."""
    return Verifier(secret).verify(asked.body, asked.headers)


@asynccontextmanager
async def open_listener(database_url: str, folder: Path) -> AsyncIterator[Listener]:
    certificates = make_certificates(folder, HOST)
    settings = Settings(
        database_url=database_url,
        storage_path=folder / "files",
        secrets_key=SecretStr(b64encode(b"k" * 32).decode()),
        callback_allowed_networks=[ip_network("127.0.0.0/8"), ip_network("::1/128")],
        callback_ca_file=certificates.ca_file,
        _env_file=None,
    )
    async with open_world(settings) as world, company_server(certificates.server) as server:
        yield Listener(world, server)

"""A desk and a server of the company, which the callbacks of the desk ask."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from core.settings import Settings
from tests.calls.company_server import CompanyServer, company_server, make_certificates, says
from tests.support.brands import id_of
from tests.support.callbacks import CREATE, ERRORS
from tests.support.desk import Client, World, open_world

HOST = "localhost"
ANSWER = {
    "customer": {"name": "Elif Şahin", "vip": True, "balance": 19.5, "tags": ["gold", 7]},
    "orders": [{"id": 1, "state": "sent"}],
}
RUN = f"""
    mutation ($input: CallbackRunInput!) {{
      callbackRun(input: $input) {{
        {ERRORS}
        ... on CallbackRunSuccess {{ values {{ label value }} fetchedAt }}
        ... on CallbackFailed {{ reason status }}
        ... on Unavailable {{ retryAfterSeconds }}
      }}
    }}
"""


@dataclass
class Shop:
    """A desk, and the company's server that its callbacks ask."""

    world: World
    server: CompanyServer

    def definition(self, **other: Any) -> dict[str, Any]:
        """Return a definition that leads to the server."""
        return {
            "url": f"https://{HOST}:{self.server.port}/customers?fields=short",
            "parameters": [
                {"name": "email", "label": "E-mail", "place": "QUERY"},
                {"name": "phone", "label": "Phone", "place": "QUERY", "isRequired": False},
            ],
            "fields": [
                {"label": "Name", "pointer": "/customer/name"},
                {"label": "VIP", "pointer": "/customer/vip"},
                {"label": "Balance", "pointer": "/customer/balance"},
                {"label": "Tags", "pointer": "/customer/tags"},
                {"label": "Order", "pointer": "/orders/0"},
                {"label": "Company", "pointer": "/company/name"},
            ],
            **other,
        }

    async def add(self, **other: Any) -> str:
        """Add a callback of Acme."""
        given = {"name": "CRM", "brandIds": [id_of(self.world.acme)], **self.definition(**other)}
        result = await self.world.admin.act(CREATE, input=given)
        return str(result["callback"]["id"])

    async def run(self, who: str, callback_id: str | None, **more: Any) -> dict[str, Any]:
        """Run a callback with an e-mail address, unless `parameters` says otherwise."""
        parameters = [{"name": "email", "value": "elif@example.com"}]
        given = {"callbackId": callback_id, "parameters": parameters, **more}
        client: Client = getattr(self.world, who)
        return await client.act(RUN, input=given)


@asynccontextmanager
async def open_shop(database_url: str, folder: Path) -> AsyncIterator[Shop]:
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
        server.answers["/customers"] = says(json.dumps(ANSWER).encode())
        yield Shop(world, server)

"""Who sets the desk up, and the office that the stories take place in."""

import secrets
from dataclasses import dataclass

from tests.stories.person import Person

SUPPORT, BILLING = "Destek", "Fatura"
MAILBOX = "destek@nokta.example"


@dataclass(frozen=True, slots=True)
class Office:
    """A brand, its two teams, and the token of its web shop, which may not read notes."""

    brand: str
    brand_id: str
    support_id: str
    billing_id: str
    shop_token: str


@dataclass(frozen=True, slots=True)
class Hired:
    """An agent, and what they sign in with."""

    agent_id: str
    name: str
    email: str
    password: str


class Admin(Person):
    """Keeps brands, teams, people and tokens."""

    async def opens_an_office(self) -> Office:
        """Set up a brand with the teams Support and Billing, and give its shop a token."""
        brand = await self.does(
            "brandCreate", "brand { id name }", name="Nokta", language="tr", email=MAILBOX
        )
        brand_id = brand["brand"]["id"]
        support, billing = [
            (await self.does("teamCreate", "team { id }", name=name, brandIds=[brand_id]))["team"]
            for name in (SUPPORT, BILLING)
        ]
        shop = await self.does(
            "apiTokenCreate",
            "token",
            name="Mağaza",
            brandIds=[brand_id],
            scopes=[
                "TICKETS_READ",
                "TICKETS_WRITE",
                "MESSAGES_WRITE",
                "CUSTOMERS_READ",
                "CUSTOMERS_WRITE",
            ],
        )
        return Office(brand["brand"]["name"], brand_id, support["id"], billing["id"], shop["token"])

    async def hires(self, name: str, office: Office, team_id: str) -> Hired:
        """Add an agent of a team."""
        email = f"{secrets.token_hex(8)}@desk.example"
        password = secrets.token_hex(16)
        added = await self.does(
            "agentCreate",
            "agent { id }",
            name=name,
            email=email,
            password=password,
            brandIds=[office.brand_id],
            teamIds=[team_id],
        )
        return Hired(added["agent"]["id"], name, email, password)

    async def adds_choices(self, office: Office, *, topic: str, tag: str) -> None:
        """Add a topic and a tag, from which agents choose."""
        await self.does("topicCreate", brandId=office.brand_id, name=topic)
        await self.does("tagCreate", name=tag)

    async def defines_callback(self, name: str, office: Office, url: str, secret: str) -> None:
        """Let agents look a customer up by their address."""
        await self.does(
            "callbackCreate",
            name=name,
            brandIds=[office.brand_id],
            url=url,
            secret=secret,
            parameters=[
                {
                    "name": "email",
                    "label": "E-posta",
                    "place": "QUERY",
                    "source": "CUSTOMER_EMAIL",
                }
            ],
            fields=[
                {"label": "Ad", "pointer": "/customer/name"},
                {"label": "Sipariş", "pointer": "/customer/orders"},
                {"label": "Eski müşteri", "pointer": "/customer/isRegular"},
            ],
        )

    async def says_goodbye_to(self, agent_id: str) -> None:
        """End the work of an agent."""
        found = await self.asks(
            "query ($id: ID!) { node(id: $id) { ... on Agent { version } } }", id=agent_id
        )
        await self.does(
            "agentUpdate",
            agentId=agent_id,
            expectedVersion=found["node"]["version"],
            active=False,
        )

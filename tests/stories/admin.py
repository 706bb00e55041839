"""Who sets the desk up, and the office that the stories take place in."""

import secrets
from dataclasses import dataclass
from typing import Any

from tests.stories.notifications import WithNotifications

SUPPORT, BILLING = "Destek", "Fatura"
MAILBOX = "destek@nokta.example"
SHOP_MAY = (
    "TICKETS_READ",
    "TICKETS_WRITE",
    "MESSAGES_WRITE",
    "CUSTOMERS_READ",
    "CUSTOMERS_WRITE",
)
RULE = "query ($rule: ID!) { node(id: $rule) { ... on Rule { name pauseReason } } }"


@dataclass(frozen=True, slots=True)
class Office:
    """A brand, its two teams, and its tokens.

    One is for its web shop, which may not read notes, one for the connectors of channels.
    """

    brand: str
    brand_id: str
    support_id: str
    billing_id: str
    shop_token: str
    connector_token: str


@dataclass(frozen=True, slots=True)
class Hired:
    """An agent, and what they sign in with."""

    agent_id: str
    name: str
    email: str
    password: str


class Admin(WithNotifications):
    """Keeps brands, teams, people and tokens."""

    async def opens_an_office(
        self,
        name: str = "Nokta",
        mailbox: str = MAILBOX,
        support: str = SUPPORT,
        billing: str = BILLING,
    ) -> Office:
        """Set up a brand with the teams Support and Billing, and make its tokens."""
        brand = await self.does(
            "brandCreate", "brand { id }", name=name, language="tr", email=mailbox
        )
        brand_id = brand["brand"]["id"]
        teams = [
            (await self.does("teamCreate", "team { id }", name=team, brandIds=[brand_id]))["team"]
            for team in (support, billing)
        ]
        shop = await self._makes_token("Mağaza", brand_id, *SHOP_MAY)
        connector = await self._makes_token("Kanallar", brand_id, "MESSAGES_WRITE")
        return Office(name, brand_id, teams[0]["id"], teams[1]["id"], shop, connector)

    async def opens_a_branch(self, name: str) -> Office:
        """Set up another brand, with teams and tokens of its own."""
        teams = f"{name} {SUPPORT}", f"{name} {BILLING}"
        return await self.opens_an_office(name, f"{name.casefold()}@desk.example", *teams)

    async def adds_rule(self, name: str, office: Office, **rule: Any) -> str:
        """Let something be done by itself after customers write."""
        added = await self.does(
            "ruleCreate",
            "rule { id }",
            brandId=office.brand_id,
            name=name,
            trigger="INCOMING",
            **rule,
        )
        rule_id: str = added["rule"]["id"]
        return rule_id

    async def reads_rule(self, rule: str) -> str:
        """Return a rule's name, and why it is paused."""
        found = (await self.asks(RULE, rule=rule))["node"]
        return f"{found['name']}: {found['pauseReason']}"

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

    async def _makes_token(self, name: str, brand_id: str, *scopes: str) -> str:
        made = await self.does(
            "apiTokenCreate", "token", name=name, brandIds=[brand_id], scopes=scopes
        )
        token: str = made["token"]
        return token

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

"""Brands that an admin deletes: only without tickets, and nobody gains a right by it."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from core.ids import NodeKind, encode_global_id
from models.brands import Brand
from models.tickets import Ticket
from models.viewers import ApiScope
from services import ticket_forms
from tests.scenes.stage import Stage
from tests.support.brands import CREATE
from tests.support.chats import CHAT_START
from tests.support.desk import Client, World
from tests.support.history import change, history
from tests.support.webhooks import ALL_TYPES

DELETE = """
    mutation ($id: ID!) {
      brandDelete(input: {brandId: $id}) {
        __typename
        ... on BrandDeleteSuccess { brandId }
        ... on UserError { code message }
        ... on StillInUse { ticketCount openTicketCount }
      }
    }
"""
EVERYWHERE = """
    query ($id: ID!, $rule: ID!, $template: ID!, $topic: ID!) {
      brands { name } topics { name } rules { name } teams { name brands { name } }
      callbacks { name brands { name } } webhooks { name brands { name } }
      apiTokens { brands { name } revokedAt }
      ticketTemplates { totalCount } node(id: $id) { id }
      nodes(ids: [$rule, $template, $topic]) { id }
    }
"""
EDIT_TEMPLATE = """
    mutation ($input: TicketTemplateUpdateInput!) {
      ticketTemplateUpdate(input: $input) { __typename }
    }
"""
SEEN = "{ brands { name } tickets { totalCount } }"
RECEIVE = """
    mutation ($input: MessageReceiveInput!) {
      messageReceive(input: $input) {
        __typename ... on UserError { code } ... on MessageReceiveSuccess { message { id } }
      }
    }
"""


def other(world: World) -> str:
    return encode_global_id(NodeKind.BRAND, world.other.id)


async def delete(client: Client, brand: str) -> dict[str, Any]:
    return await client.act(DELETE, id=brand)


async def receive(client: Client, brand: str, handle: str = "4711") -> str:
    """Let a connector bring a first message; return the type of the answer."""
    given = {"channel": "TELEGRAM", "handle": handle, "body": "Merhaba", "brandId": brand}
    return str((await client.act(RECEIVE, input=given))["__typename"])


async def furnish(world: World) -> dict[str, str]:
    """Give the brand, which has no tickets, one of everything; return what is its alone."""
    stage, brand = Stage(world), other(world)
    acme = encode_global_id(NodeKind.BRAND, world.acme.id)
    support = encode_global_id(NodeKind.TEAM, world.support.id)
    await stage.does("admin", "brandIdentitySecretRotate", brandId=brand)
    both: dict[str, Any] = {"brandIds": [acme, brand]}
    lookup: dict[str, Any] = {
        "url": "https://127.0.0.1/",
        "fields": [{"label": "Plan", "pointer": "/plan"}],
    }
    await stage.does("admin", "teamUpdate", teamId=support, expectedVersion=0, **both)
    await stage.does("admin", "callbackCreate", name="CRM", **lookup, **both)
    await stage.does(
        *("admin", "webhookCreate"),
        name="Shop",
        url="https://localhost/",
        brandIds=[brand],
        eventTypes=ALL_TYPES,
    )
    of_brand: dict[str, Any] = {"brandId": brand, "name": "Kargo"}
    topic = await stage.does("admin", "topicCreate", "topic { id }", **of_brand)
    template = await stage.does("admin", "ticketTemplateCreate", "template { id }", **of_brand)
    rule = await stage.does(
        *("admin", "ruleCreate", "rule { id }"),
        **of_brand,
        trigger="INCOMING",
        allOf=[{"kind": "CHANNEL", "channels": ["TELEGRAM"]}],
        actions=[{"kind": "HAND_TO_AGENTS"}],
    )
    made = {**topic, **template, **rule}
    return {name: made[name]["id"] for name in ("topic", "template", "rule")}


async def test_a_brand_without_tickets_goes_with_what_is_its_alone(world: World) -> None:
    brand = other(world)
    its = await furnish(world)
    token = await world.integration(*ApiScope, brands=[world.other])

    deleted = await delete(world.admin, brand)

    assert deleted == {"__typename": "BrandDeleteSuccess", "brandId": brand}

    acme_only = [{"name": "Acme"}]
    assert await world.admin.ask(EVERYWHERE, id=brand, **its) == {
        "brands": acme_only,
        "topics": [],
        "rules": [],
        "teams": [
            {"name": "Sales", "brands": acme_only},
            {"name": "Support", "brands": acme_only},
        ],
        "callbacks": [{"name": "CRM", "brands": acme_only}],
        "webhooks": [{"name": "Shop", "brands": []}],
        "apiTokens": [{"brands": [], "revokedAt": None}],
        "ticketTemplates": {"totalCount": 0},
        "node": None,
        "nodes": [None, None, None],
    }
    support = encode_global_id(NodeKind.TEAM, world.support.id)
    assert (await history(world, support))[-1] == (
        "TeamChanged",
        [change("brands", "Acme, Other", "Acme")],
    )
    assert (await history(world, world.id_of("stranger")))[-1] == (
        "AgentChanged",
        [change("brands", "Other", "")],
    )
    assert await history(world, brand) == [
        ("BrandIdentitySecretRotated", []),
        ("BrandDeleted", []),
    ]
    # Whoever worked for it alone works for nobody now, not for everybody.
    await world.receive()
    for client in (token, world.stranger):
        assert await client.ask(SEEN) == {"brands": [], "tickets": {"totalCount": 0}}
    acme = encode_global_id(NodeKind.BRAND, world.acme.id)
    assert await receive(token, acme) == "NotFound"
    again = await world.admin.act(CREATE, input={"name": "OTHER", "language": "en"})
    assert again["__typename"] == "BrandCreateSuccess"


async def test_nothing_is_added_to_a_deleted_brand(world: World) -> None:
    brand, stage = other(world), Stage(world)
    await delete(world.admin, brand)
    before = await world.counts()

    assert await receive(world.admin, brand) == "NotFound"
    chat = await world.nobody.act(CHAT_START, input={"brandId": brand, "name": "Elif"})
    assert chat["__typename"] == "ValidationFailed"
    customer = {"name": "Elif", "email": "elif@example.com"}
    of_brand: dict[str, Any] = {"brandId": brand, "name": "Kargo"}
    for mutation, given in (
        ("ticketCreate", {"brandId": brand, "title": "Kargo", "customer": customer}),
        ("ticketTemplateCreate", of_brand),
        ("topicCreate", of_brand),
        ("identityRulesInstall", {"brandId": brand}),
        ("teamCreate", {"name": "New", "brandIds": [brand]}),
    ):
        await stage.is_refused("admin", "ValidationFailed", mutation, **given)
    edit = {"brandId": brand, "expectedVersion": 0, "name": "Back"}
    await stage.is_refused("admin", "NotFound", "brandUpdate", **edit)
    assert await world.counts() == before


async def test_a_brand_with_tickets_stays_and_tells_how_many(world: World) -> None:
    _message, ticket = await world.receive()
    await world.receive(subject="Another")
    await Stage(world).does("ayse", "ticketClose", ticketId=ticket)
    acme = encode_global_id(NodeKind.BRAND, world.acme.id)
    before = await world.counts()

    assert await delete(world.admin, acme) == {
        "__typename": "StillInUse",
        "code": "STILL_IN_USE",
        "message": "It has tickets, which stay for good: it cannot be deleted.",
        "ticketCount": 2,
        "openTicketCount": 1,
    }
    assert (await delete(world.ayse, acme))["__typename"] == "NotAllowed"
    assert await world.counts() == before


@pytest.mark.both_databases
async def test_who_opens_a_ticket_meanwhile_keeps_the_brand_or_finds_none(world: World) -> None:
    brand = other(world)

    deletion = asyncio.create_task(delete(world.admin, brand))
    opened = await asyncio.gather(
        *(receive(world.stranger, brand, f"{number}") for number in range(3))
    )
    deleted = await deletion

    async with world.desk.database.reading() as connection:
        of_brand = select(func.count()).select_from(Ticket).where(Ticket.brand_id == world.other.id)
        tickets = (await connection.execute(of_brand)).scalar_one()
        gone = select(Brand.deleted_at).where(Brand.id == world.other.id)
        is_gone = (await connection.execute(gone)).scalar_one() is not None
    assert opened.count("MessageReceiveSuccess") == tickets
    assert set(opened) <= {"MessageReceiveSuccess", "NotFound"}
    assert is_gone is (tickets == 0)
    assert deleted["__typename"] == ("BrandDeleteSuccess" if is_gone else "StillInUse")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_edits_a_template_meanwhile_does_not_wait_in_a_circle(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, brand = Stage(world), other(world)
    of_brand: dict[str, Any] = {"brandId": brand, "name": "Kargo"}
    topic = await stage.does("admin", "topicCreate", "topic { id }", **of_brand)
    template = await stage.does("admin", "ticketTemplateCreate", "template { id }", **of_brand)
    template_is_held, clean = asyncio.Event(), ticket_forms.clean

    async def take_a_while(*given: Any) -> dict[str, Any]:
        template_is_held.set()
        await asyncio.sleep(0.2)
        return await clean(*given)

    async def delete_brand() -> dict[str, Any]:
        await template_is_held.wait()
        return await delete(world.admin, brand)

    monkeypatch.setattr(ticket_forms, "clean", take_a_while)
    wanted = {"expectedVersion": 1, "topicId": topic["topic"]["id"]}
    edited, deleted = await asyncio.gather(
        world.admin.act(EDIT_TEMPLATE, input={"templateId": template["template"]["id"], **wanted}),
        delete_brand(),
    )

    assert edited["__typename"] == "TicketTemplateUpdateSuccess"
    assert deleted["__typename"] == "BrandDeleteSuccess"

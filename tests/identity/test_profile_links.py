"""Linking profiles to known customers: by agents and by claims, and taking it back exactly."""

import pytest
from sqlalchemy import select

from core.ids import NodeKind, decode_global_id
from models.channels import Channel
from models.events import Event
from models.viewers import ApiScope
from services import mail_tickets
from services.mail.parsing import parse_mail
from tests.support.archives import mail
from tests.support.chats import CHAT, start_chat
from tests.support.customers import add_company
from tests.support.desk import World
from tests.support.merges import merge, merged, unmerge
from tests.support.profiles import (
    LINK,
    UNLINK,
    add_customer,
    claim,
    dump,
    profile,
    profile_of,
)

TICKET = """
    query ($id: ID!) {
      ticket(id: $id) {
        customer { id name email }
        messages(first: 10) { nodes { body author { __typename ... on Customer { id name } } } }
        changes(first: 10) { nodes { changes { field before after } } }
      }
    }
"""
HISTORY = "query ($id: ID!) { customer(id: $id) { id name tickets(first: 10) { totalCount } } }"
WRITTEN = """
    query ($id: ID!) {
      customer(id: $id) {
        tickets { nodes { messages { nodes { author { ... on Customer { id } } } } } }
      }
    }
"""
LISTED = "query ($search: String) { customers(search: $search) { nodes { name } } }"


async def test_a_link_moves_what_came_by_the_profile_and_unlinking_restores_every_row(
    world: World,
) -> None:
    known = await add_customer(world, "Elif Demir", email="elif@example.com")
    await world.receive("An older mail", handle="elif@example.com")
    _message, ticket = await world.receive(
        "Merhaba", handle="@elif", name="Elf", channel=Channel.TELEGRAM
    )
    profile_id = await profile_of(world, ticket)
    came_with = (await profile(world.ayse, profile_id))["customer"]["id"]
    before = await dump(world)

    linked = await world.ayse.act(LINK, profile=profile_id, customer=known)
    assert linked["profile"] == {
        "id": profile_id,
        "channel": "TELEGRAM",
        "handle": "@elif",
        "verified": False,
        "linkState": "CLAIMED",
        "claimedEmail": None,
        "claimedPhone": None,
        "linkedBy": {"__typename": "Agent", "name": world.agents["ayse"].name},
        "customer": {"id": known, "name": "Elif Demir"},
        "suggestions": [],
    }
    shown = (await world.ayse.ask(TICKET, id=ticket))["ticket"]
    assert shown["customer"]["id"] == known
    assert shown["messages"]["nodes"][0]["author"]["id"] == known
    assert [each for change in shown["changes"]["nodes"] for each in change["changes"]] == [
        {"field": "customer", "before": "Elf", "after": "Elif Demir"},
        {"field": "profile", "before": "OWN", "after": "CLAIMED"},
    ]
    history = (await world.ayse.ask(HISTORY, id=came_with))["customer"]
    assert history == {"id": known, "name": "Elif Demir", "tickets": {"totalCount": 2}}
    assert (await world.ayse.ask(LISTED, search="Elf"))["customers"]["nodes"] == []

    again = await dump(world)
    assert await world.ayse.act(LINK, profile=profile_id, customer=known) == linked
    assert await dump(world) == again

    unlinked = await world.ayse.act(UNLINK, profile=profile_id)
    assert unlinked["profile"]["customer"] == {"id": came_with, "name": "Elf"}
    after = await dump(world)
    assert {name for name in before if before[name] != after[name]} == set()

    assert (await world.ayse.act(UNLINK, profile=profile_id)) == unlinked
    assert await dump(world) == after


async def test_what_came_meanwhile_goes_back_with_the_profile(world: World) -> None:
    known = await add_customer(world, "Elif Demir", email="elif@example.com")
    _message, ticket = await world.receive("Merhaba", handle="@elif", channel=Channel.TELEGRAM)
    profile_id = await profile_of(world, ticket)
    came_with = (await profile(world.ayse, profile_id))["customer"]["id"]
    await world.ayse.act(LINK, profile=profile_id, customer=known)

    same = await world.receive("Orada mısınız?", handle="@elif", channel=Channel.TELEGRAM)
    other = await world.receive(
        "Hello", handle="@elif", channel=Channel.TELEGRAM, brand=world.other
    )
    assert same[1] == ticket
    await world.ayse.act(UNLINK, profile=profile_id)

    for of_profile in (ticket, other[1]):
        shown = (await world.admin.ask(TICKET, id=of_profile))["ticket"]
        authors = {message["author"]["id"] for message in shown["messages"]["nodes"]}
        assert (shown["customer"]["id"], authors) == (came_with, {came_with})
    assert (await world.ayse.ask(HISTORY, id=known))["customer"]["tickets"] == {"totalCount": 0}


async def test_an_old_mail_that_comes_in_meanwhile_goes_back_to_its_writer(world: World) -> None:
    known = await add_customer(world, "Elif", email="elif@example.com")
    _message, ticket = await world.receive("One", handle="e@home.example", name="Elf")
    profile_id = await profile_of(world, ticket)
    came_with = (await profile(world.ayse, profile_id))["customer"]["id"]
    await world.ayse.act(LINK, profile=profile_id, customer=known)
    archived = parse_mail(mail("old", sender="e@home.example", subject="Long ago"))
    async with world.work() as work:
        desk = mail_tickets.MailDesk(world.acme, {})
        await mail_tickets.add_mail(work, desk, archived, [])
    await world.ayse.act(UNLINK, profile=profile_id)

    tickets = (await world.ayse.ask(WRITTEN, id=came_with))["customer"]["tickets"]["nodes"]
    authors = [each["author"]["id"] for one in tickets for each in one["messages"]["nodes"]]
    assert authors == [came_with] * 2


async def test_only_the_profile_moves_of_somebody_who_is_more_than_it(world: World) -> None:
    known = await add_customer(world, "Elif Demir", email="elif@example.com")
    _message, ticket = await world.receive("Merhaba", handle="e@home.example", name="Elf")
    profile_id = await profile_of(world, ticket)
    before = await dump(world)

    await world.ayse.act(LINK, profile=profile_id, customer=known)
    assert (await world.ayse.ask(LISTED, search="Elf"))["customers"]["nodes"] == [{"name": "Elf"}]
    assert (await world.ayse.ask(TICKET, id=ticket))["ticket"]["customer"]["id"] == known

    await world.ayse.act(UNLINK, profile=profile_id)
    after = await dump(world)
    assert {name for name in before if before[name] != after[name]} == set()


@pytest.mark.both_databases
async def test_what_is_stacked_is_undone_newest_first_and_restores_every_row(world: World) -> None:
    _message, ticket = await world.receive("Merhaba", handle="e@home.example", name="Elf")
    of_elf = await profile_of(world, ticket)
    elf = (await profile(world.ayse, of_elf))["customer"]["id"]
    elif_ = await add_customer(world, "Elif", email="elif@example.com", phone="+905321234567")
    zoe = await add_customer(world, "Zoe", email="zoe@example.com")
    other = await add_customer(world, "Su", email="su@example.com")
    before = await dump(world)

    for source, target in ((elf, elif_), (elf, zoe), (elif_, elf)):
        await world.ayse.act(LINK, profile=of_elf, customer=elif_)
        merge_id = await merged(world.ayse, source, target)
        linked = await dump(world)
        assert await world.nikos.act(UNLINK, profile=of_elf) == {
            "__typename": "NewerMerge",
            "newerMerge": {"id": merge_id},
            "code": "NEWER_MERGE",
        }
        elsewhere = await world.nikos.act(LINK, profile=of_elf, customer=other)
        assert elsewhere["code"] == "NEWER_MERGE"
        assert await dump(world) == linked
        assert (await unmerge(world.ayse, merge_id))["__typename"] == "CustomerUnmergeSuccess"
        await world.ayse.act(UNLINK, profile=of_elf)
        assert await dump(world) == before

    merge_id = await merged(world.ayse, elf, elif_)
    await world.ayse.act(LINK, profile=of_elf, customer=zoe)
    linked = await dump(world)
    assert await unmerge(world.nikos, merge_id) == {
        "__typename": "NewerLink",
        "linkedProfile": {"id": of_elf},
        "code": "NEWER_LINK",
    }
    assert await dump(world) == linked
    await world.ayse.act(UNLINK, profile=of_elf)
    await unmerge(world.ayse, merge_id)
    assert await dump(world) == before


async def test_who_is_linked_as_a_whole_is_merged_as_whom_they_are(world: World) -> None:
    older = await add_customer(world, "E.")
    elif_ = await add_customer(world, "Elif", email="elif@example.com")
    zoe = await add_customer(world, "Zoe", email="zoe@example.com")
    _message, ticket = await world.receive("Hi", handle="@elif", channel=Channel.TELEGRAM)
    of_visitor = await profile_of(world, ticket)
    visitor = (await profile(world.ayse, of_visitor))["customer"]["id"]
    hidden = await merged(world.ayse, older, visitor)
    await world.ayse.act(LINK, profile=of_visitor, customer=elif_)

    assert (await unmerge(world.ayse, hidden))["linkedProfile"] == {"id": of_visitor}
    with_herself = await merge(world.ayse, visitor, elif_)
    assert with_herself["fields"][0]["code"] == "NOT_ALLOWED_VALUE"
    loaded = await merge(world.ayse, visitor, zoe, sourceVersion=1)
    assert loaded["current"] == {"id": elif_}
    merge_id = await merged(world.ayse, visitor, zoe)
    assert (await world.ayse.ask(HISTORY, id=elif_))["customer"]["id"] == zoe

    # All that came by the profile is the visitor's again, whoever they were meanwhile.
    await world.receive("Still me", handle="@elif", channel=Channel.TELEGRAM)
    await world.ayse.act(UNLINK, profile=of_visitor)
    await unmerge(world.ayse, merge_id)
    shown = (await world.ayse.ask(TICKET, id=ticket))["ticket"]
    authors = {message["author"]["id"] for message in shown["messages"]["nodes"]}
    assert (shown["customer"]["id"], authors) == (visitor, {visitor})


async def test_messages_are_their_writers_again_whoever_had_the_profile(world: World) -> None:
    elif_ = await add_customer(world, "Elif", email="elif@example.com")
    zoe = await add_customer(world, "Zoe", email="zoe@example.com")
    _message, ticket = await world.receive("One", handle="@elf", channel=Channel.TELEGRAM)
    of_elf = await profile_of(world, ticket)
    elf = (await profile(world.ayse, of_elf))["customer"]["id"]
    await world.ayse.act(LINK, profile=of_elf, customer=elif_)
    await world.receive("Two", handle="@elf", channel=Channel.TELEGRAM)
    await merged(world.ayse, elif_, zoe)
    await world.receive("Three", handle="@elf", channel=Channel.TELEGRAM)

    await world.ayse.act(UNLINK, profile=of_elf)

    shown = (await world.ayse.ask(TICKET, id=ticket))["ticket"]
    assert [message["author"]["id"] for message in shown["messages"]["nodes"]] == [elf] * 3


async def test_a_profile_that_is_linked_to_whom_it_came_with_is_unlinked(world: World) -> None:
    elif_ = await add_customer(world, "Elif", email="elif@example.com")
    _message, ticket = await world.receive("Merhaba", handle="e@home.example", name="Elf")
    of_elf = await profile_of(world, ticket)
    elf = (await profile(world.ayse, of_elf))["customer"]["id"]
    before = await dump(world)
    await world.ayse.act(LINK, profile=of_elf, customer=elif_)

    home = await world.ayse.act(LINK, profile=of_elf, customer=elf)

    assert (home["profile"]["linkState"], home["profile"]["customer"]["id"]) == ("OWN", elf)
    assert await dump(world) == before


async def test_a_claim_takes_a_ticket_from_no_company_to_the_customers(world: World) -> None:
    company = await add_company(world, "Acme Tools")
    await add_customer(world, "Elif", email="elif@example.com", companyId=company)
    _message, ticket = await world.receive("Hi", handle="@elif", channel=Channel.TELEGRAM)

    assert await claim(world, ticket, "elif@example.com")

    async with world.desk.database.reading() as connection:
        told = select(Event.payload).where(Event.type == "InboxChanged").order_by(Event.id.desc())
        moved = (await connection.execute(told.limit(1))).scalar_one()
    of_company = decode_global_id(company)[1].hex
    companies = [moved[side]["company_id"] for side in ("before", "after")]
    assert companies == [None, of_company]


async def test_a_claim_links_to_the_one_known_customer_and_else_only_suggests(
    world: World,
) -> None:
    known = await add_customer(world, "Elif Demir", email="Elif@example.com")
    for name in ("Ali", "Veli"):
        await add_customer(world, name, phone="+905321234567")
    _message, ticket = await world.receive("Merhaba", handle="@elif", channel=Channel.TELEGRAM)
    profile_id = await profile_of(world, ticket)

    assert not await claim(world, ticket, "Merhaba, siparişim nerede?")
    assert await claim(world, ticket, "Numaram 0532 123 45 67")
    claimed = await profile(world.ayse, profile_id)
    assert (claimed["linkState"], claimed["claimedPhone"]) == ("OWN", "+905321234567")
    assert [each["customer"]["name"] for each in claimed["suggestions"]] == ["Ali", "Veli"]

    assert await claim(world, ticket, "e-postam elif@example.com'dur")
    linked = await profile(world.ayse, profile_id)
    assert (linked["linkState"], linked["customer"]["id"]) == ("CLAIMED", known)

    await add_customer(world, "Su", email="su@example.com")
    assert await claim(world, ticket, "su@example.com")
    kept = await profile(world.ayse, profile_id)
    assert (kept["customer"]["id"], kept["suggestions"][0]) == (
        known,
        {"reason": "CLAIMED_EMAIL", "customer": {"name": "Su"}},
    )


async def test_who_merely_claims_to_be_somebody_learns_nothing_of_them(world: World) -> None:
    await add_customer(world, "Elif Demir", email="elif@example.com", phone="+905321234567")
    await world.receive("An older mail", handle="elif@example.com", brand=world.other)
    scopes = (ApiScope.TICKETS_READ, ApiScope.MESSAGES_WRITE)
    connector = await world.integration(*scopes, brands=[world.acme])
    chat = await start_chat(world, "Elf")
    await chat.answer("How can I help?")
    asked = "{ me { ... on Customer { id name } } }"
    conversation = CHAT.replace("eventCursor", "")
    seen = [await chat.customer.ask(conversation), await chat.customer.ask(asked)]
    by_connector = (await connector.ask(TICKET, id=chat.ticket))["ticket"]
    _message, telegram = await world.receive("Hi", handle="@e", channel=Channel.TELEGRAM)

    came_with = (await connector.ask(TICKET, id=telegram))["ticket"]["customer"]

    for ticket in (chat.ticket, telegram):
        assert await claim(world, ticket, "I am elif@example.com")

    assert seen == [await chat.customer.ask(conversation), await chat.customer.ask(asked)]
    assert (await chat.write("Are you there?"))["__typename"] == "MessageSendSuccess"
    shown = (await connector.ask(TICKET, id=chat.ticket))["ticket"]
    assert shown["customer"] == by_connector["customer"]
    assert "Elif Demir" not in str(shown)
    assert "elif@example.com" not in str(shown)
    answered = await connector.act(
        """
        mutation ($input: MessageReceiveInput!) {
          messageReceive(input: $input) {
            ... on MessageReceiveSuccess { ticket { id } customer { id name email } }
          }
        }
        """,
        input={
            "channel": "TELEGRAM",
            "handle": "@e",
            "body": "Hello?",
            "brandId": await _brand_of(world),
        },
    )
    assert answered == {"ticket": {"id": telegram}, "customer": came_with}


async def _brand_of(world: World) -> str:
    (brand, *_others) = (await world.ayse.ask("{ brands { id } }"))["brands"]
    assert decode_global_id(brand["id"]) == (NodeKind.BRAND, world.acme.id)
    return str(brand["id"])

"""Whom agents are in touch with: opening interactions, describing and tagging them."""

import asyncio
from typing import Any

import pytest

from models.channels import Channel
from models.viewers import ApiScope
from tests.support.customers import NO_SUCH, create, customer_of
from tests.support.desk import World
from tests.support.edits import EDIT_WARNINGS, change
from tests.support.interactions import CALLER, attempt, closed, does, load, opened, trace
from tests.support.live import served

CUSTOMER_CHANGES = """
    subscription ($id: ID!) {
      customerEvents(customerId: $id) {
        ... on Event { cursor }
        ... on InteractionChanged { changes { field before after } }
      }
    }
"""

# Opening


async def test_a_known_customer_is_put_on_the_open_list(world: World) -> None:
    customer = await create(world, "Elif")

    interaction = await does(
        world.nikos, "interactionOpen", channel="PHONE", customerId=customer["id"]
    )

    assert interaction == {
        "id": interaction["id"],
        "version": 1,
        "channel": "PHONE",
        "handle": None,
        "closedAt": None,
        "summary": None,
        "tags": [],
        "agent": {"name": "Nikos"},
        "customer": {"id": customer["id"], "name": "Elif"},
        "ticket": None,
        "form": None,
    }


async def test_a_ticket_tells_who_the_customer_is(world: World) -> None:
    _, ticket = await world.receive(name="Elif")

    interaction = await does(world.ayse, "interactionOpen", channel="EMAIL", ticketId=ticket)

    assert interaction["customer"] == {"id": await customer_of(world, ticket), "name": "Elif"}
    assert interaction["ticket"] == {"number": 1}


@pytest.mark.parametrize("spelling", ["@elif", "@ELIF", "  @Elif "])
async def test_a_handle_that_a_channel_knows_leads_to_its_customer(
    world: World, spelling: str
) -> None:
    await world.receive(channel=Channel.TELEGRAM, handle="@Elif", name="Elif")

    interaction = await does(world.ayse, "interactionOpen", channel="TELEGRAM", handle=spelling)

    assert interaction["customer"]["name"] == "Elif"


async def test_the_sender_of_a_mail_is_the_customer_with_the_address(world: World) -> None:
    customer = await create(world, "Elif", email="elif@example.com")

    interaction = await does(
        world.ayse, "interactionOpen", channel="EMAIL", handle="Elif@Example.com"
    )

    assert interaction["customer"]["id"] == customer["id"]


async def test_a_handle_that_nobody_knows_is_kept_and_the_customer_stays_unknown(
    world: World,
) -> None:
    interaction = await does(
        world.ayse, "interactionOpen", channel="PHONE", handle=" +90 532 123 45 67 "
    )

    assert (interaction["customer"], interaction["handle"]) == (None, "+905321234567")


async def test_the_same_contact_is_opened_once_and_told_once(world: World) -> None:
    customer = await create(world, "Elif")
    _, ticket = await world.receive()
    contacts = (
        {"channel": "PHONE", "customerId": customer["id"]},
        {"channel": "EMAIL", "ticketId": ticket},
        {"channel": "VIBER", "handle": "+90 532 1"},
    )
    first = [await does(world.ayse, "interactionOpen", **contact) for contact in contacts]
    before = await trace(world)

    again = [await does(world.ayse, "interactionOpen", **contact) for contact in contacts]

    assert again == first
    assert await trace(world) == before


async def test_two_tabs_that_open_one_contact_at_once_open_it_once(world: World) -> None:
    customer = await create(world, "Elif")

    ids = await asyncio.gather(*(opened(world.ayse, customerId=customer["id"]) for _ in range(4)))

    assert len(set(ids)) == 1
    assert (await trace(world))["interaction"] == 1


async def test_another_channel_another_ticket_and_another_agent_are_other_contacts(
    world: World,
) -> None:
    _, ticket = await world.receive()
    customer = await customer_of(world, ticket)
    ids = [
        await opened(world.ayse, "PHONE", customerId=customer),
        await opened(world.ayse, "VIBER", customerId=customer),
        await opened(world.ayse, "PHONE", ticketId=ticket),
        await opened(world.nikos, "PHONE", customerId=customer),
    ]

    assert len(set(ids)) == 4


async def test_the_same_key_and_input_is_the_same_interaction_also_after_it_was_closed(
    world: World,
) -> None:
    customer = await create(world, "Elif")
    given = {"customerId": customer["id"], "idempotencyKey": "call-17"}
    first = await opened(world.ayse, **given)
    await closed(world.ayse, first)
    before = await trace(world)

    again = await opened(world.ayse, **given)
    other = await attempt(world.ayse, "interactionOpen", channel="VIBER", **given)

    assert again == first
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert await trace(world) == before


async def test_a_contact_is_named_in_exactly_one_way(world: World) -> None:
    customer = await create(world, "Elif")
    before = await trace(world)

    none = await attempt(world.ayse, "interactionOpen", channel="PHONE")
    two = await attempt(
        world.ayse, "interactionOpen", channel="PHONE", customerId=customer["id"], handle=CALLER
    )

    assert [(one["path"][1], one["code"]) for one in none["fields"]] == [("customerId", "REQUIRED")]
    assert [(one["path"][1], one["code"]) for one in two["fields"]] == [
        ("handle", "NOT_ALLOWED_VALUE")
    ]
    assert await trace(world) == before


async def test_what_the_agent_does_not_see_cannot_be_opened(world: World) -> None:
    _, ticket = await world.receive()
    before = await trace(world)

    hidden = await attempt(world.stranger, "interactionOpen", channel="EMAIL", ticketId=ticket)
    absent = await attempt(world.stranger, "interactionOpen", channel="PHONE", customerId=NO_SUCH)
    wrong = await attempt(world.ayse, "interactionOpen", channel="EMAIL", handle="elif@")

    assert (hidden["code"], absent["code"]) == ("NOT_FOUND", "NOT_FOUND")
    assert [(one["path"], one["code"]) for one in wrong["fields"]] == [
        (["input", "handle"], "INVALID_EMAIL")
    ]
    assert await trace(world) == before


async def test_only_agents_have_interactions_and_others_only_read_them(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await does(
        world.ayse,
        "interactionFormSave",
        interactionId=interaction,
        form={"expectedVersion": 1, "name": "Elif Ş"},
    )
    shop = await world.integration(ApiScope.CUSTOMERS_READ, ApiScope.CUSTOMERS_WRITE)
    before = await trace(world)

    for mutation, given in (
        ("interactionOpen", {"channel": "PHONE", "customerId": customer["id"]}),
        ("interactionUpdate", {"expectedVersion": 1, "summary": "X"}),
        ("interactionTag", {"tag": "X"}),
        ("interactionUntag", {"tag": "X"}),
        ("interactionFormSave", {"form": {"name": "X"}}),
        ("interactionClose", {"outcome": "DISCARD"}),
        ("interactionReopen", {}),
    ):
        named = {} if mutation == "interactionOpen" else {"interactionId": interaction}
        assert (await attempt(shop, mutation, **named, **given))["code"] == "NOT_ALLOWED"

    seen = await load(shop, interaction)
    assert (seen["customer"]["name"], seen["form"]) == ("Elif", None)
    for document in ("{ openInteractions { id } }", "{ interactionEventCursor }"):
        assert (await shop.send(document)).error["extensions"] == {"code": "NOT_ALLOWED"}
        refusal = (await world.nobody.send(document)).error
        assert refusal["extensions"] == {"code": "UNAUTHENTICATED"}
    assert await trace(world) == before


# What it was about


async def test_a_summary_has_2_000_characters_after_nfc_and_not_one_more(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    written = "e\N{COMBINING ACUTE ACCENT}" * 2_000

    saved = await does(
        world.nikos,
        "interactionUpdate",
        interactionId=interaction,
        expectedVersion=1,
        summary=written,
    )
    before = await trace(world)
    refused = await attempt(
        world.nikos,
        "interactionUpdate",
        interactionId=interaction,
        expectedVersion=2,
        summary=f"{written}x",
    )

    assert (saved["summary"], saved["version"]) == ("é" * 2_000, 2)
    assert refused["fields"] == [
        {"path": ["input", "summary"], "code": "TOO_LONG", "limit": 2000, "actual": 2001}
    ]
    assert await trace(world) == before


async def test_edits_of_different_fields_are_merged_and_of_the_same_field_shown_both(
    world: World,
) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, handle=CALLER)
    named = {"interactionId": interaction, "expectedVersion": 1}
    await does(world.ayse, "interactionUpdate", **named, summary="Asked for a refund")

    merged = await attempt(world.nikos, "interactionUpdate", **named, customerId=customer["id"])
    before = await trace(world)
    conflict = await attempt(world.nikos, "interactionUpdate", **named, summary="Refund")

    assert (merged["mergedFields"], merged["interaction"]["summary"]) == (
        ["summary"],
        "Asked for a refund",
    )
    assert conflict == {
        "__typename": "EditConflict",
        "code": "EDIT_CONFLICT",
        "message": conflict["message"],
        "currentVersion": 3,
        "changedBy": {"name": "Ayse"},
        "fields": [
            {
                "field": "summary",
                "base": None,
                "theirs": "Asked for a refund",
                "yours": "Refund",
            }
        ],
    }
    assert await trace(world) == before


async def test_saying_what_is_known_already_is_no_change(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    given = {"interactionId": interaction, "summary": "Refund"}
    await does(world.ayse, "interactionUpdate", **given, expectedVersion=1)
    before = await trace(world)

    again = await does(world.nikos, "interactionUpdate", **given, expectedVersion=2)

    assert again["version"] == 2
    assert await trace(world) == before


async def test_a_ticket_says_who_it_is_and_must_be_one_of_the_customer(world: World) -> None:
    _, ticket = await world.receive(name="Elif")
    _, other = await world.receive(handle="other@example.com", name="Maria")
    interaction = await opened(world.ayse, handle=CALLER)
    named = {"interactionId": interaction, "expectedVersion": 1}

    linked = await does(world.ayse, "interactionUpdate", **named, ticketId=ticket)
    before = await trace(world)
    named["expectedVersion"] = linked["version"]
    of_other = await attempt(world.ayse, "interactionUpdate", **named, ticketId=other)
    to_other = await attempt(
        world.ayse, "interactionUpdate", **named, customerId=await customer_of(world, other)
    )
    hidden = await attempt(world.stranger, "interactionUpdate", **named, ticketId=ticket)

    assert (linked["customer"]["name"], linked["ticket"]) == ("Elif", {"number": 1})
    assert [
        (one["path"][1], one["code"]) for answer in (of_other, to_other) for one in answer["fields"]
    ] == [("ticketId", "NOT_ALLOWED_VALUE"), ("customerId", "NOT_ALLOWED_VALUE")]
    assert [(one["path"][1], one["code"]) for one in hidden["fields"]] == [
        ("ticketId", "UNKNOWN_REFERENCE")
    ]
    assert await trace(world) == before


async def test_an_interaction_moves_to_the_history_of_whom_it_turns_out_to_be(
    world: World,
) -> None:
    elif_, maria = await create(world, "Elif"), await create(world, "Maria")
    interaction = await opened(world.ayse, customerId=elif_["id"])

    moved = await does(
        world.ayse,
        "interactionUpdate",
        interactionId=interaction,
        expectedVersion=1,
        customerId=maria["id"],
    )

    history = "query ($id: ID!) { customer(id: $id) { version interactions { nodes { id } } } }"
    of_elif = (await world.nikos.ask(history, id=elif_["id"]))["customer"]
    of_maria = (await world.nikos.ask(history, id=maria["id"]))["customer"]
    assert moved["customer"]["name"] == "Maria"
    assert (of_elif["interactions"], of_elif["version"]) == ({"nodes": []}, 3)
    assert (of_maria["interactions"], of_maria["version"]) == ({"nodes": [{"id": interaction}]}, 2)


# Tags


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ISITMA", "ısıtma"),
        ("isitma", "İSITMA"),
        ("Σαλόνι", "ΣΑΛΟΝΙ"),
        ("ΟΔΟΣ", "οδός"),
        ("  iade   talebi ", "IADE TALEBİ"),
    ],
)
async def test_another_spelling_of_a_tag_is_that_tag(world: World, first: str, second: str) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    await does(world.ayse, "interactionTag", interactionId=interaction, tag=first)
    before = await trace(world)

    again = await attempt(world.nikos, "interactionTag", interactionId=interaction, tag=second)

    spelling = " ".join(first.split())
    assert (again["tag"], again["interaction"]["tags"]) == (spelling, [spelling])
    assert await trace(world) == before
    taken = await does(world.nikos, "interactionUntag", interactionId=interaction, tag=second)
    assert taken["tags"] == []


async def test_taking_a_tag_that_is_not_there_is_no_change(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    before = await trace(world)

    await does(world.ayse, "interactionUntag", interactionId=interaction, tag="refund")

    assert await trace(world) == before


async def test_a_tag_has_50_characters_after_nfc_and_an_interaction_50_tags(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    named = {"interactionId": interaction}
    for number in range(49):
        await does(world.ayse, "interactionTag", **named, tag=f"tag {number}")
    long = "e\N{COMBINING ACUTE ACCENT}" * 50
    tagged = await does(world.ayse, "interactionTag", **named, tag=long)
    before = await trace(world)

    too_long = await attempt(world.ayse, "interactionTag", **named, tag=f"{long}x")
    empty = await attempt(world.ayse, "interactionTag", **named, tag=" \u200b ")
    too_many = await attempt(world.ayse, "interactionTag", **named, tag="one more")
    known = await attempt(world.ayse, "interactionTag", **named, tag="TAG 7")

    assert len(tagged["tags"]) == 50
    assert too_long["fields"] == [
        {"path": ["input", "tag"], "code": "TOO_LONG", "limit": 50, "actual": 51}
    ]
    assert [one["code"] for one in empty["fields"]] == ["REQUIRED"]
    assert (too_many["code"], too_many["limit"]) == ("LIMIT_REACHED", 50)
    assert known["tag"] == "tag 7"
    assert await trace(world) == before


async def test_agents_who_tag_at_once_lose_no_tag_and_make_none_twice(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)

    await asyncio.gather(
        *(
            does(client, "interactionTag", interactionId=interaction, tag=tag)
            for client in (world.ayse, world.nikos, world.admin)
            for tag in ("iade", "İADE", "kargo")
        )
    )

    left = await load(world.ayse, interaction)
    assert [tag.casefold()[-3:] for tag in left["tags"]] == ["ade", "rgo"]
    assert left["version"] == 3


# History


async def test_only_the_newest_interaction_can_be_changed_once_it_was_closed(world: World) -> None:
    customer = await create(world, "Elif")
    older = await opened(world.ayse, customerId=customer["id"])
    newer = await opened(world.nikos, customerId=customer["id"])
    # Both are open for the first time: both are still being written.
    await does(world.ayse, "interactionTag", interactionId=older, tag="refund")
    await closed(world.ayse, older)
    await closed(world.nikos, newer)
    await does(world.nikos, "interactionReopen", interactionId=older)
    before = await trace(world)

    for mutation, given in (
        ("interactionUpdate", {"expectedVersion": 4, "summary": "X"}),
        ("interactionTag", {"tag": "X"}),
        ("interactionUntag", {"tag": "refund"}),
    ):
        refused = await attempt(world.nikos, mutation, interactionId=older, **given)
        assert (refused["code"], refused["message"]) == (
            "NOT_ALLOWED",
            "Αυτή η επικοινωνία έχει λήξει και ο πελάτης έχει νεότερη: μπορεί μόνο να διαβαστεί.",
        )
    assert await trace(world) == before

    tagged = await does(world.ayse, "interactionTag", interactionId=newer, tag="solved")
    assert tagged["tags"] == ["solved"]


async def test_a_closed_interaction_stays_in_the_history_of_its_customer(world: World) -> None:
    elif_, maria = await create(world, "Elif"), await create(world, "Maria")
    older = await opened(world.ayse, customerId=elif_["id"])
    newer = await opened(world.ayse, "VIBER", customerId=elif_["id"])
    await closed(world.ayse, older)
    await closed(world.ayse, newer)
    await does(world.nikos, "interactionReopen", interactionId=newer)
    before = await trace(world)

    for customer in (None, maria["id"]):
        refused = await attempt(
            world.nikos,
            "interactionUpdate",
            interactionId=newer,
            expectedVersion=3,
            customerId=customer,
        )
        assert [(one["path"], one["code"]) for one in refused["fields"]] == [
            (["input", "customerId"], "NOT_ALLOWED_VALUE")
        ]
    assert await trace(world) == before


async def test_a_closed_interaction_with_nobody_known_is_edited_by_who_has_or_had_it(
    world: World,
) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    await closed(world.ayse, interaction)
    before = await trace(world)

    refused = await attempt(world.nikos, "interactionTag", interactionId=interaction, tag="iade")
    assert refused["code"] == "NOT_ALLOWED"
    assert await trace(world) == before

    customer = await create(world, "Elif")
    known = await does(
        world.ayse,
        "interactionUpdate",
        interactionId=interaction,
        expectedVersion=2,
        customerId=customer["id"],
    )
    assert known["customer"]["name"] == "Elif"


async def test_who_hears_of_a_ticket_that_they_do_not_see_hears_no_number(world: World) -> None:
    _, first = await world.receive()
    _, second = await world.receive(channel=Channel.TELEGRAM, handle="customer@example.com")
    customer = await customer_of(world, first)
    of_others = await customer_of(world, second)
    interaction = await opened(world.ayse, customerId=customer)
    async with (
        served(world) as live,
        live.watch("stranger", EDIT_WARNINGS, ids=[interaction], versions=[1]) as form,
        live.watch("stranger", CUSTOMER_CHANGES, id=customer) as page,
    ):
        await page.next()
        named = {"interactionId": interaction}
        await does(world.ayse, "interactionUpdate", **named, expectedVersion=1, ticketId=first)
        await does(world.ayse, "interactionUpdate", **named, expectedVersion=2, ticketId=None)

        for watcher in (form, page):
            assert (await watcher.next())["changes"] == [change("ticket", None, "…")]
            assert (await watcher.next())["changes"] == [change("ticket", "…", None)]
    unknown = await opened(world.ayse, handle=CALLER)
    named = dict[str, Any](interactionId=unknown, expectedVersion=1)
    await does(world.ayse, "interactionUpdate", **named, ticketId=second)
    conflict = await attempt(world.stranger, "interactionUpdate", **named, customerId=customer)
    merged = await attempt(world.stranger, "interactionUpdate", **named, ticketId=None)

    assert conflict["fields"] == [
        {"field": "customer", "base": None, "theirs": "Elif Şahin", "yours": "Elif Şahin"}
    ]
    assert of_others != customer
    assert (merged["interaction"]["ticket"], merged["mergedFields"]) == (
        None,
        ["customer", "ticket"],
    )


async def test_two_who_choose_different_tickets_are_shown_no_number(world: World) -> None:
    _, first = await world.receive(subject="First")
    _, second = await world.receive(subject="Second")
    customer = await customer_of(world, first)
    interaction = await opened(world.ayse, customerId=customer)
    named = dict[str, Any](interactionId=interaction, expectedVersion=1)
    await does(world.ayse, "interactionUpdate", **named, ticketId=first)

    conflict = await attempt(world.nikos, "interactionUpdate", **named, ticketId=second)

    assert conflict["fields"] == [{"field": "ticket", "base": None, "theirs": "…", "yours": "…"}]


async def test_customer_and_ticket_of_an_older_interaction_can_be_changed(world: World) -> None:
    _, ticket = await world.receive()
    older = await opened(world.ayse, "EMAIL", ticketId=ticket)
    await closed(world.ayse, older)
    await closed(world.ayse, await opened(world.ayse, ticketId=ticket))
    reopened = await does(world.ayse, "interactionReopen", interactionId=older)

    saved = await attempt(
        world.ayse,
        "interactionClose",
        interactionId=older,
        outcome="SAVE",
        customerForm={"expectedVersion": 1, "phone": "0532 123 45 67"},
    )

    assert reopened["closedAt"] is None
    assert saved["__typename"] == "InteractionCloseSuccess"


async def test_who_edits_an_interaction_is_warned_of_what_others_change(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    async with (
        served(world) as live,
        live.watch("ayse", EDIT_WARNINGS, ids=[interaction], versions=[1]) as watcher,
    ):
        await does(
            world.nikos,
            "interactionUpdate",
            interactionId=interaction,
            expectedVersion=1,
            summary="Refund",
        )
        await does(world.nikos, "interactionTag", interactionId=interaction, tag="iade")

        assert await watcher.next() == {
            "version": 2,
            "reset": None,
            "changedBy": {"name": "Nikos"},
            "changes": [change("summary", None, "Refund")],
            "resource": {"id": interaction},
        }
        assert (await watcher.next())["changes"] == [change("tags", None, "iade")]

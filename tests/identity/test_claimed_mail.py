"""Mail from whoever only claims to be a customer: it and the customer's own never meet."""

import pytest

from tests.support.archives import answering, mail
from tests.support.connectors import RECEIVE, answer
from tests.support.customers import customer_of
from tests.support.desk import World
from tests.support.incoming import TAKEN, mailroom, tickets
from tests.support.profiles import LINK, UNLINK, profile_of
from tests.support.rules import acme

BERNA, STRANGER = "berna@example.com", "mallory@evil.example"


async def link_stranger(world: World) -> tuple[str, str]:
    """Let an agent take the stranger's word that she is Berna; return Berna's and her profile."""
    _, hers = await world.receive(handle=BERNA, name="Berna", subject="My order")
    _, begun = await world.receive(handle=STRANGER, name="Mallory", subject="Your order")
    berna, profile = await customer_of(world, hers), await profile_of(world, begun)
    linked = await world.ayse.act(LINK, profile=profile, customer=berna)
    assert linked["profile"]["linkState"] == "CLAIMED"
    return berna, profile


async def test_subjects_lead_neither_into_the_others_tickets(world: World) -> None:
    berna, profile = await link_stranger(world)

    _, of_berna = await world.receive(handle=BERNA, subject="Re: Your order")
    _, of_stranger = await world.receive(handle=STRANGER, subject="Re: My order")
    _, goes_on = await world.receive(handle=STRANGER, subject="Re: Your order")

    assert [each["customer"]["name"] for each in await tickets(world)] == ["Berna"] * 4
    recipients = [
        (await answer(world.ayse, ticket))["delivery"]["recipient"]
        for ticket in (of_berna, of_stranger, goes_on)
    ]
    assert recipients == [BERNA, STRANGER, STRANGER]
    await world.ayse.act(UNLINK, profile=profile)
    assert await customer_of(world, of_berna) == berna
    mallorys = {await customer_of(world, ticket) for ticket in (of_stranger, goes_on)}
    assert len(mallorys) == 1
    assert berna not in mallorys


async def test_the_id_of_a_message_opens_nothing_of_the_others(world: World) -> None:
    told = {"channel": "EMAIL", "brandId": acme(world), "externalId": "m-1", "subject": "Once"}
    await world.admin.act(RECEIVE, input=told | {"handle": BERNA, "body": "My secret"})
    await link_stranger(world)

    taken = await world.admin.act(RECEIVE, input=told | {"handle": STRANGER, "body": "Mine"})

    assert taken["fields"] == [{"path": ["input", "externalId"], "code": "ALREADY_TAKEN"}]
    again = await world.admin.act(RECEIVE, input=told | {"handle": BERNA, "body": "My secret"})
    assert again["message"]["body"] == "My secret"


@pytest.mark.parametrize(("first", "second"), [(STRANGER, BERNA), (BERNA, STRANGER)])
async def test_mails_that_both_answer_lead_neither_into_the_others_tickets(
    world: World, first: str, second: str
) -> None:
    """A newsletter, which the desk does not have, and which both have."""
    await link_stranger(world)
    async with mailroom(world) as room:
        for subject, sender in (("a", first), ("b", second), ("c", first)):
            content = mail(subject, *answering("newsletter"), sender=sender, subject=subject)
            assert await room.bring(content, sender=sender) == TAKEN

    (_of_berna, _of_stranger, *new) = await tickets(world)
    assert [(each["title"], len(each["messages"])) for each in new] == [("a", 2), ("b", 1)]

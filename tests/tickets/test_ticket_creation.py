"""Tickets that agents open for a customer."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import event, update

from core.ids import NodeKind, encode_global_id
from models.brands import Brand
from models.customers import Customer
from models.event_topics import inbox_topic, topic_named
from models.events import read_events
from models.ticket_drafts import TicketDraft
from models.tickets import Ticket
from models.viewers import ApiScope
from services import ticket_creation
from services.ticket_creation import TicketForm
from services.ticket_customers import TicketCustomer
from tests.support.customers import create as create_customer
from tests.support.desk import World
from tests.support.history import unlike
from tests.support.ticket_forms import (
    brand_id,
    delete,
    everything,
    fill_in,
    make_template,
    refused,
    row_id,
    tag,
    team_id,
    topic,
    upload,
)

SEND = """
    mutation ($ticket: ID!, $body: String!) {
      messageSend(input: {ticketId: $ticket, body: $body}) {
        ... on MessageSendSuccess { message { body channel delivery { recipient state } } }
      }
    }
"""
SAVE_DRAFT = """
    mutation ($draft: ID!, $files: [ID!]) {
      ticketDraftSave(
        input: {draftId: $draft, expectedVersion: 0, title: "İade", attachmentIds: $files}
      ) { __typename }
    }
"""
CUSTOMERS = "{ customers { nodes { name email phone tickets { totalCount } } } }"
TOLD = "{ notifications { nodes { kind ticket { number } } } }"
FOUND = "query ($search: String) { tickets(search: $search) { nodes { number } } }"


async def events_of(world: World, ticket: str) -> list[str]:
    async with world.desk.database.reading() as connection:
        topic_of_ticket = topic_named(Ticket, row_id(ticket))
        return [event.type for event in await read_events(connection, topic_of_ticket, 0, 100)]


async def inbox_acts(world: World) -> list[list[str]]:
    async with world.desk.database.reading() as connection:
        events = await read_events(connection, inbox_topic(world.acme.id), 0, 100)
    return [event.payload["acts"] for event in events]


async def begun_draft(world: World, who: str) -> str:
    """Let an agent have begun a form."""
    async with world.work(who) as work:
        draft = TicketDraft(
            agent_id=world.agents[who].id,
            step=1,
            tag_ids=(),
            created_at=work.now,
            updated_at=work.now,
        )
        work.session.add(draft)
        await work.session.flush()
    return encode_global_id(NodeKind.TICKET_DRAFT, draft.id)


async def test_an_agent_opens_a_ticket_by_a_whole_form(world: World) -> None:
    urgent, gift = await tag(world, "acil"), await tag(world, "hediye")
    files = [await upload(world, "ayse", name) for name in ("fiş.pdf", "adres.pdf")]
    customer = {
        "name": " Elif  Şahin ",
        "email": "Elif@Example.com",
        "phone": "0532 123 45 67",
        "language": "tr",
    }

    result = await fill_in(
        world.ayse,
        world,
        customer=customer,
        topicId=await topic(world),
        status="OPEN",
        title="Kargo  nerede?",
        emailSubject="Siparişiniz\nhakkında",
        description="Çok kızgın @Nikos",
        attachmentIds=files,
        priority="HIGH",
        assigneeId=world.id_of("nikos"),
        tagIds=[gift, urgent],
    )

    ticket = result["ticket"]
    assert result == {
        "__typename": "TicketCreateSuccess",
        "number": ticket["number"],
        "template": None,
        "leftOut": [],
        "ticket": {
            "id": ticket["id"],
            "number": 1,
            "channel": "INTERNAL",
            "title": "Kargo nerede?",
            "status": "OPEN",
            "priority": "HIGH",
            "emailSubject": "Siparişiniz hakkında",
            "description": None,
            "messageCount": 0,
            "customer": {
                "id": ticket["customer"]["id"],
                "name": "Elif Şahin",
                "email": "Elif@example.com",
                "phone": "+905321234567",
                "language": "tr",
            },
            "topic": {"name": "Kargo"},
            "team": None,
            "assignee": {"name": "Nikos"},
            "tags": [{"name": "acil"}, {"name": "hediye"}],
            "notes": {
                "nodes": [
                    {
                        "kind": "INLINE",
                        "body": "Çok kızgın @Nikos",
                        "attachments": [{"filename": "fiş.pdf"}, {"filename": "adres.pdf"}],
                    }
                ]
            },
        },
    }
    assert await events_of(world, ticket["id"]) == ["TicketCreated", "NoteAdded"]
    assert await inbox_acts(world) == [["TicketCreated", "NoteAdded"]]
    told = (await world.nikos.ask(TOLD))["notifications"]["nodes"]
    assert sorted(one["kind"] for one in told) == ["ASSIGNED", "MENTIONED"]
    sent = await world.ayse.act(SEND, ticket=ticket["id"], body="Merhaba")
    assert sent["message"]["body"] == "Merhaba"
    assert sent["message"]["delivery"] == {"recipient": "Elif@example.com", "state": "QUEUED"}
    found = [
        (await world.ayse.ask(FOUND, search=words))["tickets"] for words in ("kargo", "kızgın")
    ]
    assert found == [{"nodes": [{"number": 1}]}, {"nodes": []}]


async def test_what_is_left_open_has_sensible_values(world: World) -> None:
    subjects = []
    for language in ("tr", "el", "en"):
        async with world.desk.database.transaction() as session:
            await session.execute(update(Brand).values(language=language))
        ticket = (await fill_in(world.ayse, world))["ticket"]
        subjects.append((ticket["title"], ticket["emailSubject"]))
    async with world.desk.database.transaction() as session:
        await session.execute(update(Brand).values(default_email_subject="Acme'den haber"))
    own = (await fill_in(world.ayse, world, title="İade", description=" "))["ticket"]
    named = (await fill_in(world.ayse, world, title=None, emailSubject="İade"))["ticket"]

    assert subjects == [
        ("Destek Talebiniz Hakkında",) * 2,
        ("Σχετικά με το αίτημά σας",) * 2,
        ("About your support request",) * 2,
    ]
    assert (own["title"], own["emailSubject"]) == ("İade", "Acme'den haber")
    assert (named["title"], named["emailSubject"]) == ("İade", "İade")
    assert (own["status"], own["priority"]) == ("NEW", "MEDIUM")
    assert own["notes"] == {"nodes": []}


async def test_files_alone_stand_on_a_note_that_says_nothing(world: World) -> None:
    file = await upload(world, "ayse", "fiş.pdf")
    ticket = (await fill_in(world.ayse, world, attachmentIds=[file]))["ticket"]

    note = {"kind": "INLINE", "body": "", "attachments": [{"filename": "fiş.pdf"}]}
    assert ticket["notes"]["nodes"] == [note]


async def test_the_form_goes_before_the_template(world: World) -> None:
    urgent, gift = await tag(world, "acil"), await tag(world, "hediye")
    file = await upload(world, "nikos", "form.pdf")
    given: dict[str, Any] = {
        "status": "PENDING",
        "priority": "HIGH",
        "title": "Kargo",
        "emailSubject": "Siparişiniz",
        "description": "Kargo firmasını ara",
        "assigneeId": world.id_of("nikos"),
        "teamId": team_id(world, "support"),
        "topicId": await topic(world),
        "tagIds": [urgent],
    }
    template = (await make_template(world, **given))["id"]
    added = """
        mutation ($id: ID!, $file: ID!) {
          ticketTemplateUpdate(
            input: {templateId: $id, expectedVersion: 1, attachmentIds: [$file]}
          ) { __typename }
        }
    """
    await world.nikos.act(added, id=template, file=file)

    under = (await fill_in(world.ayse, world, templateId=template))["ticket"]
    over = await fill_in(
        world.ayse,
        world,
        templateId=template,
        status=None,
        priority="LOW",
        title="İade",
        emailSubject=None,
        description=None,
        attachmentIds=[await upload(world, "ayse", "fiş.pdf"), file],
        assigneeId=None,
        teamId=None,
        topicId=None,
        tagIds=[gift],
    )

    note = {"kind": "INLINE", "body": "Kargo firmasını ara"}
    assert (under["status"], under["priority"]) == ("PENDING", "HIGH")
    assert (under["title"], under["emailSubject"]) == ("Kargo", "Siparişiniz")
    assert (under["topic"], under["assignee"]) == ({"name": "Kargo"}, {"name": "Nikos"})
    assert (under["team"], under["tags"]) == ({"name": "Support"}, [{"name": "acil"}])
    assert under["notes"]["nodes"] == [{**note, "attachments": [{"filename": "form.pdf"}]}]
    ticket = over["ticket"]
    assert (ticket["status"], ticket["priority"]) == ("NEW", "LOW")
    assert (ticket["title"], ticket["emailSubject"]) == ("İade", "Destek Talebiniz Hakkında")
    assert (ticket["topic"], ticket["assignee"], ticket["team"]) == (None, None, None)
    assert ticket["tags"] == [{"name": "hediye"}]
    files = [{"filename": "fiş.pdf"}, {"filename": "form.pdf"}]
    assert ticket["notes"]["nodes"] == [{"kind": "INLINE", "body": "", "attachments": files}]
    foreign = await upload(world, "nikos", "not mine.pdf")
    before = await everything(world)
    refusal = await fill_in(
        world.ayse, world, templateId=template, attachmentIds=[file, file, foreign]
    )
    assert refused(refusal) == [("attachmentIds.2", "UNKNOWN_REFERENCE")]
    assert await everything(world) == before


async def test_a_ticket_is_without_what_its_template_names_in_vain(world: World) -> None:
    kargo, urgent, gift = await topic(world), await tag(world, "acil"), await tag(world, "hediye")
    sales = team_id(world, "sales")
    given: dict[str, Any] = {"topicId": kargo, "teamId": sales, "tagIds": [urgent, gift]}
    template = (await make_template(world, **given))["id"]
    for noun, node_id in (("topic", kargo), ("team", sales), ("tag", urgent)):
        await delete(world, noun, node_id)

    once = {"templateId": template, "teamId": None, "idempotencyKey": "k"}
    result = await fill_in(world.ayse, world, **once)

    assert result["leftOut"] == [
        {"field": "TOPIC", "name": "Kargo", "reason": "DELETED"},
        {"field": "TAGS", "name": "acil", "reason": "DELETED"},
    ]
    ticket = result["ticket"]
    assert (ticket["topic"], ticket["team"], ticket["tags"]) == (None, None, [{"name": "hediye"}])
    assert await fill_in(world.ayse, world, **once) == result


async def test_two_agents_and_a_mail_at_once_make_one_customer(world: World) -> None:
    for number in range(4):
        address = f"yeni{number}@example.com"
        customer = {"name": "Yeni", "email": address}
        results = await asyncio.gather(
            fill_in(world.ayse, world, customer=customer),
            fill_in(world.nikos, world, customer={**customer, "email": address.upper()}),
            world.receive(handle=address),
        )
        assert results[0]["ticket"]["customer"] == results[1]["ticket"]["customer"]

    nodes = (await world.ayse.ask(CUSTOMERS))["customers"]["nodes"]
    assert [node["tickets"]["totalCount"] for node in nodes] == [3] * 4


async def test_a_customer_who_is_known_stays_as_they_are(world: World) -> None:
    elif_ = await create_customer(world, "Elif Şahin", email="elif@example.com")
    await world.receive(handle="maria@example.com", name="Maria")
    async with world.desk.database.transaction() as session:
        maria = update(Customer).where(Customer.name == "Maria")
        await session.execute(maria.values(email=None, email_key=None))
    nobody = await create_customer(world, "Adressiz")
    typed = {"name": "Başkası", "phone": "+905321234567"}

    by_address = await fill_in(world.ayse, world, customer={**typed, "email": "ELIF@example.com"})
    by_profile = await fill_in(world.ayse, world, customer={**typed, "email": "maria@example.com"})
    by_id = await fill_in(world.ayse, world, customer={"id": elif_["id"]})
    before = await everything(world)
    without = await fill_in(world.ayse, world, customer={"id": nobody["id"]})
    assert refused(without) == [("customer.email", "REQUIRED")]
    assert await everything(world) == before

    assert by_address["ticket"]["customer"]["id"] == by_id["ticket"]["customer"]["id"]
    assert by_address["ticket"]["customer"]["name"] == "Elif Şahin"
    assert by_address["ticket"]["customer"]["phone"] is None
    assert by_profile["ticket"]["customer"]["name"] == "Maria"
    sent = await world.ayse.act(SEND, ticket=by_profile["ticket"]["id"], body="Γεια σας")
    assert sent["message"]["delivery"]["recipient"] == "maria@example.com"
    async with world.desk.database.transaction() as session:
        at_work = {"email": "maria@work.example", "email_key": "maria@work.example"}
        await session.execute(update(Customer).where(Customer.name == "Maria").values(at_work))
    again = await fill_in(world.ayse, world, customer={**typed, "email": "maria@example.com"})
    sent = await world.ayse.act(SEND, ticket=again["ticket"]["id"], body="Γεια σας")
    assert sent["message"]["delivery"]["recipient"] == "maria@work.example"


async def test_a_double_click_is_one_ticket(world: World) -> None:
    form = {"description": "x", "saveAsTemplate": {"name": "Kargo"}, "idempotencyKey": "k"}
    first, second = await asyncio.gather(*(fill_in(world.ayse, world, **form) for _ in range(2)))
    before = await everything(world)

    assert first == second
    assert first["template"]["name"] == "Kargo"
    other = await fill_in(world.ayse, world, **{**form, "description": "y"})
    assert other == {"__typename": "IdempotencyKeyReused"}
    assert before["ticket"] == before["note"] == before["ticket_template"] == 1
    assert await everything(world) == before


async def test_a_template_and_its_ticket_are_saved_both_or_neither(world: World) -> None:
    file = await upload(world, "ayse", "fiş.pdf")
    given = {"title": "İade", "priority": "LOW", "description": "x", "attachmentIds": [file]}
    saved = await fill_in(world.ayse, world, **given, saveAsTemplate={"name": "İade"})

    template = saved["template"]
    assert (template["title"], template["priority"]) == ("İade", "LOW")
    assert (template["status"], template["emailSubject"]) == (None, None)
    assert (template["description"], template["attachments"]) == ("x", [{"filename": "fiş.pdf"}])
    new = {"name": "Yeni", "email": "yeni@example.com"}
    before = await everything(world)
    taken = await fill_in(world.nikos, world, customer=new, saveAsTemplate={"name": "IADE"})
    assert taken == {"__typename": "AlreadyExists", "existing": {"name": "İade"}}
    unnamed = await fill_in(world.nikos, world, customer=new, saveAsTemplate={"name": " "})
    assert refused(unnamed) == [("saveAsTemplate.name", "REQUIRED")]
    half = {"customer": new, "saveAsTemplate": {"name": "Yeni"}, "attachmentIds": [file]}
    assert refused(await fill_in(world.nikos, world, **half)) == [
        ("attachmentIds.0", "UNKNOWN_REFERENCE")
    ]
    assert await everything(world) == before


async def test_a_draft_goes_with_its_ticket_or_stays_whole(world: World) -> None:
    draft = await begun_draft(world, "ayse")
    file = await upload(world, "ayse", "fiş.pdf", draft_id=row_id(draft))
    form = {"draftId": draft, "attachmentIds": [file]}
    before = await everything(world)

    assert await fill_in(world.nikos, world, draftId=draft) == {"__typename": "NotFound"}
    assert await fill_in(world.nikos, world, **form) == {"__typename": "NotFound"}
    wrong = await fill_in(world.ayse, world, **form, assigneeId=world.id_of("stranger"))
    assert refused(wrong) == [("assigneeId", "UNKNOWN_REFERENCE")]
    assert await everything(world) == before

    ticket = (await fill_in(world.ayse, world, **form))["ticket"]
    assert ticket["notes"]["nodes"][0]["attachments"] == [{"filename": "fiş.pdf"}]
    after = await everything(world)
    assert (after["ticket_draft"], after["attachment"]) == (0, 1)


async def test_a_draft_is_saved_while_its_ticket_is_opened(world: World) -> None:
    for _ in range(4):
        draft = await begun_draft(world, "ayse")
        file = await upload(world, "ayse", "fiş.pdf", draft_id=row_id(draft))
        saved, created = await asyncio.gather(
            world.ayse.act(SAVE_DRAFT, draft=draft, files=[file]),
            fill_in(world.ayse, world, draftId=draft, attachmentIds=[file]),
        )

        assert created["__typename"] == "TicketCreateSuccess"
        assert saved["__typename"] in ("TicketDraftSaveSuccess", "NotFound")
    assert (await everything(world))["ticket_draft"] == 0


async def test_what_is_wrong_is_told_at_once_and_leaves_no_trace(world: World) -> None:
    customer = {"name": " ", "email": "elif", "phone": "12", "language": "fr"}
    elif_ = await create_customer(world, "Elif", email="e@example.com")
    foreign = await topic(world, brand=world.other)
    gone = await tag(world, "acil")
    await delete(world, "tag", gone)
    template = (await make_template(world))["id"]
    before = await everything(world)

    result = await fill_in(
        world.ayse,
        world,
        customer=customer,
        templateId=unlike(template),
        status="CLOSED",
        title="x" * 2_001,
        emailSubject="ğ" * 2_001,
        description="x" * 10_001,
        topicId=foreign,
        assigneeId=world.id_of("stranger"),
        teamId=unlike(team_id(world, "sales")),
        tagIds=[gone],
    )
    assert refused(result) == [
        ("customer.language", "NOT_ALLOWED_VALUE"),
        ("customer.name", "REQUIRED"),
        ("customer.email", "INVALID_EMAIL"),
        ("customer.phone", "INVALID_PHONE"),
        ("templateId", "UNKNOWN_REFERENCE"),
        ("title", "TOO_LONG"),
        ("emailSubject", "TOO_LONG"),
        ("description", "TOO_LONG"),
        ("status", "NOT_ALLOWED_VALUE"),
        ("topicId", "UNKNOWN_REFERENCE"),
        ("assigneeId", "UNKNOWN_REFERENCE"),
        ("teamId", "UNKNOWN_REFERENCE"),
        ("tagIds.0", "UNKNOWN_REFERENCE"),
    ]
    both = {"id": elif_["id"], "name": "Elif"}
    for wrong, place, code in (
        ({"customer": both}, "customer.name", "NOT_ALLOWED_VALUE"),
        ({"customer": {"id": unlike(elif_["id"])}}, "customer.id", "UNKNOWN_REFERENCE"),
        ({"customer": {"id": template}}, "customer.id", "INVALID_ID"),
        ({"brandId": brand_id(world.other)}, "brandId", "UNKNOWN_REFERENCE"),
    ):
        assert refused(await fill_in(world.ayse, world, **wrong)) == [(place, code)]
    many = [unlike(gone) for _ in range(51)]
    assert await fill_in(world.ayse, world, tagIds=many) == {
        "__typename": "LimitReached",
        "limit": 50,
    }
    assert await everything(world) == before


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_turns_are_taken_before_rows_are_locked(world: World) -> None:
    locks: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "pg_advisory" in statement:
            locks.append("turn")
        elif " FOR SHARE" in statement or " FOR UPDATE" in statement:
            locks.append("row")

    urgent, template = await tag(world, "acil"), (await make_template(world))["id"]
    form = TicketForm(
        world.acme.id,
        TicketCustomer(name="Yeni", email="yeni@example.com"),
        {"tag_ids": [row_id(urgent)]},
        template_id=row_id(template),
        save_as="İade",
    )
    async with world.work("ayse") as work:
        connection = await work.session.connection()
        event.listen(connection.sync_connection, "before_cursor_execute", note)
        await ticket_creation.create(work, await world.viewer("ayse"), form)

    names, address, companies, *rows = locks
    assert (names, address, companies, rows[0]) == ("turn", "turn", "turn", "row")


async def test_a_ticket_for_a_team_out_of_sight_still_has_its_number(world: World) -> None:
    form = {"teamId": team_id(world, "support"), "idempotencyKey": "k"}
    result = await fill_in(world.nikos, world, **form)

    assert (result["ticket"], result["number"]) == (None, 1)
    assert await fill_in(world.nikos, world, **form) == result
    nodes = (await world.ayse.ask(FOUND))["tickets"]["nodes"]
    assert nodes == [{"number": 1}]


async def test_integrations_open_tickets_as_their_scopes_say(world: World) -> None:
    template = (await make_template(world))["id"]
    scopes = (ApiScope.TICKETS_READ, ApiScope.TICKETS_WRITE)
    shop = await world.integration(*scopes, brands=[world.acme])
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    before = await everything(world)

    for client, form in (
        (reader, {}),
        (shop, {"description": "x"}),
        (shop, {"saveAsTemplate": {"name": "x"}}),
    ):
        assert await fill_in(client, world, **form) == {"__typename": "NotAllowed"}
    assert refused(await fill_in(shop, world, templateId=template)) == [
        ("templateId", "UNKNOWN_REFERENCE")
    ]
    assert await everything(world) == before
    assert (await fill_in(shop, world))["ticket"]["customer"]["name"] == "Elif Şahin"

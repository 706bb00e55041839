"""A ticket for a customer.

Ayşe fills the form in for a customer, step by step; a server crashes meanwhile, and nothing of it
is lost. She looks the customer up in the company's CRM, keeps the form as a template and opens the
ticket with one click. From then on the customer and the desk write mails to each other, which both
agents see come and go. What Ayşe wrote for her colleagues, and the file that she put there, never
leave the house.
"""

import asyncio

from tests.stories.admin import MAILBOX, SUPPORT, Admin
from tests.stories.agent import Agent
from tests.stories.installation import Installation
from tests.stories.mail import Correspondent, files_of, text_of
from tests.stories.outside import CUSTOMERS, SIGNING_SECRET, WorldOutside
from tests.stories.shop import Shop

EMAIL, KNOWN = next(iter(CUSTOMERS.items()))
ELIF = {"name": KNOWN["name"], "email": EMAIL}
SUBJECT = "Siparişiniz hakkında"
TEMPLATE = "Kargo şikâyeti"

SECRET = "Üç kez yalan söyledi: gergedan."
SECRET_NAME = "kara-liste.txt"
SECRET_FILE = "Suaygırı listesi, kimseye gösterme.\n".encode()
SECRETS = (SECRET, "gergedan", "kara-liste", "Suaygırı")

REPLY = "Merhaba Elif Hanım, kargonuz bugün yola çıktı."
RECEIPT_NAME, RECEIPT = "fiş.txt", "Çaydanlık: 450 TL\n".encode()
ANSWER = "Teşekkürler, gelenler ekte."
TABLE = "ürün,adet\nçaydanlık,2\n".encode()
SECOND_REPLY = "Biri eksik, onu da gönderiyoruz."
ON_HOLIDAY = "Tatildeyim."

WHAT_THE_SHOP_SEES = """
    query ($ticket: ID!, $note: ID!, $file: ID!) {
      nodes(ids: [$note, $file]) { id }
      ticket(id: $ticket) { title description notes { totalCount } }
      tickets(search: "gergedan") { totalCount }
    }
"""


async def test_a_form_is_filled_in_step_by_step_and_becomes_a_ticket(
    admin: Admin, ayse: Agent, nikos: Agent, shop: Shop, installation: Installation
) -> None:
    office, outside = installation.office, installation.outside
    brand = office.brand_id
    await admin.defines_callback("CRM", office, outside.crm.url, SIGNING_SECRET)
    await admin.adds_choices(office, topic="Kargo", tag="Gecikme")
    choices = await ayse.opens_form(brand)
    what = {
        "brandId": brand,
        "topicId": choices.topics["Kargo"],
        "saveAsTemplate": {"name": TEMPLATE},
    }
    file = await ayse.uploads(SECRET_NAME, SECRET_FILE)
    whom = {
        "customer": ELIF,
        "emailSubject": SUBJECT,
        "description": SECRET,
        "attachmentIds": [file],
    }
    routing = {
        "priority": "URGENT",
        "teamId": choices.assignees[SUPPORT],
        "tagIds": [choices.tags["Gecikme"]],
    }
    other_tab = await ayse.moves_to(installation.second_server).opens_drafts()

    draft = await ayse.begins_draft(step=1, **what)
    await other_tab.shows("step 1: brand, saveAsTemplateName, topic")
    draft = await ayse.goes_on(draft, step=2, **whom)
    await other_tab.shows(
        f"step 2, with {SECRET_NAME}: "
        "attachments, customerEmail, customerName, description, emailSubject, step"
    )

    filled_in = {
        "step": 2,
        "topic": "Kargo",
        "customerName": KNOWN["name"],
        "customerEmail": EMAIL,
        "emailSubject": SUBJECT,
        "description": SECRET,
        "attachments": [SECRET_NAME],
        "saveAsTemplateName": TEMPLATE,
    }
    with installation.first_server_down():
        at_home = ayse.moves_to(installation.second_server)
        assert await at_home.reads_draft(draft) == filled_in
        assert await at_home.downloads(file) == SECRET_FILE
    ayse = ayse.moves_to(installation.first_server)
    assert await ayse.reads_draft(draft) == filled_in
    assert await nikos.reads_draft(draft) is None

    assert await ayse.looks_up("CRM", brand, CUSTOMER_EMAIL=EMAIL) == [
        f"Ad: {KNOWN['name']}",
        f"Sipariş: {KNOWN['orders']}",
        "Eski müşteri: true",
    ]
    draft = await ayse.goes_on(draft, step=3, **routing)
    await other_tab.shows(f"step 3, with {SECRET_NAME}: priority, step, tags, team")
    inbox = await nikos.opens_inbox(priorities=["URGENT"])

    ticket = await ayse.opens_ticket_for(**what, **whom, **routing, draftId=draft.id)

    await inbox.shows(f"enters: {SUBJECT}, of {KNOWN['name']}")
    await other_tab.shows("deleted")
    assert await ayse.reads_draft(draft) is None
    assert ticket.template == TEMPLATE
    assert TEMPLATE in (await nikos.opens_form(brand)).templates
    shown = await nikos.reads_ticket(ticket.id)
    assert shown.fields == {
        "title": SUBJECT,
        "emailSubject": SUBJECT,
        "status": "NEW",
        "priority": "URGENT",
        "channel": "INTERNAL",
        "customer": KNOWN["name"],
        "topic": "Kargo",
        "team": SUPPORT,
        "tags": ["Gecikme"],
        "messageCount": 0,
    }
    (note,) = shown.notes
    assert (note.kind, note.body, list(note.files)) == ("INLINE", SECRET, [SECRET_NAME])
    assert await nikos.downloads(note.files[SECRET_NAME]) == SECRET_FILE

    seen = await shop.asks(
        WHAT_THE_SHOP_SEES, ticket=ticket.id, note=note.id, file=note.files[SECRET_NAME]
    )
    assert seen == {
        "nodes": [None, None],
        "ticket": {"title": SUBJECT, "description": None, "notes": {"totalCount": 0}},
        "tickets": {"totalCount": 0},
    }
    assert outside.knows(EMAIL)
    assert secrets_known(outside) == []


async def test_replies_go_out_by_mail_and_answers_come_back(
    ayse: Agent, nikos: Agent, elif_sahin: Correspondent, installation: Installation
) -> None:
    outside = installation.outside
    opened = await ayse.opens_ticket_for(
        brandId=installation.office.brand_id,
        customer=ELIF,
        emailSubject=SUBJECT,
        description=SECRET,
        attachmentIds=[await ayse.uploads(SECRET_NAME, SECRET_FILE)],
    )
    ticket = opened.id
    screens = [await ayse.opens_mails(ticket), await nikos.opens_mails(ticket)]

    async def both_see(*news: str) -> None:
        for screen in screens:
            await screen.shows(*news)

    with outside.mail.taking_its_time():
        receipt = await ayse.uploads(RECEIPT_NAME, RECEIPT)
        await ayse.answers_with(ticket, REPLY, receipt)
        await both_see(
            f"Ayşe: {REPLY} with {RECEIPT_NAME}, QUEUED", "Ayşe changes status: NEW → OPEN"
        )
        mail = await elif_sahin.gets_mail()
    await both_see(f"{REPLY} SENT")
    assert (mail["From"], mail["To"]) == (f"Nokta <{MAILBOX}>", f"{KNOWN['name']} <{EMAIL}>")
    assert (mail["Subject"], text_of(mail)) == (SUBJECT, REPLY)
    assert files_of(mail) == [(RECEIPT_NAME, RECEIPT)]

    await ayse.resolves(ticket)
    await elif_sahin.is_on_holiday(mail, ON_HOLIDAY)
    await both_see("Ayşe changes status: OPEN → RESOLVED", f"Elif Şahin: {ON_HOLIDAY} by a machine")
    assert (await nikos.reads_ticket(ticket)).fields["status"] == "RESOLVED"
    answer_id = await elif_sahin.answers(mail, ANSWER, ("gelenler.csv", TABLE))
    await both_see(
        f"Elif Şahin: {ANSWER} quoting, with gelenler.csv",
        "the desk changes status: RESOLVED → OPEN",
    )
    last = await nikos.reads_last_mail(ticket)
    assert last.quotation.endswith(f"> {REPLY}")
    assert await nikos.downloads(last.files["gelenler.csv"]) == TABLE

    with outside.mail.taking_its_time():
        await ayse.answers(ticket, SECOND_REPLY)
        await both_see(f"Ayşe: {SECOND_REPLY} QUEUED")
        mail = await elif_sahin.gets_mail()
    await both_see(f"{SECOND_REPLY} SENT")
    assert (mail["Subject"], mail["In-Reply-To"]) == (SUBJECT, answer_id)
    await elif_sahin.has_no_mailbox_any_more(mail)
    await both_see(f"{SECOND_REPLY} FAILED BOUNCED")

    assert all(outside.knows(words) for words in (REPLY, RECEIPT_NAME, RECEIPT.decode()))
    assert secrets_known(outside) == []


async def test_two_agents_at_once_and_a_double_click_make_one_customer_and_no_ticket_twice(
    ayse: Agent, nikos: Agent, installation: Installation
) -> None:
    form = {
        "brandId": installation.office.brand_id,
        "customer": {"name": "Can Yücel", "email": "can@form.example"},
    }

    clicked, clicked_again, of_nikos = await asyncio.gather(
        ayse.opens_ticket_for(**form, idempotencyKey="a form of Ayşe's"),
        ayse.opens_ticket_for(**form, idempotencyKey="a form of Ayşe's"),
        nikos.opens_ticket_for(**form),
    )

    assert clicked == clicked_again
    assert of_nikos.id != clicked.id
    assert await ayse.finds_customers("can@form.example") == ["Can Yücel"]
    assert await ayse.finds_tickets("can@form.example") == {clicked.id, of_nikos.id}


def secrets_known(outside: WorldOutside) -> list[str]:
    """Return what the world outside should not have been told."""
    return [secret for secret in SECRETS if outside.knows(secret)]

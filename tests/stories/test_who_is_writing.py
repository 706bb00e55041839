"""Who is writing: strangers on chats are asked, and found to be customers who are known.

A brand asks strangers on its chats for their e-mail address, in Turkish, by rules that do so by
themselves. Customers whom the desk has known for long write to it on Telegram, on WhatsApp and on
the web site for the first time. The agents are not disturbed until somebody has said who they
are, or was asked often enough. Then they see the whole history of the customer; but whoever merely
says that they are that customer is told nothing of it, not in a single byte. It can be proven by a
code that is mailed, and taken back without a trace.

Two machines that answer each other come to a halt, and a worker that dies in the middle has neither
forgotten nor doubled anything.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from app.worker import CONCURRENT_JOBS
from tests.stories.admin import Admin, Office
from tests.stories.agent import Agent
from tests.stories.channels import TelegramUser, connect, telegram_joined_to
from tests.stories.conftest import Hire
from tests.stories.database import changed_tables, dump, held_up_at, leases_run_out
from tests.stories.identity import Questions, install_questions
from tests.stories.installation import Installation
from tests.stories.mail import Correspondent, text_of
from tests.stories.shop import Shop, Writer
from tests.stories.visitor import begin_chat
from tests.stories.wire import wire_to

WAITING = {"statuses": ["NEW", "OPEN"]}
SECRET = "Kara listede: zürafa."
OLD_TEXT = "Eski siparişim 1881 nerede kaldı?"

ELIF = Writer("Elif Karaca", "elif@karaca.example")
MEHMET = Writer("Mehmet Öztürk", "mehmet@ozturk.example")
ZEYNEP = Writer("Zeynep Aydın", "zeynep@aydin.example")

ANSWERED = ("message", "rule_run", "ticket", "ticket_tag", "ticket_term")  # by what was written


@dataclass(frozen=True, slots=True)
class Branch:
    """A brand that asks who is writing, with two agents at two servers, and a web shop."""

    office: Office
    questions: Questions
    ayse: Agent
    nikos: Agent
    shop: Shop

    async def has_known(self, customer: Writer, phone: str) -> str:
        """Have had a mail of somebody long ago, and a note on them; return the customer."""
        customer_id = (await self.shop.brings(customer, OLD_TEXT)).customer
        await self.ayse.adds_note("CUSTOMER", customerId=customer_id, body=SECRET)
        form = await self.ayse.loads_customer(customer_id)
        await self.ayse.saves_customer(form, phone=phone)
        return customer_id


Open = Callable[[str], Awaitable[Branch]]


@pytest.fixture
def branch_named(
    admin: Admin, hire: Hire, installation: Installation, leaving: AsyncExitStack
) -> Open:
    """Let an admin open a branch, whose chats ask who is writing."""

    async def opened(name: str) -> Branch:
        office = await admin.opens_a_branch(name)
        questions = await install_questions(admin, office, "TELEGRAM", "WHATSAPP", "LIVE_CHAT")
        first, second = installation.first_server, installation.second_server
        ayse = await hire("Ayşe", office.support_id, first, office)
        nikos = await hire("Nikos", office.support_id, second, office)
        return Branch(office, questions, ayse, nikos, Shop(second, office, leaving))

    return opened


async def test_a_known_customer_on_telegram(
    branch_named: Open, installation: Installation, leaving: AsyncExitStack
) -> None:
    branch = await branch_named("Ahtapot")
    questions, ayse, nikos = branch.questions, branch.ayse, branch.nikos
    known = await branch.has_known(ELIF, "0532 123 45 01")
    screens = [await agent.opens_inbox(**WAITING) for agent in (ayse, nikos)]
    wall = await nikos.opens_dashboard()
    bell = await nikos.opens_notifications()
    await wall.shows("1 NEW")
    wire = await leaving.enter_async_context(wire_to(installation.second_server))
    token = branch.office.connector_token
    api = await leaving.enter_async_context(telegram_joined_to(wire.url, token))
    mavi, yesil = TelegramUser("Mavi", 71, api), TelegramUser("Yeşil", 72, api)

    mavi.writes("Çaydanlığım nerede?")
    assert await mavi.reads() == questions.ask
    assert "e-posta adresinizi yazar mısınız?" in questions.ask
    ticket = await ayse.finds_ticket("çaydanlığım")
    assert await ayse.sees_state(ticket) == f"PENDING, of Mavi, {questions.tag}"
    await wall.shows("1 NEW, 1 PENDING")
    mavi.writes("Neden soruyorsunuz?")
    assert await mavi.reads() == questions.ask_again
    assert await ayse.sees_state(ticket) == f"PENDING, of Mavi, {questions.tag}"

    yesil.writes("Tencerem kırık")
    assert await yesil.reads() == questions.ask
    await wall.shows("1 NEW, 2 PENDING")
    for _ in range(3):
        yesil.writes("Söylemem.")
        assert await yesil.reads() == questions.ask_again
    yesil.writes("Söylemem dedim.")
    for screen in screens:
        await screen.shows(
            "enters: Tencerem kırık, of Yeşil", f"Tencerem kırık: tags: {questions.tag} → -"
        )
    await wall.shows("1 NEW, 1 OPEN, 1 PENDING")

    page = await nikos.opens_mails(ticket)
    claim = f"Peki, e-postam {ELIF.handle}'dur"
    mavi.writes(claim)
    assert await mavi.reads() == questions.thanks
    for screen in screens:
        await screen.shows(
            "enters: Çaydanlığım nerede?, of Mavi",
            f"Çaydanlığım nerede?: tags: {questions.tag} → -",
            f"Çaydanlığım nerede?: customer: Mavi → {ELIF.name}",
        )
    await wall.shows("1 NEW, 2 OPEN")
    await page.shows(
        f"Mavi: {claim} ",
        "Kanallar changes status: PENDING → OPEN",
        f"the desk changes tags: {questions.tag} → -",
        f"the desk: {questions.thanks} by a machine, QUEUED",
    )
    await page.shows_in_any_order(
        f"the desk changes customer: Mavi → {ELIF.name}", f"{questions.thanks} SENT"
    )
    assert await ayse.sees_state(ticket) == f"OPEN, of {ELIF.name}"
    assert await nikos.reads_whole_history(known) == [
        "EMAIL: OWN",
        "TELEGRAM: CLAIMED",
        f"note: {SECRET}",
        "TELEGRAM: Çaydanlığım nerede?",
        f"EMAIL: {OLD_TEXT}",
    ]

    await ayse.transfers(ticket, assigneeId=nikos.agent_id)
    await bell.shows("ASSIGNED by Ayşe: Çaydanlığım nerede? (1)")
    assert len(api.sent) == 7
    assert wire.told(questions.thanks)
    told = [
        words for words in (SECRET, OLD_TEXT, ELIF.name, ELIF.handle, known) if wire.told(words)
    ]
    assert told == []


async def test_a_known_customer_on_whatsapp_by_their_number_and_back(
    branch_named: Open, installation: Installation, leaving: AsyncExitStack
) -> None:
    branch = await branch_named("Balina")
    questions, ayse, nikos = branch.questions, branch.ayse, branch.nikos
    phone = "+905321234502"
    known = await branch.has_known(MEHMET, phone)
    wire = await leaving.enter_async_context(wire_to(installation.first_server))
    whatsapp = await connect("WHATSAPP", wire.url, branch.office, leaving)
    inbox = await nikos.opens_inbox(**WAITING)
    memo = Writer("Memo", "+905551234567")

    await whatsapp.brings(memo, "Perdeler gelmedi")
    assert await whatsapp.delivers() == f"{memo.handle}: {questions.ask}"
    ticket = await ayse.finds_ticket("perdeler")
    assert await ayse.sees_state(ticket) == f"PENDING, of Memo, {questions.tag}"
    await whatsapp.brings(memo, "Sipariş no 0532 123 45 02 mi?")
    assert await whatsapp.delivers() == f"{memo.handle}: {questions.ask_again}"

    before = await dump(installation.database_url)
    await whatsapp.brings(memo, "Eski numaram 0 (532) 123 45 02'dir.")
    assert await whatsapp.delivers() == f"{memo.handle}: {questions.thanks}"
    await inbox.shows(
        "enters: Perdeler gelmedi, of Memo",
        f"Perdeler gelmedi: tags: {questions.tag} → -",
        f"Perdeler gelmedi: customer: Memo → {MEHMET.name}",
    )
    assert await ayse.reads_whole_history(known) == [
        "EMAIL: OWN",
        "WHATSAPP: CLAIMED",
        f"note: {SECRET}",
        "WHATSAPP: Perdeler gelmedi",
        f"EMAIL: {OLD_TEXT}",
    ]
    profile = await ayse.profile_on(known, "WHATSAPP")
    await ayse.unlinks(profile)
    assert await nikos.sees_state(ticket) == "OPEN, of Memo"
    alone = await dump(installation.database_url)
    assert changed_tables(before, alone) == {"channel_profile", *ANSWERED}
    assert before["channel_profile"] == [
        row.replace(f'"claimed_phone": "{phone}"', '"claimed_phone": null')
        for row in alone["channel_profile"]
    ]
    await nikos.links(profile, known)
    assert await ayse.sees_state(ticket) == f"OPEN, of {MEHMET.name}"
    assert changed_tables(alone, await dump(installation.database_url)) != set()
    await ayse.unlinks(profile)
    assert changed_tables(alone, await dump(installation.database_url)) == set()

    secrets = (SECRET, OLD_TEXT, MEHMET.name, MEHMET.handle, known)
    assert [words for words in secrets if wire.told(words)] == []


async def test_a_known_customer_in_a_live_chat_who_proves_it(
    branch_named: Open, installation: Installation, leaving: AsyncExitStack
) -> None:
    branch = await branch_named("Leylek")
    questions, ayse, nikos = branch.questions, branch.ayse, branch.nikos
    phone = "+905321234503"
    known = await branch.has_known(ZEYNEP, phone)
    mailbox = Correspondent(
        ZEYNEP.name, ZEYNEP.handle, installation.outside, installation.mail_port
    )
    wire = await leaving.enter_async_context(wire_to(installation.first_server))
    inbox = await nikos.opens_inbox(**WAITING)

    zey = await begin_chat("Zey", wire.url, branch.office.brand_id, leaving)
    page = await zey.opens_chat()
    await zey.writes("Halım sökülüyor")
    await page.shows("Halım sökülüyor")
    await page.comes_to_show(questions.ask)
    await page.shows("ended by DESK")
    assert await ayse.sees_state(zey.ticket) == f"PENDING, of Zey, {questions.tag}"
    await zey.writes("Ne adresi?")
    await page.shows("goes on", "Ne adresi?", questions.ask_again, "ended by DESK")

    claim = f"e-postam {ZEYNEP.handle}'dur"
    await zey.writes(claim)
    await page.shows("goes on", claim, questions.thanks)
    await inbox.shows(
        "enters: Sohbet: Zey, of Zey",
        f"Sohbet: Zey: tags: {questions.tag} → -",
        f"Sohbet: Zey: customer: Zey → {ZEYNEP.name}",
    )

    visitors = await nikos.opens_presence(zey.ticket)
    await visitors.shows(f"Nikos VIEWING, {ZEYNEP.name} VIEWING")
    await zey.types()
    await visitors.shows(f"Nikos VIEWING, {ZEYNEP.name} TYPING")
    typing = await zey.sees_who_types()
    await ayse.types(zey.ticket, "note")
    await ayse.types(zey.ticket, "reply")
    await typing.shows("Ayşe types")
    await ayse.answers(zey.ticket, "Yenisini yolluyoruz.")
    await page.shows("Yenisini yolluyoruz.")

    assert await zey.proves_by("000000") == "WRONG_CODE"
    await zey.asks_for_code()
    (code,) = re.findall(r"\b\d{6}\b", text_of(await mailbox.gets_mail()))
    assert await zey.proves_by(code) == "verified"
    assert await nikos.reads_whole_history(known) == [
        "EMAIL: OWN",
        "LIVE_CHAT: VERIFIED",
        f"note: {SECRET}",
        "LIVE_CHAT: Halım sökülüyor",
        f"EMAIL: {OLD_TEXT}",
    ]

    await zey.ends_chat()
    await page.shows("ended by CUSTOMER")
    assert await ayse.sees_state(zey.ticket) == f"RESOLVED, of {ZEYNEP.name}"
    assert await zey.reads_chat() == [
        "Halım sökülüyor",
        questions.ask,
        "Ne adresi?",
        questions.ask_again,
        claim,
        questions.thanks,
        "Yenisini yolluyoruz.",
    ]
    secrets = (SECRET, OLD_TEXT, ZEYNEP.name, ZEYNEP.handle, phone, known)
    assert [words for words in secrets if wire.told(words, but=claim)] == []


async def test_two_robots_come_to_a_halt(
    branch_named: Open, admin: Admin, installation: Installation, leaving: AsyncExitStack
) -> None:
    branch = await branch_named("Papağan")
    hello = "Size nasıl yardımcı olabiliriz?"
    rule = await admin.adds_rule(
        "Selam",
        branch.office,
        allOf=[{"kind": "CHANNEL", "channels": ["VIBER"]}],
        actions=[{"kind": "SEND_MESSAGE", "text": hello}],
    )
    bell = await admin.opens_notifications()
    viber = await connect("VIBER", installation.second_server, branch.office, leaving)
    robot = Writer("Robot", "robot")

    await viber.brings(robot, "Tatildeyim.")
    for _ in range(3):
        assert await viber.delivers() == f"robot: {hello}"
        await viber.brings(robot, "Tatildeyim.")
    await bell.shows("RULE_PAUSED by the desk: Selam (1)")
    assert await admin.reads_rule(rule) == "Selam: RAN_TOO_OFTEN"

    await viber.brings(robot, "Hâlâ tatildeyim.")
    await branch.ayse.answers(await branch.ayse.finds_ticket("tatildeyim"), "İyi tatiller!")
    assert await viber.delivers() == "robot: İyi tatiller!"


async def test_a_worker_that_dies_in_the_middle_neither_forgets_nor_repeats(
    branch_named: Open, installation: Installation, leaving: AsyncExitStack
) -> None:
    branch = await branch_named("Karınca")
    questions, database = branch.questions, installation.database_url
    telegram = await connect("TELEGRAM", installation.first_server, branch.office, leaving)
    customers = [Writer("?", str(number)) for number in range(900, 910)]

    # Its log is the last thing that a rule writes: what it has done is not committed yet.
    async with held_up_at(database, "rule_run") as log:
        for customer in customers:
            await telegram.brings(customer, "Merhaba")
        await log.comes_to_hold_up(CONCURRENT_JOBS)
        with installation.worker.crashed():
            await log.let_go()
            await leases_run_out(database)

    for expected in (questions.ask, questions.ask_again):
        answers = [await telegram.delivers() for _ in customers]
        assert sorted(answers) == [f"{customer.handle}: {expected}" for customer in customers]
        for customer in customers:
            await telegram.brings(customer, "Neden?")

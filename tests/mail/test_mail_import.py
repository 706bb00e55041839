"""Mail archives become tickets, as agents then see them through the API."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from models.brands import Brand
from models.customers import Customer
from models.events import Event, TopicHeadRow
from models.jobs import Job
from models.messages import STORED_CHARACTERS
from services import mail_import
from services.mail.parsing import ParsedMail, parse_mail
from tests.mail.cpython_samples import NO_MAILS, WITHOUT_SENDER
from tests.mail.cpython_samples import SAMPLES as CPYTHON_SAMPLES
from tests.mail.mails import SAMPLES
from tests.support.archives import answering, mail, take_in, take_in_path
from tests.support.desk import World

IMPORTED = ("imported", None)
KNOWN = ("known already", None)
NOON = "2024-02-{:02}T12:00:00Z"
TICKETS = """
    query ($search: String) {
      tickets(search: $search, orderBy: CREATED_OLDEST_FIRST) {
        nodes {
          number title emailSubject status channel createdAt updatedAt firstResponseAt messageCount
          customer { name email }
          lastMessage { body }
          messages { nodes {
            body bodyHtml direction createdAt channel delivery { state }
            author { __typename ... on Agent { name } ... on Customer { name } }
            attachments { filename contentType size url }
          } }
        }
      }
    }
"""
IDS = "{ tickets { nodes { id } } }"
CLOSE = "mutation ($id: ID!) { ticketClose(input: {ticketId: $id}) { __typename } }"


async def tickets(world: World, search: str | None = None) -> list[dict[str, Any]]:
    """The tickets that the admin sees, the oldest first."""
    nodes: list[dict[str, Any]] = (await world.admin.ask(TICKETS, search=search))["tickets"][
        "nodes"
    ]
    return nodes


async def conversations(world: World) -> list[list[str]]:
    return [bodies(ticket) for ticket in await tickets(world)]


def bodies(ticket: dict[str, Any]) -> list[str]:
    return [message["body"] for message in ticket["messages"]["nodes"]]


async def test_an_answer_joins_the_ticket_of_the_mail_it_answers(world: World) -> None:
    outcomes = await take_in(
        world,
        mail("first", body="Nerede?"),
        mail("second", *answering("first"), subject="Ynt: Sipariş", day=7, body="Hâlâ yok."),
    )

    assert outcomes == [IMPORTED, IMPORTED]
    (ticket,) = await tickets(world)
    messages = ticket.pop("messages")["nodes"]
    assert ticket == {
        "number": 1,
        "title": "Sipariş",
        "emailSubject": "Sipariş",
        "status": "OPEN",
        "channel": "EMAIL",
        "createdAt": NOON.format(5),
        "updatedAt": NOON.format(7),
        "firstResponseAt": None,
        "messageCount": 2,
        "customer": {"name": "Elif Şahin", "email": "elif@mail.example"},
        "lastMessage": {"body": "Hâlâ yok."},
    }
    assert messages[1] == {
        "body": "Hâlâ yok.",
        "bodyHtml": None,
        "direction": "INCOMING",
        "createdAt": NOON.format(7),
        "channel": "EMAIL",
        "delivery": None,
        "author": {"__typename": "Customer", "name": "Elif Şahin"},
        "attachments": [],
    }


@pytest.mark.parametrize("runs", [1, 2], ids=["in one archive", "in a later run"])
async def test_an_answer_that_comes_first_is_found_by_its_question(world: World, runs: int) -> None:
    answer = mail(
        "second", *answering("first"), sender="ayse@desk.example", to="elif@mail.example", day=6
    )
    question = mail("first", subject="Re: Sipariş", day=4, body="Nerede?")

    for mails in [[answer, question]] if runs == 1 else [[answer], [question]]:
        assert await take_in(world, *mails) == [IMPORTED] * len(mails)

    (ticket,) = await tickets(world)
    assert bodies(ticket) == ["Nerede?", "Merhaba"]
    assert (ticket["title"], ticket["messageCount"]) == ("Sipariş", 2)
    assert (ticket["createdAt"], ticket["updatedAt"]) == (NOON.format(4), NOON.format(6))
    assert ticket["lastMessage"] == {"body": "Merhaba"}
    # The answer was written to an address without a name.
    assert ticket["customer"] == {"name": "Elif Şahin", "email": "elif@mail.example"}


async def test_mails_find_each_other_over_one_that_is_missing(world: World) -> None:
    await take_in(
        world,
        mail("third", *answering("first", "second"), body="3", day=7),
        mail("fourth", *answering("second"), body="4", day=8),
        mail("first", body="1"),
    )

    assert await conversations(world) == [["1", "3", "4"]]


async def test_a_mail_that_joins_two_tickets_goes_to_the_one_it_answers(world: World) -> None:
    await take_in(
        world,
        mail("a", body="a"),
        mail("b", body="b", day=6),
        mail("c", *answering("a", "b"), body="c", day=7),
    )

    assert await conversations(world) == [["a"], ["b", "c"]]


async def test_an_id_that_is_only_named_joins_the_mails_of_one_customer(world: World) -> None:
    def answer(mail_id: str, sender: str, to: str = "help@acme.example") -> bytes:
        return mail(mail_id, *answering("newsletter"), sender=sender, to=to, body=mail_id)

    await take_in(
        world,
        answer("e1", "elif@mail.example"),
        answer("b1", "bora@mail.example"),
        answer("e2", "elif@mail.example"),
        answer("a1", "ayse@desk.example", to="elif@mail.example"),
        answer("a2", "ayse@desk.example", to="can@mail.example"),
    )

    assert sorted(await conversations(world)) == [["a2"], ["b1"], ["e1", "e2", "a1"]]


async def test_an_equal_subject_joins_nothing(world: World) -> None:
    await take_in(world, mail("a", body="a"), mail("b", body="b", subject="Re: Sipariş", day=6))

    assert await conversations(world) == [["a"], ["b"]]


async def test_a_mail_is_taken_in_once(world: World) -> None:
    twice = [mail("a"), mail("b", *answering("a")), mail("a")]

    assert await take_in(world, *twice) == [IMPORTED, IMPORTED, KNOWN]
    before = await world.counts()
    assert await take_in(world, *twice) == [KNOWN, KNOWN, KNOWN]
    assert await world.counts() == before


async def test_what_an_agent_wrote_is_outgoing_and_not_delivered_again(world: World) -> None:
    await take_in(
        world,
        mail("a"),
        mail("b", *answering("a"), sender="Ayse@Desk.example", to="elif@mail.example", day=6),
        mail("c", sender="nikos@desk.example", to="ayse@desk.example, Ada <ada@mail.example>"),
    )

    first, second = await tickets(world)
    if first["customer"]["name"] == "Ada":
        first, second = second, first
    answer = first["messages"]["nodes"][1]
    assert (answer["direction"], answer["delivery"]) == ("OUTGOING", None)
    assert answer["author"] == {"__typename": "Agent", "name": "Ayse"}
    assert first["firstResponseAt"] == NOON.format(6)
    assert second["customer"] == {"name": "Ada", "email": "ada@mail.example"}
    async with world.desk.database.reading() as connection:
        assert (await connection.execute(select(Job.id))).all() == []


async def test_the_address_of_the_brand_is_no_customer(world: World) -> None:
    async with world.desk.database.transaction() as session:
        await session.execute(
            update(Brand).where(Brand.id == world.acme.id).values(email="Help@acme.example")
        )
    world.acme.email = "Help@acme.example"

    await take_in(world, mail("a", sender="help@acme.example", to="help@acme.example, e@x.example"))

    (ticket,) = await tickets(world)
    (message,) = ticket["messages"]["nodes"]
    assert (message["direction"], message["author"]) == ("OUTGOING", {"__typename": "Automation"})
    assert ticket["customer"] == {"name": "e@x.example", "email": "e@x.example"}
    assert ticket["firstResponseAt"] is None


async def test_mail_of_the_past_leaves_a_ticket_where_it_stands(world: World) -> None:
    await take_in(world, mail("a"))
    started = datetime.now(UTC)
    ((ticket_id,),) = [n.values() for n in (await world.admin.ask(IDS))["tickets"]["nodes"]]
    await world.admin.ask(CLOSE, id=ticket_id)

    await take_in(world, mail("b", *answering("a"), day=6))

    (ticket,) = await tickets(world)
    assert (ticket["status"], ticket["messageCount"]) == ("CLOSED", 2)
    assert datetime.fromisoformat(ticket["updatedAt"]) > started


async def test_a_mail_from_the_future_or_without_a_date_is_of_now(world: World) -> None:
    started = datetime.now(UTC)
    future = f"Date: {format_datetime(started + timedelta(hours=12))}".encode()
    undated = b"From: u@x.example\n\nundated\n"

    assert await take_in(world, undated, future + b"\n" + undated) == [IMPORTED, IMPORTED]

    for ticket in await tickets(world):
        assert started < datetime.fromisoformat(ticket["createdAt"]) < datetime.now(UTC)
        assert ticket["updatedAt"] == ticket["createdAt"]
        assert ticket["title"] == "Destek Talebiniz Hakkında"


async def test_html_is_safe_and_quoted_text_stays(world: World) -> None:
    markup = '<p onclick="x()">İyi <b>günler</b></p><script>alert(1)</script>'
    await take_in(
        world,
        mail("a", "Content-Type: text/html; charset=utf-8", body=markup),
        mail("b", *answering("a"), day=6, body="Evet.\n\n> İyi günler\n>> Nerede?"),
        mail("c", *answering("a"), day=7, body=""),
    )

    (ticket,) = await tickets(world)
    assert bodies(ticket) == ["İyi günler", "Evet.\n\n> İyi günler\n>> Nerede?", ""]
    assert ticket["messages"]["nodes"][0]["bodyHtml"] == "<p>İyi <b>günler</b></p>\n"


async def test_what_is_no_message_of_a_ticket_is_reported_and_leaves_no_trace(world: World) -> None:
    before = await world.counts()

    assert await take_in(
        world,
        b"Message-ID: <a@x.example>\nSubject: From nobody\n\nHello\n",
        b"Colour: blue\n\nThis is no mail.\n",
        mail("b", sender="ayse@desk.example", to="nikos@desk.example"),
    ) == [
        ("skipped", "it does not say who sent it"),
        ("skipped", "it has no header of a mail"),
        ("skipped", "the desk sent it, and to no customer"),
    ]
    assert await world.counts() == before


async def test_a_mail_that_the_database_refuses_is_reported_and_the_others_come_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(content: bytes) -> ParsedMail:
        parsed = parse_mail(content)
        if parsed.text == "too long":
            object.__setattr__(parsed, "text", "x" * (STORED_CHARACTERS + 1))
        return parsed

    monkeypatch.setattr(mail_import, "parse_mail", parse)
    file = "Content-Type: multipart/mixed; boundary=b"
    body = "--b\n\ntoo long\n--b\nContent-Disposition: attachment; filename=a.txt\n\nA\n--b--"
    first, second, third = await take_in(world, mail("a"), mail("b", file, body=body), mail("c"))

    assert [first, third] == [IMPORTED, IMPORTED]
    assert second[0] == "skipped"
    assert second[1] is not None
    assert second[1].startswith("the database refuses it: ")
    assert "ck_message_body_length" in second[1]
    assert len(await tickets(world)) == 2
    assert [path for path in world.desk.settings.storage_path.rglob("*") if path.is_file()] == []


async def test_the_samples_are_found_by_their_words(world: World) -> None:
    results = await take_in_path(world, SAMPLES)

    assert {(r.source, r.reason) for r in results if r.outcome == "skipped"} == {
        (".gitattributes", "it does not begin with the header of a mail")
    }
    assert len(await tickets(world)) == 10
    found = {
        word: [ticket["title"] for ticket in await tickets(world, word)]
        for word in ("ısmarladım", "τιμολόγιο", "BOOKS missing", "gunes")
    }
    assert found == {
        "ısmarladım": ["Siparişim"],  # the answer came first
        "τιμολόγιο": ["Ερώτηση για το τιμολόγιο του Μαρτίου", "Τιμολόγιο?"],
        "BOOKS missing": ["Order 4711 is"],
        "gunes": ["Şifremi unuttum, giriş yapamıyorum"],
    }


@pytest.mark.skipif(not CPYTHON_SAMPLES, reason="this Python came without its own tests")
async def test_each_sample_of_cpython_is_taken_in_or_reported(world: World) -> None:
    skipped = NO_MAILS | WITHOUT_SENDER
    outcomes: dict[str, str] = {}
    for file in CPYTHON_SAMPLES:
        (result,) = await take_in_path(world, file)
        outcomes[file.name] = result.outcome

    assert {name for name, outcome in outcomes.items() if outcome == "skipped"} == skipped
    # Five variants of one mail, and two of another, have one Message-ID.
    known = {name for name, outcome in outcomes.items() if outcome == "known already"}
    assert known == {"msg_03.txt", "msg_14.txt", "msg_20.txt", "msg_29.txt", "msg_44.txt"}


async def test_the_log_of_an_import_has_no_gap(world: World) -> None:
    await take_in_path(world, SAMPLES)
    await take_in(world, mail("a"), mail("b", *answering("a")), mail("a"))

    async with world.desk.database.reading() as connection:
        events = (
            await connection.execute(
                select(Event.topic, Event.seq).order_by(Event.topic, Event.seq)
            )
        ).all()
        heads = {
            row.topic: row.seq for row in await connection.execute(select(TopicHeadRow.__table__))
        }
    places: dict[str, list[int]] = {}
    for topic, place in events:
        places.setdefault(topic, []).append(place)
    assert places == {topic: list(range(1, last + 1)) for topic, last in heads.items()}


async def test_a_customer_whom_the_desk_named_keeps_the_name(world: World) -> None:
    await world.receive(handle="elif@mail.example", name="Elif Hanım")

    await take_in(world, mail("a"))

    async with world.desk.database.reading() as connection:
        names = (await connection.execute(select(Customer.name))).scalars().all()
    assert names == ["Elif Hanım"]

"""The dev mailbox: what would have been sent, for who sits at this machine, and nobody else."""

from dataclasses import replace

import httpx2
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from app.desk import Desk
from app.dev_mail import dev_mail_routes
from app.mail_transport import default_sender, open_mail_transport
from core.ids import new_id
from core.settings import Settings
from services.mail.smtp import SmtpTransport
from services.mail.transport import Envelope
from services.outgoing_mail import dev_mailbox
from services.outgoing_mail.dev_mailbox import DevMailbox
from tests.support.deliveries import post_office
from tests.support.desk import World

HERE = "http://localhost:8000"


def browser(world: World, address: str = "127.0.0.1") -> httpx2.AsyncClient:
    """Look at the mailbox of a desk that shows it, from a machine with this address."""
    application = Starlette(routes=dev_mail_routes(replace(world.desk, has_demo=True)))
    transport = httpx2.ASGITransport(app=application, client=(address, 1234))
    return httpx2.AsyncClient(transport=transport, base_url=HERE)


def mail(number: int, size: int = 0) -> Envelope:
    content = b"Subject: Mail %d\r\n\r\n%s" % (number, b"x" * size)
    return Envelope("desk@acme.example", "elif@posta.example", content)


async def test_without_a_server_answers_are_shown(world: World) -> None:
    assert isinstance(world.desk.mail_transport, DevMailbox)
    async with post_office(world, world.desk.mail_transport) as office, browser(world) as reader:
        empty = await reader.get("/dev/mail")
        _first, ticket = await world.receive(name="<b>Elif</b>", subject="<i>Order</i>")
        message = await office.send(ticket, "Hi <script>alert(1)</script>\n\nhttps://acme.example")
        await office.deliver()
        (row,) = await world.desk.mail_transport.newest()
        listed = await reader.get("/dev/mail")
        page = await reader.get(f"/dev/mail/{row.id}")
        html = await reader.get(f"/dev/mail/{row.id}/html")
        raw = await reader.get(f"/dev/mail/{row.id}/raw")
        unknown = await reader.get(f"/dev/mail/{new_id()}")
        state = (await office.delivery(message))["state"]

    assert state == "SENT"
    assert "No mail yet" in empty.text
    assert "Re: &lt;i&gt;Order&lt;/i&gt;" in listed.text
    assert f'<a href="/dev/mail/{row.id}">' in listed.text
    assert "&lt;b&gt;Elif&lt;/b&gt;&quot; &lt;customer@example.com&gt;" in page.text
    assert f'<iframe src="/dev/mail/{row.id}/html" sandbox=""' in page.text
    for shown in (listed, page, html):
        assert "<script" not in shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert shown.headers["cache-control"] == "no-store"
    assert html.headers["content-security-policy"].startswith("sandbox;")
    assert '<a href="https://acme.example">' in html.text
    assert raw.headers["content-disposition"] == f'attachment; filename="{row.id.hex}.eml"'
    assert raw.content.startswith(b"Date: ")
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.0.2.7", {}),
        ("127.0.0.1", {"host": "desk.example"}),
        ("127.0.0.1", {"host": "localhost.example"}),
        ("127.0.0.1", {"host": "[::1"}),
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.7"}),
        ("127.0.0.1", {"forwarded": "for=192.0.2.7"}),
        ("127.0.0.1", {"x-real-ip": "127.0.0.1"}),
    ],
)
async def test_from_elsewhere_there_is_no_mailbox(
    world: World, address: str, headers: dict[str, str]
) -> None:
    mailbox = DevMailbox(world.desk.database)
    await mailbox.send(mail(1))
    (row,) = await mailbox.newest()

    async with browser(world, address) as reader:
        answers = [
            await reader.get(f"/dev/mail{path}", headers=headers)
            for path in ("", f"/{row.id}", f"/{row.id}/html", f"/{row.id}/raw")
        ]

    assert [answer.status_code for answer in answers] == [404] * 4


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000", "localhost"])
async def test_this_machine_has_three_names(world: World, host: str) -> None:
    async with browser(world, "::1") as reader:
        assert (await reader.get("/dev/mail", headers={"host": host})).status_code == 200


async def test_with_a_server_there_is_no_mailbox(world: World) -> None:
    settings = Settings(smtp_url=SecretStr("smtp://mail.example"), _env_file=None)
    transport = open_mail_transport(settings, world.desk.database)
    desk = replace(world.desk, has_demo=True, mail_transport=transport)

    assert isinstance(transport, SmtpTransport)
    assert dev_mail_routes(desk) == []
    assert default_sender(settings) is None


async def test_a_proxy_that_says_nothing_of_itself_finds_no_mail_of_real_people(
    world: World,
) -> None:
    """It comes from this machine, and asks for it by its name, for whoever asked the proxy."""
    here = Settings(host="127.0.0.1", public_url=None, _env_file=None)
    demo = replace(world.desk, has_demo=True, settings=here)

    def is_shown(desk: Desk, **settings: str | bool) -> bool:
        changed = desk.settings.model_copy(update=settings)
        return dev_mail_routes(replace(desk, settings=changed)) != []

    assert is_shown(demo)
    assert is_shown(demo, host="::1", public_url="http://localhost:8080")
    assert not is_shown(demo, public_url="https://desk.example")
    assert not is_shown(demo, host="192.0.2.7")
    assert not is_shown(demo, dev_mailbox=False)
    assert not is_shown(replace(demo, has_demo=False))


async def test_a_desk_without_the_demo_shows_its_mail_on_this_machine_if_it_is_told_to(
    world: World,
) -> None:
    settings = Settings(host="127.0.0.1", public_url=None, dev_mailbox=True, _env_file=None)
    desk = replace(world.desk, has_demo=False, settings=settings)
    elsewhere = settings.model_copy(update={"host": "0.0.0.0"})

    assert dev_mail_routes(desk) != []
    assert dev_mail_routes(replace(desk, settings=elsewhere)) == []


async def test_the_newest_mails_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev_mailbox, "MAILS_KEPT", 3)
    monkeypatch.setattr(dev_mailbox, "BYTES_KEPT", 1_000)
    mailbox = DevMailbox(world.desk.database)

    async def subjects() -> list[str]:
        return [row.subject for row in await mailbox.newest()]

    for number in range(5):
        await mailbox.send(mail(number))
    assert await subjects() == ["Mail 4", "Mail 3", "Mail 2"]
    await mailbox.send(mail(5, size=970))
    assert await subjects() == ["Mail 5"]
    await mailbox.send(mail(6, size=2_000))
    assert await subjects() == ["Mail 6"]


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://mail.example", "smtp://", "smtp://a:99999", "smtp://a?tls=perhaps"],
)
def test_a_setting_that_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtp_url"):
        Settings(smtp_url=SecretStr(url), _env_file=None)


def test_who_writes_for_brands_without_an_address_can_be_set() -> None:
    settings = Settings(mail_sender="Acme Group <mail@acme.example>", _env_file=None)

    sender = default_sender(settings)

    assert sender is not None
    assert sender.address == "mail@acme.example"

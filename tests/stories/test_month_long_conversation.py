"""The month-long conversation.

For a month a customer and the desk have written to each other, a mail a day; three of the mails
matter. Ayşe and Nikos star them at two servers, and find them in the order of the conversation,
under an icon that comes with the first star, counts on every screen, and goes with the last. From
an entry they jump to its day, and whoever thinks that one matters no more takes it off.
"""

from pathlib import Path

from tests.stories.agent import Agent
from tests.stories.installation import Installation
from tests.support.archives import answering, mail, mbox

DAYS = 29  # of February 2024
SAID = {
    3: "Sipariş numaram 4711.",
    11: "İade yerine değişim istiyorum.",
    20: "Yeni adresim: Bağdat Caddesi 5.",
}


def month(agent_email: str) -> list[bytes]:
    """The customer writes on odd days, and on those that matter; on the others the desk does."""
    return [
        mail(
            f"gün-{day}",
            *(answering(*(f"gün-{earlier}" for earlier in range(1, day))) if day > 1 else ()),
            sender="Elif Şahin <elif@month.example>" if _writes(day) else agent_email,
            subject="Uzun hikâye",
            day=day,
            body=_body(day),
        )
        for day in range(1, DAYS + 1)
    ]


def _writes(day: int) -> bool:
    return day % 2 == 1 or day in SAID


def _body(day: int) -> str:
    return SAID.get(day, f"{day} Şubat")


async def test_the_month_long_conversation(
    ayse: Agent, nikos: Agent, installation: Installation, tmp_path: Path
) -> None:
    archive = tmp_path / "february.mbox"
    archive.write_bytes(mbox(*month(ayse.email)))
    assert installation.take_in_mail(archive) == "imported 29, known already 0, skipped 0\n"
    ticket = await ayse.finds_ticket("Uzun hikâye")
    mails = await ayse.reads_all(ticket)
    assert list(mails) == [_body(day) for day in range(1, DAYS + 1)]
    order, exchange, address = (mails[body] for body in SAID.values())

    icons = [await ayse.opens_favorites(ticket), await nikos.opens_favorites(ticket)]
    for icon in icons:
        await icon.shows("no icon")

    await ayse.stars(address)
    for icon in icons:
        await icon.shows("Yeni adresim: Bağdat Caddesi 5.")
    await nikos.stars(order)
    for icon in icons:
        await icon.shows("Sipariş numaram 4711.; Yeni adresim: Bağdat Caddesi 5.")
    await ayse.stars(exchange)
    await nikos.stars(exchange)
    for icon in icons:
        await icon.shows("; ".join(SAID.values()))
    assert list(await nikos.favorite_items(ticket)) == list(SAID.values())
    assert await nikos.favorite_count(ticket) == 3

    assert await nikos.jumps_to(ticket, exchange) == [
        "9 Şubat",
        "10 Şubat",
        "İade yerine değişim istiyorum.",
        "12 Şubat",
        "13 Şubat",
    ]

    await ayse.takes_the_star_from(order)
    for icon in icons:
        await icon.shows("İade yerine değişim istiyorum.; Yeni adresim: Bağdat Caddesi 5.")
    await nikos.takes_the_star_from(exchange)
    for icon in icons:
        await icon.shows("Yeni adresim: Bağdat Caddesi 5.")
    await nikos.takes_the_star_from(address)
    for icon in icons:
        await icon.shows("no icon")
    assert await ayse.favorite_count(ticket) == 0
    assert await ayse.reads_history(ticket) == [
        "the desk opens it",
        "Ayşe stars: Yeni adresim: Bağdat Caddesi 5.",
        "Nikos stars: Sipariş numaram 4711.",
        "Ayşe stars: İade yerine değişim istiyorum.",
        "Ayşe takes the star from: Sipariş numaram 4711.",
        "Nikos takes the star from: İade yerine değişim istiyorum.",
        "Nikos takes the star from: Yeni adresim: Bağdat Caddesi 5.",
    ]

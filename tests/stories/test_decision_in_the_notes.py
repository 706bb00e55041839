"""The decision in the notes.

Ayşe and Nikos discuss in inline notes what to do for a customer, and decide. Ayşe stars the note
with the decision, and Nikos's screen shows it at once. When the customer comes back he jumps to
it, reads what was said around it, and the history tells who found it worth a star.
"""

from tests.stories.agent import Agent
from tests.stories.shop import Shop, Writer

ELIF = Writer("Elif Şahin", "elif@mail.example", "WHATSAPP")


async def test_the_decision_in_the_notes(ayse: Agent, nikos: Agent, shop: Shop) -> None:
    ticket = (await shop.brings(ELIF, "Kırık geldi.", "Ne yapacaksınız?")).ticket
    nikos_screen = await nikos.opens_ticket(ticket)
    icon = await nikos.opens_favorites(ticket)
    await icon.shows("no icon")

    await ayse.writes_inline_note(ticket, "Depo fotoğraf istiyor.")
    await nikos.writes_inline_note(ticket, "Η φωτογραφία είναι εδώ.")
    decision = await ayse.writes_inline_note(ticket, "Karar: yenisini gönderiyoruz.")
    await nikos.writes_inline_note(ticket, "Σύμφωνοι.")
    await ayse.answers(ticket, "Yenisi yolda.")
    await ayse.stars(decision)

    await nikos_screen.shows(
        "Ayşe notes (inline): Depo fotoğraf istiyor.",
        "Nikos notes (inline): Η φωτογραφία είναι εδώ.",
        "Ayşe notes (inline): Karar: yenisini gönderiyoruz.",
        "Nikos notes (inline): Σύμφωνοι.",
        "Ayşe: Yenisi yolda.",
        "Ayşe changes status: NEW → OPEN",
        "Ayşe stars: Karar: yenisini gönderiyoruz. (1)",
    )
    await icon.shows("Karar: yenisini gönderiyoruz.")

    entries = await nikos.favorite_items(ticket)
    assert entries == {"Karar: yenisini gönderiyoruz.": decision}
    assert await nikos.jumps_to(ticket, decision) == [
        "Depo fotoğraf istiyor.",
        "Η φωτογραφία είναι εδώ.",
        "Karar: yenisini gönderiyoruz.",
        "Σύμφωνοι.",
        "Yenisi yolda.",
    ]
    assert await nikos.reads_history(ticket) == [
        "Mağaza opens it",
        "Ayşe changes status: NEW → OPEN",
        "Ayşe stars: Karar: yenisini gönderiyoruz.",
    ]

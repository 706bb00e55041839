"""Private notes.

The team writes notes of four kinds about a customer. Inline ones are evidence, which nobody can
change, only correct; the others are edited by two people at once without losing a word, and what
they said before stays. They go along when a ticket is handed over, mention and remind colleagues
live and once, and are there for nobody else: no customer and no integration without the right.
"""

from tests.stories.agent import Agent
from tests.stories.edits import conflict
from tests.stories.installation import Installation
from tests.stories.moments import in_days, in_seconds
from tests.stories.shop import Shop, Writer

FATMA = Writer("Fatma Çelik", "fatma@notes.example")
GUL = Writer("Gül Öztürk", "gul@notes.example")
HALE = Writer("Hale Ersoy", "hale@notes.example")


async def test_inline_notes_are_evidence_and_all_four_kinds_go_along(
    ayse: Agent, nikos: Agent, deniz: Agent, shop: Shop, installation: Installation
) -> None:
    received = await shop.brings(FATMA, "Merhaba")
    ticket, customer = received.ticket, received.customer
    company = await ayse.creates_company("Çelik Ltd.", "notes.example")
    await ayse.transfers(ticket, teamId=installation.office.support_id)
    screen = await nikos.opens_ticket(ticket)

    promise = await ayse.writes_inline_note(ticket, "100 lira iade sözü verdim.")
    await ayse.adds_note("TICKET", ticketId=ticket, body="Fatura bekliyor.")
    await ayse.adds_note("CUSTOMER", customerId=customer, body="Türkçe yazın.")
    await ayse.adds_note("COMPANY", companyId=company, body="Merkez Bursa.")
    await screen.shows(
        "Ayşe notes (inline): 100 lira iade sözü verdim.",
        "Ayşe notes (ticket): Fatura bekliyor.",
    )

    for refused in (
        await ayse.tries("noteUpdate", noteId=promise, expectedVersion=1, body="Söz yok."),
        await ayse.tries("noteDelete", noteId=promise),
    ):
        assert refused["code"] == "NOT_ALLOWED"
    first = await nikos.writes_inline_note(ticket, "1000 lira olacak.", corrects=promise)
    second = await nikos.writes_inline_note(ticket, "Hayır, 110 lira.", corrects=first)
    assert await ayse.reads_corrections(promise) == (
        None,
        ["1000 lira olacak.", "Hayır, 110 lira."],
    )
    assert await ayse.reads_corrections(second) == ("100 lira iade sözü verdim.", [])

    notes = await ayse.reads_notes(ticket)
    assert notes == [
        "inline: 100 lira iade sözü verdim.",
        "ticket: Fatura bekliyor.",
        "inline: 1000 lira olacak.",
        "inline: Hayır, 110 lira.",
    ]
    await ayse.transfers(ticket, teamId=installation.office.billing_id)
    assert await deniz.reads_notes(ticket) == notes
    assert await deniz.reads_notes(customer) == ["customer: Türkçe yazın."]
    assert await deniz.reads_notes(company) == ["company: Merkez Bursa."]
    assert not await ayse.sees(promise)
    await deniz.writes_inline_note(ticket, "Bende.")
    assert await deniz.reads_notes(ticket) == [*notes, "inline: Bende."]


async def test_two_type_into_one_note_and_nothing_is_lost(
    ayse: Agent, nikos: Agent, shop: Shop
) -> None:
    ticket = (await shop.brings(GUL, "Merhaba")).ticket
    screen = await nikos.opens_ticket(ticket)
    note = await ayse.adds_note("TICKET", ticketId=ticket, body="Ara")
    await screen.shows("Ayşe notes (ticket): Ara")
    loaded, _ = await nikos.loads(note.id)
    warnings = await nikos.is_warned_of_edits(note.id, loaded.version)

    typed = await ayse.types_into(note, "Aras kargoyu")
    typed = await ayse.types_into(typed, "Aras kargoyu ara")
    await warnings.shows(
        "Ayşe changes body: Ara → Aras kargoyu",
        "Ayşe changes body: Aras kargoyu → Aras kargoyu ara",
    )
    await screen.shows(
        "Ayşe edits a note, body: Ara → Aras kargoyu",
        "Ayşe edits a note, body: Aras kargoyu → Aras kargoyu ara",
    )

    refused = await nikos.tries_to_type_into(loaded, "Ara: bugün")
    assert conflict(refused) == ["body: Ara → Aras kargoyu ara by Ayşe, Ara: bugün by me"]
    loaded, body = await nikos.loads(note.id)
    assert (body, loaded.version) == ("Aras kargoyu ara", refused["currentVersion"])
    typed = await nikos.types_into(loaded, "Aras kargoyu ara: bugün")
    await screen.shows("Nikos edits a note, body: Aras kargoyu ara → Aras kargoyu ara: bugün")
    assert await ayse.reads_revisions(note) == [
        "Ayşe: Ara",
        "Ayşe: Aras kargoyu",
        "Ayşe: Aras kargoyu ara",
        "Nikos: Aras kargoyu ara: bugün",
    ]

    await ayse.deletes_note(typed)
    await screen.shows("Ayşe deletes a note")
    assert await nikos.reads_notes(ticket) == []
    assert not await nikos.sees(note.id)
    assert await nikos.reads_history(ticket) == ["Mağaza opens it", "Ayşe deletes a note"]


async def test_notes_mention_and_remind_and_are_ticked_off(
    ayse: Agent, nikos: Agent, shop: Shop, installation: Installation
) -> None:
    received = await shop.brings(HALE, "Merhaba")
    ticket, customer = received.ticket, received.customer
    notifications = await nikos.opens_notifications()
    note = await ayse.adds_note(
        "TICKET", ticketId=ticket, body="@Nikos bakar mısın?", todos=["Fatura", "Adres"]
    )
    await notifications.shows("MENTIONED by Ayşe: @Nikos bakar mısın? (1)")
    assert await ayse.reads_mentions(note) == ["Nikos"]

    await nikos.ticks_off(note, "Fatura")
    assert await ayse.open_todos(note) == ["Adres"]

    soon = await ayse.adds_note(
        "TICKET",
        ticketId=ticket,
        body="Depoyu ara",
        remindAt=in_seconds(1),
        remindWhomId=nikos.agent_id,
    )
    await notifications.shows("REMINDER_DUE by the desk: Depoyu ara (2)")
    with installation.worker.away():
        await ayse.adds_note(
            "CUSTOMER",
            customerId=customer,
            body="Kutlama yaz",
            remindAt=in_seconds(0),
            remindWhomId=nikos.agent_id,
        )
    await notifications.comes_to_show("REMINDER_DUE by the desk: Kutlama yaz (3)")

    await ayse.adds_note("TICKET", ticketId=ticket, body="Yarın", remindAt=in_days(1))
    assert await nikos.reads_reminders() == ["Depoyu ara", "Kutlama yaz"]
    await ayse.completes(soon)
    assert await nikos.reads_reminders() == ["Kutlama yaz"]
    assert await nikos.reads_reminders(done=True) == ["Depoyu ara"]
    # Each was told once: what follows is the next thing that concerns him.
    await ayse.transfers(ticket, assigneeId=nikos.agent_id)
    await notifications.shows("ASSIGNED by Ayşe: Sipariş (4)")

"""The shift hand-over in a live chat.

Ayşe and a customer have written 2,000 messages to each other when her shift ends. Nikos, who saw
the chat begin, learns all he needs from one query: what she starred, noted and changed, whom it
reminds, and how much was written since. He jumps to an entry in the middle of it all, and goes on
live from where the query stood, so that he misses nothing and is told nothing twice.
"""

import asyncio

from tests.stories.agent import Agent
from tests.stories.moments import in_days
from tests.stories.shop import Shop, Writer

MARIA = Writer("Μαρία Ιωάννου", "maria-chat", "LIVE_CHAT")
EACH = 1_000  # messages of each side


async def test_the_shift_handover(ayse: Agent, nikos: Agent, shop: Shop) -> None:
    questions = [f"Ερώτηση {number}" for number in range(EACH)]
    answers = [f"Yanıt {number}" for number in range(EACH)]
    received = await shop.brings(MARIA, questions[0])
    ticket = received.ticket
    seen = await nikos.takes_over(ticket)
    assert seen.last_messages == [questions[0]]

    await asyncio.gather(shop.brings(MARIA, *questions[1:]), ayse.answers(ticket, *answers))
    chat = await ayse.reads_all(ticket)
    assert sorted(chat) == sorted(questions + answers)
    assert [body for body in chat if body.startswith("Ερώτηση")] == questions
    for body in ("Ερώτηση 990", "Yanıt 10", "Ερώτηση 500"):
        await ayse.stars(chat[body])
    await ayse.adds_note("TICKET", ticketId=ticket, body="Adres doğrulandı.")
    await ayse.adds_note(
        "TICKET",
        ticketId=ticket,
        body="Kargoyu ara.",
        remindAt=in_days(1),
        remindWhomId=nikos.agent_id,
    )
    await ayse.writes_inline_note(ticket, "Sana geçiyor, kolay gelsin.")
    await ayse.transfers(ticket, assigneeId=nikos.agent_id)

    handover = await nikos.takes_over(ticket, since=seen.cursor)

    assert list(handover.favorites) == sorted(
        ("Ερώτηση 990", "Yanıt 10", "Ερώτηση 500"), key=list(chat).index
    )
    assert handover.reminders == ["Nikos: Kargoyu ara."]
    assert handover.notes == ["Adres doğrulandı.", "Kargoyu ara."]
    assert handover.discussion == ["Sana geçiyor, kolay gelsin."]
    assert handover.message_count == 2 * EACH - 1
    assert handover.last_messages == list(chat)[-3:]
    assert handover.changes == [
        "Ayşe changes status: NEW → OPEN",
        "Ayşe stars: Ερώτηση 990",
        "Ayşe stars: Yanıt 10",
        "Ayşe stars: Ερώτηση 500",
        "Ayşe changes assignee: - → Nikos",
    ]

    middle = list(chat).index("Ερώτηση 500")
    page = await nikos.reads_around(ticket, handover.favorites["Ερώτηση 500"])
    assert page == list(chat)[middle - 12 : middle + 13]

    await shop.brings(MARIA, "Orada mısınız?")
    screen = await nikos.opens_ticket(ticket, after=handover.cursor)
    await screen.shows("Μαρία Ιωάννου: Orada mısınız?")
    await nikos.answers(ticket, "Εδώ είμαι.")
    await nikos.takes_the_star_from(handover.favorites["Yanıt 10"])
    await screen.shows("Nikos: Εδώ είμαι.", "Nikos takes a star away (2)")
    assert (await nikos.takes_over(ticket, since=screen.cursor)).message_count == 0

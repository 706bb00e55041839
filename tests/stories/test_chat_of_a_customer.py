"""A customer's chat outlives a server.

Hande chats at the first server, and Nikos answers at the second; each sees at once what the other
writes. Then the first server crashes, just when she has sent something. Her page goes on at the
second from the last news it had, and sends once more what it knows no answer of. Nothing that was
written is missing anywhere, and nothing is there twice.
"""

from contextlib import AsyncExitStack

from tests.stories.agent import Agent
from tests.stories.installation import Installation
from tests.stories.visitor import begin_chat


async def test_the_chat_of_a_customer(
    nikos: Agent, installation: Installation, leaving: AsyncExitStack
) -> None:
    first, second = installation.first_server, installation.second_server
    hande = await begin_chat("Hande", first, installation.office.brand_id, leaving)
    page = await hande.opens_chat()
    desk = await nikos.opens_ticket(hande.ticket)

    await hande.writes("Param nerede?")
    await page.shows("Param nerede?")
    await desk.shows("Hande: Param nerede?")
    await nikos.answers(hande.ticket, "Bakıyorum.")
    await page.shows("Bakıyorum.")
    await desk.shows("Nikos: Bakıyorum.", "Nikos changes status: NEW → OPEN")
    seen = page.cursor
    await hande.writes("Sipariş 17.", key="order")

    with installation.first_server_down():
        await nikos.answers(hande.ticket, "İade edildi.")
        moved = hande.moves_to(second)
        await moved.writes("Sipariş 17.", key="order")
        page = await moved.opens_chat(after=seen)
        await page.shows("Sipariş 17.", "İade edildi.")
        await moved.writes("Teşekkürler!")
        await page.shows("Teşekkürler!")
    await desk.shows("Hande: Sipariş 17.", "Nikos: İade edildi.", "Hande: Teşekkürler!")

    page = await hande.opens_chat(after=page.cursor)
    await nikos.answers(hande.ticket, "Rica ederim.")
    await page.shows("Rica ederim.")
    assert await hande.reads_chat() == [
        "Param nerede?",
        "Bakıyorum.",
        "Sipariş 17.",
        "İade edildi.",
        "Teşekkürler!",
        "Rica ederim.",
    ]

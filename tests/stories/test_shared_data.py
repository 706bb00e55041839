"""The data that the customer gave once.

A customer says her order number in one of many messages, and Ayşe of Support stars it. She hands
the ticket to Deniz of Billing, who could not see it before: Deniz is told at once, and finds the
number without asking again. Support loses the ticket, and is told so on every open screen.
"""

from tests.stories.agent import Agent
from tests.stories.installation import Installation
from tests.stories.shop import Shop, Writer

SOFIA = Writer("Σοφία Νικολάου", "sofia@mail.example", "WHATSAPP")
NUMBER = "Ο αριθμός παραγγελίας είναι 4711-A."


async def test_the_data_that_the_customer_gave_once(
    ayse: Agent, nikos: Agent, deniz: Agent, shop: Shop, installation: Installation
) -> None:
    office = installation.office
    received = await shop.brings(SOFIA, "Καλημέρα", "1", "2", NUMBER, "4", "5", "6")
    ticket, number = received.ticket, received.messages[3]
    await ayse.transfers(ticket, teamId=office.support_id)
    assert not await deniz.sees(ticket)
    assert not await deniz.sees(number)
    screens = [await ayse.opens_ticket(ticket), await nikos.opens_ticket(ticket)]
    icons = [await ayse.opens_favorites(ticket), await nikos.opens_favorites(ticket)]
    for icon in icons:
        await icon.shows("no icon")
    notifications = await deniz.opens_notifications()

    await ayse.stars(number)
    for screen in screens:
        await screen.shows(f"Ayşe stars: {NUMBER} (1)")
    for icon in icons:
        await icon.shows(NUMBER)

    await ayse.transfers(
        ticket, teamId=office.billing_id, assigneeId=deniz.agent_id, comment="Fatura lazım."
    )
    await notifications.shows("ASSIGNED by Ayşe: Sipariş (1)")
    for screen in screens:
        await screen.ends("access lost")
    for icon in icons:
        await icon.ends()
    for agent in (ayse, nikos):
        assert not await agent.sees(ticket)
        assert not await agent.sees(number)
        assert (await agent.tries("favoriteRemove", itemId=number))["code"] == "NOT_FOUND"

    assert await deniz.favorite_items(ticket) == {NUMBER: number}
    assert await deniz.jumps_to(ticket, number) == ["1", "2", NUMBER, "4", "5"]
    screen = await deniz.opens_ticket(ticket)
    await deniz.answers(ticket, "Faturanız yolda: 4711-A.")
    await screen.shows("Deniz: Faturanız yolda: 4711-A.")

"""The company of customers.

Two people of one company have written, each for themselves, when Ayşe makes a company with their
e-mail domain: it gathers them, and with them whoever writes from there later. Its page shows the
tickets of all its people, and what she notes on it stands there for Nikos at once.
"""

from tests.stories.agent import Agent
from tests.stories.shop import Shop, Writer

ELIF = Writer("Elif Şahin", "elif@marmara.example")
KEREM = Writer("Kerem Aydın", "kerem@marmara.example")
ZEYNEP = Writer("Zeynep Kaya", "zeynep@marmara.example")
SOMEBODY = Writer("Somebody Else", "somebody@else.example")


async def test_the_company_of_customers(ayse: Agent, nikos: Agent, shop: Shop) -> None:
    for writer in (ELIF, KEREM, SOMEBODY):
        await shop.brings(writer, "Merhaba")

    company = await ayse.creates_company("Marmara Lojistik", "marmara.example")
    assert await nikos.reads_company(company) == {
        "people": ["Elif Şahin", "Kerem Aydın"],
        "tickets": ["Elif Şahin", "Kerem Aydın"],
        "notes": [],
    }

    screen = await nikos.opens_company(company)
    await ayse.adds_note("COMPANY", companyId=company, body="Faturalar merkeze gider.")
    await screen.shows("Ayşe notes: Faturalar merkeze gider.")
    await shop.brings(ZEYNEP, "Ben de oradan yazıyorum.")
    assert await nikos.reads_company(company) == {
        "people": ["Elif Şahin", "Kerem Aydın", "Zeynep Kaya"],
        "tickets": ["Elif Şahin", "Kerem Aydın", "Zeynep Kaya"],
        "notes": ["Faturalar merkeze gider."],
    }

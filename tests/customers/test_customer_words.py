"""When the words by which customers are found are written, and when not."""

import asyncio
from collections.abc import Iterable

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.text import is_spelled
from models.customers import CustomerTerm, SpellingVariant
from models.events import Event
from services import company_people
from services import search as search_service
from services.spelling import learn
from tests.support.companies import create as create_company
from tests.support.companies import update as update_company
from tests.support.customers import add_company, create, found, names, update
from tests.support.desk import World
from tests.support.jobs import do_jobs
from tests.support.statements import counted_writes

pytestmark = pytest.mark.both_databases


async def test_words_are_learnt_once_whoever_has_them(world: World) -> None:
    await create(world, "Elif Yılmaz")
    await create(world, "Ayla Yılmaz")

    async with world.desk.database.reading() as connection:
        terms = set((await connection.execute(select(CustomerTerm.term))).scalars())
        words = set((await connection.execute(select(SpellingVariant.word))).scalars())

    assert words == {term for term in terms if is_spelled(term)} == {"elif", "ayla", "yilmaz"}


async def test_two_who_are_called_as_the_others_company_do_not_wait_for_each_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def learn_slowly(session: AsyncSession, terms: Iterable[str]) -> None:
        await learn(session, terms)
        await asyncio.sleep(0.2)

    monkeypatch.setattr(search_service, "learn", learn_slowly)
    people = {
        "Aaron": await add_company(world, "Zorlu"),
        "Zorlu": await add_company(world, "Aaron"),
    }

    await asyncio.gather(
        *(create(world, name, companyId=company) for name, company in people.items())
    )

    assert await found(world, "zorlu") == await found(world, "aaron") == {"Aaron", "Zorlu"}


async def test_an_edit_of_what_nobody_searches_leaves_the_words_alone(world: World) -> None:
    customer = await create(world, "Elif", companyId=await add_company(world, "Yıldız"))

    async with counted_writes(world) as of_language:
        await update(world.ayse, customer, 1, language="tr")
    async with counted_writes(world) as of_phone:
        await update(world.ayse, customer, 2, phone="+905321234567")

    assert not [each for each in of_language if "customer_term" in each]
    assert len([each for each in of_phone if "customer_term" in each]) == 2


async def test_of_very_many_people_the_first_have_the_new_name_at_once_the_others_by_jobs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company_people, "PEOPLE_PER_ACT", 2)
    company = (await create_company(world, "Yıldız"))["company"]
    everybody = [f"P{number}" for number in range(5)]
    for name in everybody:
        await create(world, name, companyId=company["id"])

    await update_company(world, company, name="Güneş")
    assert await names(world.nikos, search="güneş") == everybody[:2]
    assert await names(world.nikos, search="yıldız") == everybody[2:]
    await update_company(world, {**company, "version": 2}, name="Deniz")
    await do_jobs(world)

    assert await names(world.nikos, search="deniz") == everybody
    assert await names(world.nikos, search="güneş") == []
    assert await names(world.nikos, search="yıldız") == []


async def test_lists_hear_again_of_a_new_name_once_all_are_found_by_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company_people, "PEOPLE_PER_ACT", 2)
    company = (await create_company(world, "Yıldız"))["company"]
    for number in range(3):
        await create(world, f"P{number}", companyId=company["id"])

    await update_company(world, company, name="Güneş")
    told_at_once = await renames_told(world)
    await do_jobs(world)

    told = {"before": "Yıldız", "after": "Güneş"}
    assert [told_at_once, await renames_told(world)] == [[told], [told, told]]


async def renames_told(world: World) -> list[dict[str, str]]:
    async with world.desk.database.reading() as connection:
        statement = select(Event.payload).where(Event.type == "CompanyRenamed").order_by(Event.seq)
        payloads = (await connection.execute(statement)).scalars().all()
    return [{key: payload[key] for key in ("before", "after")} for payload in payloads]

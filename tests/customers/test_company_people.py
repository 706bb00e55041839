"""Who belongs to a company by the domain of their e-mail address."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from models.channels import Channel
from models.events import Event
from services import company_people
from services.channel_profiles import Sender, hold_customer
from tests.support.companies import create, update
from tests.support.customers import create as add_customer
from tests.support.customers import customer_of
from tests.support.customers import update as edit_customer
from tests.support.desk import World
from tests.support.history import change, history
from tests.support.jobs import do_a_job, do_jobs
from tests.support.statements import counted_writes

pytestmark = pytest.mark.both_databases

PEOPLE = """
    query ($id: ID!) { company(id: $id) { customers(first: 100) { nodes { name } totalCount } } }
"""


async def people_of(world: World, company: dict[str, Any]) -> list[str]:
    customers = (await world.ayse.ask(PEOPLE, id=company["id"]))["company"]["customers"]
    assert customers["totalCount"] == len(customers["nodes"])
    return [node["name"] for node in customers["nodes"]]


async def test_who_is_known_joins_a_company_that_is_added_with_their_domain(world: World) -> None:
    for name, email in (
        ("Ada", "ada@kuzey.example"),
        ("Can", "Can@KUZEY.example"),
        ("Of a department", "eva@mail.kuzey.example"),
        ("Of a longer domain", "eva@kuzey.example.com"),
        ("Of another domain", "eva@guney.example"),
        ("With a word", "kuzey.example@guney.example"),
        ("Without address", None),
    ):
        await add_customer(world, name, email=email)
    await world.receive(handle="deniz@kuzey.example", name="Deniz")

    company = (await create(world, domains=["kuzey.example"]))["company"]

    assert await people_of(world, company) == ["Ada", "Can", "Deniz"]


async def test_a_domain_that_comes_later_brings_those_who_have_no_company(world: World) -> None:
    company = (await create(world, domains=["kuzey.example"]))["company"]
    other = (await create(world, "Güney"))["company"]
    await add_customer(world, "Ada", email="ada@new.example")
    said = await add_customer(world, "Can", email="can@new.example", companyId=other["id"])

    await update(world, company, domains=["kuzey.example", "new.example"])

    assert await people_of(world, company) == ["Ada"]
    assert await people_of(world, other) == ["Can"]
    assert await history(world, said["id"]) == [("CustomerCreated", [])]


async def test_who_joins_has_it_in_their_history_and_their_tickets_move(world: World) -> None:
    _message, ticket = await world.receive(handle="ada@kuzey.example", name="Ada")
    customer = await customer_of(world, ticket)
    company = (await create(world))["company"]
    before = await world.counts()

    await update(world, company, domains=["kuzey.example"])

    (*_, joined) = await history(world, customer)
    assert joined == ("CustomerChanged", [change("company", None, "Kuzey")])
    # Of the company, the customer, the lists of customers, and of the ticket in its inbox.
    assert (await world.counts())["event"] - before["event"] == 4


async def test_a_domain_that_goes_takes_nobody_along(world: World) -> None:
    company = (await create(world, domains=["kuzey.example"]))["company"]
    await add_customer(world, "Ada", email="ada@kuzey.example")
    before = await world.counts()

    await update(world, company, domains=[])
    south = (await create(world, "Güney", domains=["kuzey.example"]))["company"]

    assert await people_of(world, company) == ["Ada"]
    assert await people_of(world, south) == []
    assert (await world.counts())["event"] - before["event"] == 2  # of the companies themselves


async def test_a_new_address_brings_who_has_no_company_to_that_of_its_domain(world: World) -> None:
    company = (await create(world, domains=["kuzey.example"]))["company"]
    other = (await create(world, "Güney"))["company"]["id"]
    changes: dict[str, dict[str, Any]] = {
        "Ada": {"email": "ada@kuzey.example"},
        "Can": {"email": "can@kuzey.example", "companyId": None},
        "Eva": {"email": "eva@kuzey.example", "companyId": other},
        "Nil": {"email": "nil@elsewhere.example"},
    }
    ids = {}
    for name, fields in changes.items():
        ids[name] = await add_customer(world, name)
        await edit_customer(world.ayse, ids[name], 1, **fields)
    await edit_customer(world.ayse, ids["Can"], 2, phone="+905321234567")

    assert await people_of(world, company) == ["Ada"]
    ((_event, fields_of_ada),) = (await history(world, ids["Ada"]["id"]))[1:]
    assert [each["field"] for each in fields_of_ada] == ["email", "company"]


async def test_who_was_taken_out_of_a_company_meanwhile_stays_out(world: World) -> None:
    company = (await create(world, domains=["kuzey.example"]))["company"]
    ada = await add_customer(world, "Ada", companyId=company["id"])
    await edit_customer(world.nikos, ada, 1, companyId=None)

    result = await edit_customer(world.ayse, ada, 1, email="ada@kuzey.example")

    assert result["mergedFields"] == ["company"]
    assert await people_of(world, company) == []


@pytest.mark.parametrize("written", ["MÜNICH.example", "xn--mnich-kva.example"])
@pytest.mark.parametrize("domain", ["münich.example", "XN--mnich-kva.example"])
async def test_a_domain_is_the_same_in_unicode_and_in_punycode(
    world: World, domain: str, written: str
) -> None:
    await take_mail(world, f"early@{written}")

    company = (await create(world, domains=[domain]))["company"]
    await take_mail(world, f"later@{written}")

    assert company["domains"] == ["münich.example"]
    assert await people_of(world, company) == [f"early@{written}", f"later@{written}"]


@pytest.mark.parametrize("domain", ["l·l.cat", "उदाहरण.भारत", "१२३.இந்தியா"])
async def test_a_domain_that_is_no_single_word_brings_its_people_as_well(
    world: World, domain: str
) -> None:
    await add_customer(world, "Known", email=f"eva@{domain}")
    await add_customer(world, "Of another domain", email=f"eva@x{domain}")
    await add_customer(world, f"{domain} {domain}", email="eva@kuzey.example")

    company = (await create(world, domains=[domain]))["company"]
    await take_mail(world, f"later@{domain}")

    assert await people_of(world, company) == ["Known", f"later@{domain}"]


async def take_mail(world: World, address: str) -> None:
    """Take in a mail as it came, from an address that nobody has tidied up."""
    async with world.work() as work:
        await hold_customer(work, Sender(Channel.EMAIL, address))


async def test_letters_that_merely_look_alike_are_other_domains(world: World) -> None:
    for domain in ("straße.example", "ısparta.example", "οδός.example"):
        await add_customer(world, domain, email=f"a@{domain}")

    company = (await create(world, domains=["strasse.example", "isparta.example", "οδοσ.example"]))[
        "company"
    ]

    assert await people_of(world, company) == []


@pytest.mark.parametrize(
    "domain", ["gmail.com", "Hotmail.COM", "yahoo.com.tr", "yahoo.gr", "mynet.com", "otenet.gr"]
)
async def test_a_provider_of_mail_for_everybody_is_nobodys_domain(
    world: World, domain: str
) -> None:
    company = (await create(world))["company"]
    before = await world.counts()

    added = await create(world, "Güney", domains=["guney.example", domain])
    edited = await update(world, company, domains=[domain])

    refused = {"code": "PUBLIC_MAIL_DOMAIN"}
    assert added["fields"] == [
        {**refused, "path": ["input", "domains", "1"], "limit": None, "actual": None}
    ]
    assert edited["fields"] == [{**refused, "path": ["input", "domains", "0"]}]
    assert await world.counts() == before


@pytest.mark.parametrize("domain", ["yahoo.kuzey.example", "mygmail.com", "live.example"])
async def test_a_domain_that_resembles_a_provider_is_a_companys(world: World, domain: str) -> None:
    assert (await create(world, domains=[domain]))["company"]["domains"] == [domain]


async def test_nobody_is_lost_who_becomes_a_customer_while_a_company_is_added(world: World) -> None:
    for number in range(6):
        domain = f"k{number}.example"
        added, *_ = await asyncio.gather(
            create(world, f"K{number}", domains=[domain]),
            add_customer(world, "Ada", email=f"ada@{domain}"),
            world.receive(handle=f"can@{domain}", name="Can"),
        )
        assert await people_of(world, added["company"]) == ["Ada", "Can"]


async def test_a_company_and_its_people_can_be_edited_at_once(world: World) -> None:
    company = (await create(world))["company"]
    people = [await add_customer(world, f"P{n}", email=f"p{n}@kuzey.example") for n in range(4)]

    given = {"companyId": company["id"], "phone": "+905321234567"}
    _added, *edits = await asyncio.gather(
        update(world, company, domains=["kuzey.example"]),
        *(edit_customer(world.ayse, one, 1, **given) for one in people),
        *(edit_customer(world.nikos, one, 1, name=f"{one['name']}!") for one in people),
    )

    assert {edit["__typename"] for edit in edits} == {"CustomerUpdateSuccess"}
    assert await people_of(world, company) == ["P0!", "P1!", "P2!", "P3!"]


async def test_of_very_many_the_first_join_at_once_and_the_others_by_jobs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company_people, "PEOPLE_PER_ACT", 2)
    for number in range(5):
        await add_customer(world, f"P{number}", email=f"p{number}@kuzey.example")

    company = (await create(world, domains=["kuzey.example"]))["company"]
    assert await people_of(world, company) == ["P0", "P1"]
    await do_jobs(world)

    assert await people_of(world, company) == ["P0", "P1", "P2", "P3", "P4"]
    assert (await world.counts())["job"] == 2
    async with world.desk.database.reading() as connection:
        joined = select(Event.actor_id).where(Event.type == "CustomerChanged")
        actors = (await connection.execute(joined)).scalars().all()
    assert actors == [world.agents["ayse"].id] * 5


async def test_of_people_with_very_many_tickets_fewer_join_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company_people, "TICKETS_PER_ACT", 2)
    for number, tickets in enumerate((1, 0, 2, 1, 0)):
        await add_customer(world, f"P{number}", email=f"p{number}@kuzey.example")
        for ticket in range(tickets):
            await world.receive(handle=f"p{number}@kuzey.example", subject=f"About {ticket}")
    before = (await world.counts())["event"]

    company = (await create(world, domains=["kuzey.example"]))["company"]
    steps = [await people_of(world, company)]
    while await do_a_job(world):
        steps.append(await people_of(world, company))

    everybody = [f"P{number}" for number in range(5)]
    assert steps == [everybody[:2], everybody[:3], everybody]
    # The company's, of each who joins one of their own and one of the lists, and of each ticket.
    assert (await world.counts())["event"] - before == 1 + 5 * 2 + 4


async def test_more_people_who_join_need_no_more_statements(world: World) -> None:
    for domain, people in (("some.example", 2), ("many.example", 6)):
        for number in range(people):
            await world.receive(handle=f"p{number}@{domain}", name=f"P{number}")

    async with counted_writes(world) as some:
        await create(world, "Some", domains=["some.example"])
    async with counted_writes(world) as many:
        await create(world, "Many", domains=["many.example"])

    assert len(some) == len(many)


async def test_a_domain_that_nobody_has_costs_one_look(world: World) -> None:
    async with counted_writes(world) as without:
        await create(world, "Without")
    async with counted_writes(world) as with_domain:
        await create(world, "With", domains=["kuzey.example"])

    # Beside that one, the domain is written within a savepoint of its own.
    assert len(with_domain) - len(without) == 1 + 3


async def test_who_would_join_by_a_job_does_not_once_the_domain_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company_people, "PEOPLE_PER_ACT", 1)
    for number in range(3):
        await add_customer(world, f"P{number}", email=f"p{number}@kuzey.example")
    company = (await create(world, domains=["kuzey.example"]))["company"]
    await update(world, company, domains=[])

    await do_jobs(world)

    assert await people_of(world, company) == ["P0"]

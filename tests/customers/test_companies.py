"""Companies, and by which e-mail domains their people are known."""

import asyncio

import pytest

from core.ids import decode_global_id
from models.notes import NoteKind
from models.viewers import ApiScope
from services import customers, notes
from services.customers import NewCustomer
from services.notes import NewNote
from tests.support.companies import CREATE, create, update
from tests.support.desk import World
from tests.support.history import change, history, unlike

ONE = """
    query ($id: ID!) {
      company(id: $id) {
        name
        customers { totalCount nodes { name } }
        tickets { totalCount nodes { title } }
        notes { totalCount nodes { body } }
      }
    }
"""
LIST = """
    query ($search: String, $first: Int) {
      companies(search: $search, first: $first) {
        totalCount
        nodes {
          name domains
          customers(first: 2) { nodes { name } }
          tickets(first: 2) { nodes { title } }
          notes(first: 2) { nodes { body } }
        }
      }
    }
"""


async def write_note(world: World, company: str, body: str) -> None:
    _kind, row_id = decode_global_id(company)
    async with world.work("ayse") as work:
        viewer = await world.viewer("ayse")
        await notes.add(work, viewer, NewNote(NoteKind.COMPANY, row_id, body))


async def test_an_agent_adds_a_company_with_its_domains(world: World) -> None:
    result = await create(
        world, "Kuzey A.Ş.", domains=["Kuzey.EXAMPLE", "xn--mnich-kva.example", "kuzey.example"]
    )

    company = result["company"]
    assert company == {
        "id": company["id"],
        "version": 1,
        "name": "Kuzey A.Ş.",
        "domains": ["kuzey.example", "münich.example"],
    }
    assert await history(world, company["id"]) == [("CompanyCreated", [])]


async def test_customers_who_write_from_a_domain_belong_to_its_company(world: World) -> None:
    company = (await create(world, domains=["MÜNICH.example"]))["company"]

    await world.receive(handle="eva@xn--mnich-kva.example", name="Eva", subject="Hallo")

    assert await world.ayse.ask(ONE, id=company["id"]) == {
        "company": {
            "name": "Kuzey",
            "customers": {"totalCount": 1, "nodes": [{"name": "Eva"}]},
            "tickets": {"totalCount": 1, "nodes": [{"title": "Hallo"}]},
            "notes": {"totalCount": 0, "nodes": []},
        }
    }


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("", "REQUIRED"),
        ("no spaces.example", "INVALID_FORMAT"),
        ("localhost", "INVALID_FORMAT"),
        ("eva@kuzey.example", "INVALID_FORMAT"),
        ("kuzey..example", "INVALID_FORMAT"),
        ("[127.0.0.1]", "INVALID_FORMAT"),
        (f"{'k' * 64}.example", "INVALID_FORMAT"),
        ("-kuzey.example", "INVALID_FORMAT"),
    ],
)
async def test_what_is_no_domain_is_named_by_its_place(
    world: World, domain: str, code: str
) -> None:
    before = await world.counts()

    result = await create(world, domains=["kuzey.example", domain])

    assert [(field["path"], field["code"]) for field in result["fields"]] == [
        (["input", "domains", "1"], code)
    ]
    assert await world.counts() == before


async def test_names_and_domains_have_their_limits(world: World) -> None:
    fits = await create(world, "ş" * 199 + "🦉")
    before = await world.counts()

    too_long = await create(world, "ş" * 200 + "🦉", domains=[f"{'k.' * 124}example"])
    too_many = await create(world, domains=[f"k{number}.example" for number in range(101)])

    assert fits["company"]["name"] == "ş" * 199 + "🦉"
    assert too_long["fields"] == [
        {"path": ["input", "name"], "code": "TOO_LONG", "limit": 200, "actual": 201},
        {"path": ["input", "domains", "0"], "code": "TOO_LONG", "limit": 253, "actual": 255},
    ]
    assert too_many == {"__typename": "LimitReached", "limit": 100}
    assert await world.counts() == before


async def test_a_name_is_taken_whatever_its_case_and_accents(world: World) -> None:
    await create(world, "Παραγγελία ΑΕ")
    before = await world.counts()

    result = await create(world, "παραγγελια αε")

    assert result == {"__typename": "AlreadyExists", "existing": {"name": "Παραγγελία ΑΕ"}}
    assert await world.counts() == before


async def test_a_domain_belongs_to_one_company(world: World) -> None:
    await create(world, domains=["kuzey.example"])
    south = (await create(world, "Güney"))["company"]
    before = await world.counts()

    added = await create(world, "Doğu", domains=["dogu.example", "KUZEY.example"])
    edited = await update(world, south, domains=["guney.example", "kuzey.example"])

    assert added == edited == {"__typename": "AlreadyExists", "existing": {"name": "Kuzey"}}
    assert await world.counts() == before
    assert (await world.ayse.act(LIST, search="Güney"))["nodes"][0]["domains"] == []


async def test_of_two_companies_that_want_a_domain_at_once_one_gets_it(world: World) -> None:
    results = await asyncio.gather(
        *(create(world, f"Kuzey {number}", domains=["kuzey.example"]) for number in range(3))
    )

    kinds = sorted(result["__typename"] for result in results)
    assert kinds == ["AlreadyExists", "AlreadyExists", "CompanyCreateSuccess"]
    assert (await world.ayse.act(LIST))["totalCount"] == 1


async def test_the_same_key_adds_one_company(world: World) -> None:
    first = await create(world, domains=["kuzey.example"], idempotencyKey="k")
    before = await world.counts()

    assert await create(world, domains=["kuzey.example"], idempotencyKey="k") == first
    assert await create(world, idempotencyKey="k") == {"__typename": "IdempotencyKeyReused"}
    assert await world.counts() == before


async def test_domains_are_replaced_whole(world: World) -> None:
    company = (await create(world, domains=["a.example", "b.example"]))["company"]

    result = await update(world, company, domains=["c.example", "b.example"])
    cleared = await update(world, {**company, "version": 2}, domains=None)

    assert result["company"] == {
        "version": 2,
        "name": "Kuzey",
        "domains": ["b.example", "c.example"],
    }
    assert cleared["company"]["domains"] == []
    assert (await history(world, company["id"]))[1:] == [
        ("CompanyChanged", [change("domains", "a.example, b.example", "b.example, c.example")]),
        ("CompanyChanged", [change("domains", "b.example, c.example", "")]),
    ]


async def test_a_freed_domain_can_be_taken_by_another(world: World) -> None:
    company = (await create(world, domains=["a.example"]))["company"]
    await update(world, company, domains=[])

    result = await create(world, "Güney", domains=["a.example"])

    assert result["company"]["domains"] == ["a.example"]


async def test_the_same_values_again_are_no_change_and_no_event(world: World) -> None:
    company = (await create(world, domains=["a.example", "b.example"]))["company"]
    before = await world.counts()

    result = await update(world, company, name=" Kuzey ", domains=["B.example", "a.example"])

    assert result["company"]["version"] == 1
    assert await world.counts() == before


async def test_edits_are_merged_or_refused(world: World) -> None:
    company = (await create(world, domains=["a.example"]))["company"]
    await update(world, company, domains=["b.example"])

    merged = await update(world, company, name="Kuzey A.Ş.")
    before = await world.counts()
    conflict = await update(world, company, name="Kuzey Ltd.", domains=["c.example"])

    assert merged == {
        "__typename": "CompanyUpdateSuccess",
        "company": {"version": 3, "name": "Kuzey A.Ş.", "domains": ["b.example"]},
        "mergedFields": ["domains"],
    }
    assert conflict == {
        "__typename": "EditConflict",
        "fields": [
            {"field": "name", "base": "Kuzey", "theirs": "Kuzey A.Ş.", "yours": "Kuzey Ltd."},
            {
                "field": "domains",
                "base": "a.example",
                "theirs": "b.example",
                "yours": "c.example",
            },
        ],
        "current": {"name": "Kuzey A.Ş.", "domains": ["b.example"]},
    }
    assert await world.counts() == before


async def test_a_company_cannot_take_the_name_of_another(world: World) -> None:
    await create(world, "ISTANBUL")
    company = (await create(world))["company"]

    result = await update(world, company, name="ıstanbul")

    assert result == {"__typename": "AlreadyExists", "existing": {"name": "ISTANBUL"}}


async def test_of_two_companies_renamed_alike_at_once_one_keeps_the_name(world: World) -> None:
    companies = [(await create(world, f"K{number}"))["company"] for number in range(3)]

    results = await asyncio.gather(*(update(world, company, name="Kuzey") for company in companies))

    kinds = sorted(result["__typename"] for result in results)
    assert kinds == ["AlreadyExists", "AlreadyExists", "CompanyUpdateSuccess"]
    assert [len(await history(world, company["id"])) for company in companies].count(2) == 1


async def test_integrations_need_the_scope_of_customers(world: World) -> None:
    reader = await world.integration(ApiScope.CUSTOMERS_READ, brands=[world.acme])
    writer = await world.integration(ApiScope.CUSTOMERS_WRITE, brands=[world.acme])

    refused = await create(world, by=reader)
    made = await create(world, by=writer)
    hidden = await create(world, by=writer)

    assert refused == {"__typename": "NotAllowed"}
    assert made["company"]["name"] == "Kuzey"
    assert hidden == {"__typename": "AlreadyExists", "existing": None}
    assert (await reader.act(LIST))["totalCount"] == 1
    assert (await writer.act(LIST))["totalCount"] == 0


async def test_unknown_companies_and_strangers_get_nothing(world: World) -> None:
    company = (await create(world))["company"]

    unknown = await update(world, {**company, "id": unlike(company["id"])}, name="x")
    wrong = await update(world, {**company, "id": world.id_of("ayse")}, name="x")
    stranger = await world.nobody.send(CREATE, input={"name": "x"})

    assert unknown == {"__typename": "NotFound"}
    assert wrong["fields"] == [{"path": ["input", "companyId"], "code": "INVALID_ID"}]
    assert stranger.error["extensions"]["code"] == "UNAUTHENTICATED"
    assert await world.ayse.ask(ONE, id=unlike(company["id"])) == {"company": None}
    assert (await world.nobody.send(ONE, id=company["id"])).error["extensions"]["code"] == (
        "UNAUTHENTICATED"
    )


async def test_a_company_shows_only_the_tickets_that_the_viewer_sees(world: World) -> None:
    company = (await create(world, domains=["kuzey.example"]))["company"]
    await world.receive(handle="eva@kuzey.example", name="Eva", subject="Mine")
    await world.receive(handle="can@kuzey.example", name="Can", subject="Theirs", brand=world.other)

    mine = (await world.ayse.ask(ONE, id=company["id"]))["company"]
    all_of_it = (await world.admin.ask(ONE, id=company["id"]))["company"]

    assert mine["tickets"] == {"totalCount": 1, "nodes": [{"title": "Mine"}]}
    assert all_of_it["tickets"] == {
        "totalCount": 2,
        "nodes": [{"title": "Theirs"}, {"title": "Mine"}],
    }
    assert mine["customers"]["nodes"] == [{"name": "Can"}, {"name": "Eva"}]


async def test_notes_on_a_company_are_for_those_who_may_read_notes(world: World) -> None:
    company = (await create(world))["company"]
    await write_note(world, company["id"], "Pays late")
    await write_note(world, company["id"], "Pays now")
    reader = await world.integration(ApiScope.CUSTOMERS_READ, brands=[world.acme])

    for_agents = (await world.ayse.ask(ONE, id=company["id"]))["company"]["notes"]
    for_reader = (await reader.ask(ONE, id=company["id"]))["company"]["notes"]

    assert for_agents == {"totalCount": 2, "nodes": [{"body": "Pays now"}, {"body": "Pays late"}]}
    assert for_reader == {"totalCount": 0, "nodes": []}


async def test_companies_are_found_by_the_beginnings_of_their_words(world: World) -> None:
    for name in ("Işık Tekstil", "İstanbul Gıda", "Ελληνικά Ταχυδρομεία"):
        await create(world, name)

    async def found(search: str) -> list[str]:
        return [node["name"] for node in (await world.ayse.act(LIST, search=search))["nodes"]]

    assert await found("ISIK") == ["Işık Tekstil"]
    assert await found("gid ist") == ["İstanbul Gıda"]
    assert await found("ταχ") == ["Ελληνικά Ταχυδρομεία"]
    assert await found("stil") == []


async def test_a_search_of_201_characters_is_refused(world: World) -> None:
    answer = await world.ayse.send(LIST, search="x" * 201)

    assert answer.error["extensions"]["fields"] == [
        {"path": ["search"], "code": "TOO_LONG", "limit": 200, "actual": 201}
    ]


async def test_more_companies_need_no_more_statements(world: World) -> None:
    async def fill(number: int) -> None:
        domain = f"k{number}.example"
        company = (await create(world, f"K{number}", domains=[domain]))["company"]
        await world.receive(handle=f"a@{domain}", name="A", subject=f"T{number}")
        await write_note(world, company["id"], "Note")
        async with world.work() as work:
            await customers.create(
                work, await world.viewer("admin"), NewCustomer("B", email=f"b@{domain}")
            )

    await fill(0)
    async with world.counted_statements() as few:
        await world.ayse.ask(LIST)
    for number in range(1, 4):
        await fill(number)

    async with world.counted_statements() as many:
        page = await world.ayse.ask(LIST)

    assert [len(node["customers"]["nodes"]) for node in page["companies"]["nodes"]] == [2] * 4
    assert len(many) == len(few)

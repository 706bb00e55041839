"""Finding customers by what an agent knows of them, and by what they mistype."""

import pytest
from sqlalchemy import text

from app import migrations
from models.channels import Channel
from tests.support.companies import create as create_company
from tests.support.companies import update as update_company
from tests.support.customers import LIST, add_company, create, found, update
from tests.support.desk import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
async def people(world: World) -> World:
    """Customers of whom a search should find one or a few, not all."""
    await create(world, "Işıl Şahin", email="isil.sahin+shop@acme.example", phone="+905321234567")
    await create(world, "İlker Yılmaz", email="ilker@yilmaz.example", phone="+905339876543")
    await create(world, "Γιώργος Παπαδόπουλος", email="g.papas@acme.example", phone="+306941112233")
    await create(world, "Ελένη Παπαδοπούλου", phone="+302101234000")
    return world


# Names


@pytest.mark.parametrize(
    ("searches", "who"),
    [
        (("Işıl", "ISIL", "ısıl", "isil", "İŞİL", "ışı", "IŞIL ŞAHİN", "sahin isil"), "Işıl Şahin"),
        (("İlker", "ILKER", "ilker", "ılker", "İLKER YILMAZ", "yılm ilk"), "İlker Yılmaz"),
        (
            ("Γιώργος", "ΓΙΩΡΓΟΣ", "γιωργος", "γιώργοσ", "παπαδόπουλος γι", "ΠΑΠΑΔΟΠΟΥΛΟΣ"),
            "Γιώργος Παπαδόπουλος",
        ),
        (("Ελένη", "ΕΛΕΝΗ", "ελενη παπα", "παπαδοπούλου"), "Ελένη Παπαδοπούλου"),
    ],
)
async def test_a_name_is_found_whatever_its_case_and_accents(
    people: World, searches: tuple[str, ...], who: str
) -> None:
    for search in searches:
        assert await found(people, search) == {who}, search


async def test_a_name_is_found_as_it_is_written_and_not_by_a_stem_it_shares(world: World) -> None:
    for name in ("Ayşe Kaya", "Aysun Kaya", "Muhammed Er", "Muhammet Er"):
        await create(world, name)

    assert await found(world, "ayşe") == {"Ayşe Kaya"}
    assert await found(world, "muhammed") == {"Muhammed Er"}
    assert await found(world, "muham") == {"Muhammed Er", "Muhammet Er"}


async def test_one_letter_finds_all_who_have_a_word_that_begins_with_it(people: World) -> None:
    assert await found(people, "ş") == {"Işıl Şahin"}
    assert await found(people, "ı") == {"Işıl Şahin", "İlker Yılmaz"}
    assert await found(people, "Π") == {"Γιώργος Παπαδόπουλος", "Ελένη Παπαδοπούλου"}


# Addresses


async def test_an_address_is_found_whole_by_its_parts_and_by_its_domain(people: World) -> None:
    for search in (
        "isil.sahin+shop@acme.example",
        "ISIL.SAHIN+SHOP@ACME.EXAMPLE",
        "<isil.sahin+shop@acme.example>",
        "isil.sahin",
        "isil.sahin+shop@",
    ):
        assert await found(people, search) == {"Işıl Şahin"}, search
    for search in ("@acme.example", "acme.example", "@acme", "ACME"):
        assert await found(people, search) == {"Işıl Şahin", "Γιώργος Παπαδόπουλος"}, search
    assert await found(people, "somebody@acme.example") == set()


async def test_a_changed_address_and_number_are_found_and_the_old_ones_no_longer(
    world: World,
) -> None:
    customer = await create(world, "Elif", email="old@before.example", phone="+905321234567")

    await update(world.ayse, customer, 1, email="new@after.example", phone="+905330000001")

    for search in ("new@after.example", "after.example", "0533 000 00 01", "0001"):
        assert await found(world, search) == {"Elif"}, search
    for search in ("old@before.example", "before.example", "0532 123 45 67", "4567"):
        assert await found(world, search) == set(), search


# Numbers


@pytest.mark.parametrize(
    ("searches", "who"),
    [
        (
            (
                *("+90 532 123 45 67", "+905321234567", "00905321234567", "0532 123 45 67"),
                *("532 123 45 67", "(532) 123-4567", "0532", "0532 12", "532", "+90 532 12"),
                *("1234567", "123 45 67", "34567", "45 67", "4567"),
            ),
            "Işıl Şahin",
        ),
        (
            ("+30 694 111 2233", "694 111 2233", "6941112233", "1112233", "2233", "+306941"),
            "Γιώργος Παπαδόπουλος",
        ),
        (("210 1234000", "2101234000", "+30 210 123", "4000"), "Ελένη Παπαδοπούλου"),
    ],
)
async def test_a_number_is_found_however_it_is_written_and_by_either_end(
    people: World, searches: tuple[str, ...], who: str
) -> None:
    for search in searches:
        assert await found(people, search) == {who}, search


async def test_a_name_and_the_end_of_a_number_go_together(people: World) -> None:
    assert await found(people, "şahin 4567") == {"Işıl Şahin"}
    assert await found(people, "yılmaz 4567") == set()


async def test_the_middle_of_a_number_and_its_last_three_digits_find_nobody(people: World) -> None:
    assert await found(people, "2345") == set()
    assert await found(people, "567") == set()


# Handles


@pytest.mark.parametrize(
    ("channel", "handle", "searches"),
    [
        (Channel.TELEGRAM, "@Isil_Sahin", ("@Isil_Sahin", "isil_sahin", "@ISIL_S", "ışıl_şahin")),
        (Channel.INSTAGRAM, "isil.sahin", ("@isil.sahin", "isil.sahin", "ISIL.SAHIN", "isil.s")),
        (Channel.FACEBOOK, "100012345678901", ("100012345678901", "1000123", "8901")),
        (Channel.WHATSAPP, "+905321234567", ("+90 532 123 45 67", "4567")),
        (Channel.VIBER, "+306941112233", ("694 111 2233", "2233")),
        (Channel.SKYPE, "live:isil.sahin_1", ("live:isil.sahin_1", "isil.sahin_1", "live:isil")),
        (Channel.SLACK, "U02AB3CDE", ("U02AB3CDE", "@u02ab3", "u02")),
        (Channel.LINE, "U4af4980629", ("u4af4980629", "@U4AF49")),
        (Channel.LIVE_CHAT, "visitor-a1b2c3", ("visitor-a1b2c3", "visitora1b2c3", "a1b2c3")),
        (Channel.EMAIL, "isil@acme.example", ("isil@acme.example", "@acme.example")),
    ],
)
async def test_a_handle_of_any_channel_is_found_however_it_is_written(
    world: World, channel: Channel, handle: str, searches: tuple[str, ...]
) -> None:
    await world.receive(channel=channel, handle=handle, name="Someone")
    await create(world, "Somebody Else", email="else@other.example", phone="+302105555555")

    for search in searches:
        assert await found(world, search) == {"Someone"}, search


# Companies


async def test_customers_are_found_by_their_company_whatever_signs_its_name_has(
    world: World,
) -> None:
    for name, company in (
        ("Elif", "Yıldız-Tekstil A.Ş."),
        ("Νίκος", "Αφοί Παπαδόπουλοι Ο.Ε."),
        ("Zoë", "“Harbour” & Daughters (Galway)"),
    ):
        await create(world, name, companyId=await add_company(world, company))

    for search in ("YILDIZ", "tekstil", "Yıldız-Tekstil A.Ş.", "yildiz tekstil as", "elif teks"):
        expected = {"Elif"} if search != "yildiz tekstil as" else set()
        assert await found(world, search) == expected, search
    for search in ("αφοι", "ΠΑΠΑΔΟΠΟΥΛΟΙ", "Αφοί Παπαδόπουλοι Ο.Ε.", "νικος παπαδ"):
        assert await found(world, search) == {"Νίκος"}, search
    for search in ("harbour", "daughters galway", "Harbour & Daughters"):
        assert await found(world, search) == {"Zoë"}, search


async def test_a_renamed_company_is_found_by_its_new_name_only(world: World) -> None:
    company = (await create_company(world, "Yıldız Tekstil"))["company"]
    await create(world, "Elif", companyId=company["id"])
    assert await found(world, "yıldız") == {"Elif"}

    await update_company(world, company, name="Güneş Tekstil")

    assert await found(world, "güneş") == {"Elif"}
    assert await found(world, "tekstil") == {"Elif"}
    assert await found(world, "yıldız") == set()


# What nobody types, and everybody might


@pytest.mark.parametrize(
    "search",
    [
        *("%", "_", "' OR 1=1 --", "\\", "*", "?!", "@", "+", "<", "🌸", "\U0010ffff"),
        *("x" * 200, "qş " * 66, "@" * 200, "7" * 200, "<7654"),
    ],
)
async def test_signs_wildcards_and_nonsense_find_nobody(people: World, search: str) -> None:
    assert await found(people, search) == set()


async def test_a_character_that_no_text_has_is_as_if_it_were_not_there(people: World) -> None:
    assert await found(people, "Işı\0l") == {"Işıl Şahin"}


async def test_flowers_in_a_name_do_not_hide_it(world: World) -> None:
    await create(world, "🌸 Elif ✨ Şahin 🌸")

    for search in ("elif", "🌸 elif", "Elif Şahin"):
        assert await found(world, search) == {"🌸 Elif ✨ Şahin 🌸"}, search


# Mistyped words


@pytest.mark.parametrize(
    ("search", "who"),
    [
        ("Şaihn", "Işıl Şahin"),
        ("sahn", "Işıl Şahin"),
        ("sahinn", "Işıl Şahin"),
        ("dahin", "Işıl Şahin"),
        ("YILMZA", "İlker Yılmaz"),
        ("ilkar yılmza", "İlker Yılmaz"),
        ("Γιόργος", "Γιώργος Παπαδόπουλος"),
        ("παπαδοπολος", "Γιώργος Παπαδόπουλος"),
        ("Ελλένη", "Ελένη Παπαδοπούλου"),
        ("yılmza 6543", "İlker Yılmaz"),
    ],
)
async def test_who_is_mistyped_is_found_where_nobody_is_called_so(
    people: World, search: str, who: str
) -> None:
    assert await found(people, search) == {who}


async def test_a_mistyped_company_finds_its_people(world: World) -> None:
    company = await add_company(world, "Yıldız Tekstil")
    await create(world, "Elif", companyId=company)

    assert await found(world, "teksitl") == {"Elif"}
    assert await found(world, "elif yıldzı") == {"Elif"}


async def test_another_inflection_is_found_where_nobody_is_called_so(world: World) -> None:
    await create(world, "Γιώργος Παπαδόπουλος")

    assert await found(world, "Παπαδοπούλου") == {"Γιώργος Παπαδόπουλος"}
    await create(world, "Ελένη Παπαδοπούλου")
    assert await found(world, "Παπαδοπούλου") == {"Ελένη Παπαδοπούλου"}


async def test_nothing_is_guessed_while_somebody_is_called_as_it_is_typed(world: World) -> None:
    for name in ("Aylin Demir", "Aylan Demir", "Aylin Demirci"):
        await create(world, name)

    assert await found(world, "aylin") == {"Aylin Demir", "Aylin Demirci"}
    assert await found(world, "aylen") == {"Aylin Demir", "Aylan Demir", "Aylin Demirci"}


async def test_short_words_numbers_and_addresses_are_not_guessed(people: World) -> None:
    await create(people, "Can Er", email="can@er.example", phone="+905551112233")

    for search in ("cam", "+90 555 111 22 34", "2234", "cam@er.example", "isil.sahin@acme.example"):
        assert await found(people, search) == set(), search


async def test_a_filter_holds_for_what_is_guessed(world: World) -> None:
    company = await add_company(world, "Alpha")
    await create(world, "Elif Yılmaz", companyId=company)
    await create(world, "Ayla Yılmaz", email="ayla@example.com")

    assert await found(world, "yılmza", filter={"companyId": company}) == {"Elif Yılmaz"}
    assert await found(world, "yılmza", filter={"hasEmail": True}) == {"Ayla Yılmaz"}
    # Nobody of the company is called Ayla, so there it may be a slip.
    assert await found(world, "ayla", filter={"companyId": company}) == set()


async def test_pages_of_what_is_guessed_go_on_where_they_ended(world: World) -> None:
    expected = [f"Yılmaz {letter}" for letter in "ABCDEFG"]
    for name in expected:
        await create(world, name)

    pages, after = [], None
    while True:
        page = (await world.ayse.ask(LIST, search="yimlaz", first=3, after=after))["customers"]
        assert page["totalCount"] == 7
        pages.append([node["name"] for node in page["nodes"]])
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]

    assert pages == [expected[:3], expected[3:6], expected[6:]]


async def test_a_page_beyond_the_last_that_is_right_does_not_begin_to_guess(world: World) -> None:
    await create(world, "Aylin")
    await create(world, "Aylan")
    first = (await world.ayse.ask(LIST, search="aylan", first=1))["customers"]

    beyond = await world.ayse.ask(LIST, search="aylan", after=first["pageInfo"]["endCursor"])

    assert [node["name"] for node in first["nodes"]] == ["Aylan"]
    assert beyond["customers"] == {
        "totalCount": 1,
        "nodes": [],
        "pageInfo": {"hasNextPage": False, "endCursor": None},
    }


# Tickets


async def test_tickets_are_found_by_their_number_and_not_by_the_end_of_a_phone_number(
    world: World,
) -> None:
    await world.receive(channel=Channel.WHATSAPP, handle="+905321234567", name="Elif")
    document = "query ($search: String) { tickets(search: $search) { totalCount } }"

    for search, count in (("0532 123 45 67", 1), ("elif", 1), ("4567", 0)):
        answer = await world.ayse.ask(document, search=search)
        assert answer["tickets"]["totalCount"] == count, search


# Those who were there before


async def test_the_migration_makes_known_customers_findable_in_all_ways(world: World) -> None:
    company = await add_company(world, "Yıldız Tekstil")
    await create(world, "Elif Yılmaz", phone="+905321234567", companyId=company)
    await world.receive(channel=Channel.INSTAGRAM, handle="ayla.kaya", name="Ayla")
    searches = {"4567": {"Elif Yılmaz"}, "tekstil": {"Elif Yılmaz"}, "yılmza": {"Elif Yılmaz"}}
    searches["@ayla.kaya"] = {"Ayla"}

    await migrations.downgrade(world.desk.database, "0006")
    async with world.desk.database.transaction() as session:
        # No release before wrote these.
        await session.execute(text("DELETE FROM customer_term WHERE term LIKE '<%'"))
        await session.execute(text("DELETE FROM customer_term WHERE term = 'ayla.kaya'"))
    await migrations.upgrade(world.desk.database)

    assert {search: await found(world, search) for search in searches} == searches

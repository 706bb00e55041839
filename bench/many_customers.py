"""A hundred thousand customers with Turkish, Greek and English names, made up in bulk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core import clock
from core.database import Database
from core.ids import new_id
from core.text import address_key, fold
from models.base import Base
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.companies import Company
from models.customers import Customer, CustomerTerm, SpellingVariant
from services.demo.customers import latin
from services.demo.phrasebook import phrasebook
from services.search import company_terms, customer_terms
from services.spelling import spelling_rows

CUSTOMERS = 100_000
COMPANIES = 2_000

# Family names of many are few and of few are many: real ones, and made-up ones of two parts.
_PARTS = {
    "tr": (
        ("Kara", "Ak", "Demir", "Çelik", "Yıldız", "Öz", "Gök", "Taş", "Altın", "Er", "Gün", "Ay",
         "Bay", "Can", "Deniz", "Güven", "Işık", "Kaya", "Kılıç", "Koç", "Sarı", "Şen", "Tan",
         "Uç", "Ulu", "Yağmur", "Yeşil", "Büyük", "Küçük", "Çetin"),
        ("oğlu", "taş", "soy", "türk", "han", "kan", "man", "bağ", "dağ", "su", "el", "alp",
         "bulut", "çı", "er", "ay", "gil", "lar", "öz", "tekin", "doğan", "kaya", "gür", "sever",
         "bilir"),
    ),
    "el": (
        ("Παπα", "Χατζη", "Καρα", "Κωνσταντ", "Δημητρ", "Γεωργ", "Νικολα", "Αναστασ", "Θεοδωρ",
         "Μιχαηλ", "Αντων", "Βασιλ", "Σταυρ", "Χριστοδουλ", "Αλεξ", "Μαυρο", "Ασημακ", "Λαμπρ",
         "Πετρ", "Στεφαν", "Ζαχαρ", "Μανωλ", "Σπυρ", "Τσακ", "Κυριακ"),
        ("όπουλος", "οπούλου", "ίδης", "ίδου", "άκης", "άκη", "άτος", "έλλης", "έλλη", "έας",
         "ιάδης", "ιάδου", "ούδης", "ούδη", "άς", "ής", "ίτης", "ώτης", "ίνης", "ούλης"),
    ),
    "en": (
        ("Ash", "Black", "Brad", "Clay", "Cran", "Dun", "East", "Fair", "Green", "Hart", "Hather",
         "Lang", "Mill", "New", "North", "Oak", "Pem", "Red", "Stan", "Stone", "Thorn", "Under",
         "West", "Whit", "Wood"),
        ("ton", "ley", "field", "ford", "well", "worth", "wick", "ham", "by", "don", "more",
         "ridge", "man", "son", "er", "stead", "combe", "croft", "shaw", "ley-Jones"),
    ),
}  # fmt: skip
_SPEAKERS = {"tr": 0.45, "el": 0.35, "en": 0.2}
_OF_THE_PHRASEBOOK = 0.5
_WORK_FOR_A_COMPANY = 0.4
_HAVE_MAIL = 0.9
_HAVE_A_PHONE = 0.7
_USE_A_CHAT = 0.4
_PHONE_BEGINNINGS = {"tr": "+905", "el": "+3069", "en": "+447"}
_SUBSCRIBER_DIGITS = {"tr": 9, "el": 8, "en": 9}


@dataclass(frozen=True, slots=True)
class Known:
    """What the desk knows of a customer; an empty text where it knows nothing."""

    name: str
    email: str
    phone: str
    handle: str
    company: str


Rows = dict[type[Base], list[dict[str, Any]]]


async def fill_with_customers(database: Database) -> list[Known]:
    """Write the customers, their companies, profiles and terms; return them."""
    rng = Random(7)  # the same desk in each run
    people, rows = _make_up(rng)
    async with database.transaction() as session:
        connection = await session.connection()
        for model, of_model in rows.items():
            await _copy(connection, model, of_model)
    async with database.reading() as connection:
        # As autovacuum would; it can mark as visible to all only what is on the disk.
        await connection.execute(text("CHECKPOINT"))
        await connection.execute(text("VACUUM ANALYZE"))
    return people


async def _copy(
    connection: AsyncConnection, model: type[Base], rows: Sequence[dict[str, Any]]
) -> None:
    """Write rows by COPY, which takes a tenth of the time of inserting."""
    raw = await connection.get_raw_connection()
    assert raw.driver_connection
    await raw.driver_connection.copy_records_to_table(
        model.__tablename__,
        columns=list(rows[0]),
        records=[tuple(row.values()) for row in rows],
    )


def _make_up(rng: Random) -> tuple[list[Known], Rows]:
    now = clock.now()
    companies = [(new_id(), name, domain) for name, domain in _companies(rng)]
    rows: Rows = {
        Company: [
            {"id": key, "name": name, "name_key": fold(name), "version": 0,
             "created_at": now, "updated_at": now}
            for key, name, _ in companies
        ],
        Customer: [],
        ChannelProfile: [],
    }  # fmt: skip
    terms: dict[UUID, set[str]] = {}
    company_words: dict[UUID, set[str]] = {}
    people = []
    for number in range(CUSTOMERS):
        language = rng.choices(list(_SPEAKERS), list(_SPEAKERS.values()))[0]
        name = _name(rng, language)
        company_id, company, domain = None, None, rng.choice(phrasebook(language).mail_domains)
        if rng.random() < _WORK_FOR_A_COMPANY:
            company_id, company, domain = rng.choice(companies)
        email = f"{latin(name)}{number}@{domain}" if rng.random() < _HAVE_MAIL else None
        phone = _phone(rng, language) if rng.random() < _HAVE_A_PHONE else None
        chat = f"@{latin(name).replace('.', '_')}_{number}"
        handle = chat if rng.random() < _USE_A_CHAT else None
        key = new_id()
        rows[Customer].append(
            {"id": key, "name": name, "name_key": fold(name), "email": email,
             "email_key": address_key(email) if email else None, "phone": phone,
             "language": language, "company_id": company_id, "version": 0,
             "created_at": now, "updated_at": now}
        )  # fmt: skip
        handles = {Channel.EMAIL: email, Channel.WHATSAPP: phone, Channel.TELEGRAM: handle}
        rows[ChannelProfile] += [
            {"id": new_id(), "customer_id": key, "channel": channel.value, "handle": value,
             "handle_key": address_key(f"{value}{number}"), "link_state": "VERIFIED"}
            for channel, value in handles.items()
            if value
        ]  # fmt: skip
        terms[key] = customer_terms([name, email, phone, handle])
        if company is not None:
            company_words[key] = company_terms(company)
        people.append(Known(name, email or "", phone or "", handle or "", company or ""))
    rows[CustomerTerm] = [
        *_term_rows(terms, of_company=False),
        *_term_rows(company_words, of_company=True),
    ]
    rows[SpellingVariant] = spelling_rows(
        chain.from_iterable(chain(terms.values(), company_words.values()))
    )
    return people, rows


def _term_rows(terms: dict[UUID, set[str]], *, of_company: bool) -> Iterator[dict[str, Any]]:
    # In the order of the key: the database then fills its index page by page.
    for term, key in sorted((term, key) for key, of_one in terms.items() for term in of_one):
        yield {"term": term, "customer_id": key, "of_company": of_company}


def _companies(rng: Random) -> list[tuple[str, str]]:
    """Return names, each with a domain."""
    known = [pair for language in _SPEAKERS for pair in phrasebook(language).companies.items()]
    made_up = []
    for number in range(COMPANIES - len(known)):
        language = rng.choice(list(_SPEAKERS))
        name, _ = rng.choice(list(phrasebook(language).companies.items()))
        family = _family(rng, language)
        domain = f"{latin(family).replace('.', '-')}{number}.example"
        made_up.append((f"{family} {name} {number}", domain))
    return known + made_up


def _name(rng: Random, language: str) -> str:
    names = rng.choice(phrasebook(language).names)
    if rng.random() < _OF_THE_PHRASEBOOK:
        return f"{rng.choice(names.given)} {rng.choice(names.family)}"
    return f"{rng.choice(names.given)} {_family(rng, language)}"


def _family(rng: Random, language: str) -> str:
    beginnings, endings = _PARTS[language]
    return rng.choice(beginnings) + rng.choice(endings)


def _phone(rng: Random, language: str) -> str:
    digits = _SUBSCRIBER_DIGITS[language]
    return f"{_PHONE_BEGINNINGS[language]}{rng.randrange(10**digits):0{digits}}"

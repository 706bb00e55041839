"""The people who write to the demo's desk, and the handles by which channels know them."""

import unicodedata
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from core.ids import new_id
from core.text import address_key, fold
from models.channels import Channel
from models.companies import Company
from models.customers import Customer
from services.demo.phrasebook import Phrasebook, phrasebook
from services.demo.staff import LANGUAGES, Staff

# How many customers speak each language.
_SPEAKERS = dict(zip(LANGUAGES, (120, 100, 80), strict=True))
_WORK_FOR_A_COMPANY = 0.45
_WRITE_MAIL = 0.9
_HAVE_A_PHONE = 0.7

# ISO 843 (ELOT 743): the pairs of letters that are frequent in names, then single letters.
_GREEK_PAIRS = {"ου": "ou", "ευ": "ev", "αυ": "av", "γγ": "ng"}
_LATIN_OF_GREEK = str.maketrans(
    dict(zip("αβγδεζηικλμνξοπρστυφω", "avgdeziiklmnxoprstyfo", strict=True))
    | {"θ": "th", "χ": "ch", "ψ": "ps"}
)


@dataclass(slots=True)
class Person:
    """A customer before and after the desk has met them.

    `handles` are the channels that they can use, `met_on` those that they have used, with the
    profiles that these know them by.
    """

    customer: Customer
    company: Company | None
    street: str
    city: str
    handles: dict[Channel, str]
    met_on: dict[Channel, UUID] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """The language that they write."""
        return self.customer.language or "en"


def populate(rng: Random, staff: Staff) -> list[Person]:
    """Return the customers of the demo, all of whom are still to be met."""
    return [
        _person(rng, staff, language, name, number)
        for language, count in _SPEAKERS.items()
        for number, name in enumerate(_names(rng, phrasebook(language), count))
    ]


def latin(name: str) -> str:
    """Return a name in the letters that addresses are made of."""
    folded = fold(name)
    for greek, pair in _GREEK_PAIRS.items():
        folded = folded.replace(greek, pair)
    plain = unicodedata.normalize("NFKD", folded.translate(_LATIN_OF_GREEK))
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return ".".join(words)


def _names(rng: Random, book: Phrasebook, count: int) -> list[str]:
    every = [
        f"{given} {family}"
        for names in book.names
        for given in names.given
        for family in names.family
    ]
    return rng.sample(every, count)


def _person(rng: Random, staff: Staff, language: str, name: str, number: int) -> Person:
    book = phrasebook(language)
    company, domain = None, rng.choice(book.mail_domains)
    if rng.random() < _WORK_FOR_A_COMPANY:
        company, domain = rng.choice(staff.companies[language])
    email = f"{latin(name)}@{domain}" if company or rng.random() < _WRITE_MAIL else None
    phone = None
    if book.phone_prefix and rng.random() < _HAVE_A_PHONE:
        phone = f"{book.phone_prefix}{number:03}{rng.randrange(1000):03}"
    customer = Customer(
        id=new_id(),
        name=name,
        name_key=fold(name),
        email=email,
        email_key=address_key(email) if email else None,
        phone=phone,
        language=language,
        company_id=company.id if company else None,
        version=0,
    )
    return Person(
        customer=customer,
        company=company,
        street=rng.choice(book.streets).format(number=rng.randrange(1, 140)),
        city=rng.choice(book.cities),
        handles=_handles(rng, name, email, phone),
    )


def _handles(rng: Random, name: str, email: str | None, phone: str | None) -> dict[Channel, str]:
    word = latin(name)
    handles = {
        Channel.LIVE_CHAT: f"visitor-{rng.randbytes(6).hex()}",
        Channel.TELEGRAM: "@" + word.replace(".", "_"),
        Channel.INSTAGRAM: word,
        Channel.FACEBOOK: word,
    }
    if email:
        handles |= {Channel.EMAIL: email, Channel.WEB: email}
    if phone:
        handles |= {Channel.WHATSAPP: phone, Channel.VIBER: phone}
    return handles

"""Addresses and telephone numbers in what somebody writes: what they may be claiming as theirs.

Nothing here proves anything. It reads no table. Strangers write the texts, and a process searches
them while others wait: so much is read, and so much tried, that the worst text takes a blink.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from email_validator import EmailNotValidError, validate_email
from phonenumbers import (
    Leniency,
    PhoneNumberFormat,
    PhoneNumberMatcher,
    format_number,
    parse,
    region_code_for_number,
)

from core.text import address_key, fold
from services.validation import home_regions

# Who writes more of them in one message lists contacts, and says nothing of themselves.
FOUND_AT_MOST = 10
# Who says who they are does so on the first page. A message may have fifty, and a mail more.
READ_CHARACTERS = 2_000
# What looks like an address, or like a number in one country, costs up to a millisecond to be told
# from one.
CANDIDATES = 20

# RFC 5321, section 4.5.3.1: what may stand before the @, and behind it.
_LOCAL_CHARACTERS = 64
_DOMAIN_CHARACTERS = 255


# Keyboards of East Asia, marks that nobody sees, and those who hide their address from robots.
# Without its brackets "at" is a word of a sentence.
_INVISIBLE = dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))
_SPELLING = str.maketrans({"\uff20": "@", "\ufe6b": "@", "\uff0e": "."}) | _INVISIBLE
_HIDDEN_AT = re.compile(
    r"[ \t]{0,2}[(\[{][ \t]?(?:at|@|παπ[άα]κι)[ \t]?[)\]}][ \t]{0,2}", re.IGNORECASE
)
_HIDDEN_DOT = re.compile(
    r"[ \t]{0,2}[(\[{][ \t]?(?:dot|nokta|τελεία|\.)[ \t]?[)\]}][ \t]{0,2}", re.IGNORECASE
)

# Slips on telephones: "ali @gmail.com" and "ali@gmail,com". Elsewhere a word may stand before an @.
_SPACE_BEFORE_AT = re.compile(
    r"(?<=\w) @(?=(?:gmail|hotmail|outlook|live|windowslive|msn|yahoo|icloud|yandex|mynet)[.,])",
    re.IGNORECASE,
)
_COMMA_FOR_DOT = re.compile(r"(@[^\W_][\w-]{0,62}),(?=(?:com|net|org)\b)", re.IGNORECASE)

# Quotes, brackets, "mailto:" and marks of Markdown end a local part; suffixes end a domain.
_LOCAL = re.compile(r"\w(?:[\w.+'%-]*[\w+-])?\Z")
_DOMAIN = re.compile(r"(?:[^\W_](?:[^\W_]|-){0,62}\.)+(?:xn--[a-z0-9-]+|[^\W\d_]{2,63})(?![^\W_])")

# What is glued to an address without the apostrophe that belongs there: ali@example.comdur.
_SUFFIX = re.compile(
    r"(\.(?:com|net|org|tr|gr|eu))(?:[dt][ae]n?|[dt][ıiuü]r|y[ae]|y[ıiuü]m?|[ıiuü]m)\Z",
    re.IGNORECASE,
)

# Numbers that are written like national telephone numbers: what stands before them decides.
_NUMBER_OF_SOMETHING = re.compile(
    r"siparis|fatura|takip|kargo|gonderi|musteri no|referans|kod|iban|hesap|tc kimlik|kimlik"
    r"|παραγγελι|τιμολογι|αποστολ|κωδικ|αφμ|λογαριασμ|order|invoice|tracking|parcel|ticket|account"
)
_NUMBER_OF_TELEPHONE = re.compile(r"tel|gsm|cep|mobil|phone|whatsapp|viber|τηλ|κινητ|ara(?:yin|r)")
_MONEY = re.compile(r"\s?(?:tl|try|₺|€|eur|\$|usd)", re.IGNORECASE)
_WORDS_BEFORE = 40
_GLUED = "#№-_"


@dataclass(frozen=True, slots=True)
class Claims:
    """Addresses and numbers that somebody said are theirs, in the order in which they said so."""

    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.emails or self.phones)


def emails_in(text: str) -> list[str]:
    """Return the valid e-mail addresses in a text, in its order, normalised, each once.

    Only its first CANDIDATES are looked at, and nothing behind READ_CHARACTERS.
    """
    found: dict[str, str] = {}
    for _start, _end, address in islice(_candidates(_plain(text)), CANDIDATES):
        valid = _valid(address)
        if valid is not None:
            found.setdefault(address_key(valid), valid)
    return list(found.values())[:FOUND_AT_MOST]


def phones_in(text: str, language: str | None = None, known_phone: str | None = None) -> list[str]:
    """Return the telephone numbers in a text as E.164, in its order, each once.

    A number without a country code is read as one of the country of `known_phone`, which is the
    writer's own, then of that in which the language is spoken, then of the others that the desk is
    at home in. Numbers of orders, invoices and the like are none, nor are those inside e-mail
    addresses. Of each country the first CANDIDATES are looked at, and nothing behind
    READ_CHARACTERS.
    """
    plain = _without_addresses(_plain(text))
    taken: list[tuple[int, int]] = []
    found: list[tuple[int, str]] = []
    own = [] if known_phone is None else [region_code_for_number(parse(known_phone))]
    for region in dict.fromkeys(filter(None, (*own, *home_regions(language)))):
        matcher = PhoneNumberMatcher(plain, region, leniency=Leniency.VALID, max_tries=CANDIDATES)
        for match in islice(matcher, CANDIDATES):
            is_taken = any(match.start < end and start < match.end for start, end in taken)
            if is_taken or _is_of_something_else(plain, match.start, match.end):
                continue
            taken.append((match.start, match.end))
            found.append((match.start, format_number(match.number, PhoneNumberFormat.E164)))
    return list(dict.fromkeys(number for _start, number in sorted(found)))[:FOUND_AT_MOST]


def _plain(text: str) -> str:
    start = text[:READ_CHARACTERS].translate(_SPELLING)
    told = _HIDDEN_DOT.sub(".", _HIDDEN_AT.sub("@", start))
    return _COMMA_FOR_DOT.sub(r"\1.", _SPACE_BEFORE_AT.sub("@", told))


def _candidates(text: str) -> Iterator[tuple[int, int, str]]:
    """Give what looks like an address, with where it begins and ends; each @ costs the same."""
    at = text.find("@")
    while at != -1:
        local = _LOCAL.search(text, max(0, at - _LOCAL_CHARACTERS), at)
        domain = _DOMAIN.match(text, at + 1, at + 1 + _DOMAIN_CHARACTERS)
        if local and domain:
            start, end = local.start(), domain.end()
            if text[start] == "_" == text[end : end + 1]:
                start += 1  # Markdown's way to stress something
            yield start, end, _spelled(f"{text[start:at]}@{_without_next_sentence(domain[0])}")
        at = text.find("@", at + 1)


def _spelled(address: str) -> str:
    """Return an address as its owner would write it: no capitals of Turkish, no Turkish suffix."""
    plain = address.replace("İ", "I")
    return _SUFFIX.sub(r"\1", plain if plain.isascii() else address)


def _without_next_sentence(domain: str) -> str:
    """Cut off what begins without a space: x.com.Teşekkürler and x.comTeşekkürler are x.com."""
    labels = domain.split(".")
    for place in range(2, len(labels)):
        if labels[place - 1].islower() and labels[place][:1].isupper():
            return ".".join(labels[:place])
    last = labels[-1]
    for place in range(2, len(last) - 1):
        begun = last[place : place + 2]
        if last[:place].islower() and begun.istitle():
            return ".".join((*labels[:-1], last[:place]))
    return domain


def _valid(address: str) -> str | None:
    try:
        return validate_email(address, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return None


def _without_addresses(text: str) -> str:
    """Blank out what looks like an address; what stands around it keeps its place."""
    for start, end, _address in _candidates(text):
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _is_of_something_else(text: str, start: int, end: int) -> bool:
    """Tell whether a number is that of an order or a sum; with a country code it never is."""
    if text.startswith(("+", "00", "\uff0b"), start):
        return False
    if text[max(0, start - 1) : start] in tuple(_GLUED) or _MONEY.match(text, end):
        return True
    before = text[max(0, start - _WORDS_BEFORE) : start]
    # What stands before another number, or on another line, is about something else.
    words = fold(re.split(r"[\d\n]", before)[-1])
    of_something = [match.start() for match in _NUMBER_OF_SOMETHING.finditer(words)]
    of_telephone = [match.start() for match in _NUMBER_OF_TELEPHONE.finditer(words)]
    return bool(of_something) and max(of_something) > max(of_telephone, default=-1)

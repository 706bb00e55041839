"""What people write where an address or a number is asked for, in Turkish, Greek and English."""

from collections import Counter
from time import process_time
from types import ModuleType
from typing import Any

import pytest
from phonenumbers import phonenumbermatcher

from services.identity import claims_in_text
from services.identity.claims_in_text import (
    CANDIDATES,
    FOUND_AT_MOST,
    READ_CHARACTERS,
    Claims,
    emails_in,
    phones_in,
)
from services.validation import home_regions
from tests.support.profiles import claims_in

TURKISH_MOBILE = ["+905321234567"]
GREEK_MOBILE = ["+306971234567"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ali@example.com", ["ali@example.com"]),
        ("e-postam ali@example.com'dur.", ["ali@example.com"]),
        ("ali@example.com.tr’ye yazın", ["ali@example.com.tr"]),
        ("ali@example.com.Teşekkürler", ["ali@example.com"]),
        ("ali@example.comTeşekkürler, veli@Example.CoM", ["ali@example.com", "veli@example.com"]),
        ("ali @gmail.com", ["ali@gmail.com"]),
        ("ali@gmail,com, teşekkürler", ["ali@gmail.com"]),
        ("we meet @example.com, ali@example,then", []),
        ("ALİ, benim adresim ALI@EXAMPLE.COM!", ["ALI@example.com"]),
        ("e-postam: Ayşe.Yılmaz@örnek.com", ["Ayşe.Yılmaz@örnek.com"]),
        ("το e-mail μου: γιώργος@παράδειγμα.ελ;", ["γιώργος@παράδειγμα.ελ"]),
        ("mail adresim ali (at) example.com", ["ali@example.com"]),
        ("ali [at] example [nokta] com", ["ali@example.com"]),
        ("ali at example.com", []),
        ("GİZLİ.CİCEK@ORNEK.COM.TR", ["GIZLI.CICEK@ornek.com.tr"]),  # a keyboard of Turkey
        ("ali@example.comdur, veli@example.com.trden", ["ali@example.com", "veli@example.com.tr"]),
        ("ali@example.computer", ["ali@example.computer"]),
        ("bob@exam\u200bple.com, anna(παπάκι)example.com", ["bob@example.com", "anna@example.com"]),
        ("ali＠example.com", ["ali@example.com"]),  # a keyboard of East Asia
        ("[ali@example.com](mailto:ALI@example.com?subject=x)", ["ali@example.com"]),
        ("**ali@example.com**, _veli@example.com_", ["ali@example.com", "veli@example.com"]),
        ("<ali@example.com>;'veli@example.com'", ["ali@example.com", "veli@example.com"]),
        ("ali+2@example.com/o'brien@example.ie", ["ali+2@example.com", "o'brien@example.ie"]),
        ("@ali, ali@, ali@example, a..b@example.com, ali@192.168.1.1, saat@5", []),
        (" ".join(f"a{number}@example.com" for number in range(50)),
         [f"a{number}@example.com" for number in range(FOUND_AT_MOST)]),
    ],
)  # fmt: skip
def test_addresses_are_found(text: str, found: list[str]) -> None:
    assert emails_in(text) == found


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("0532 123 45 67'den arayın", "tr", TURKISH_MOBILE),
        ("Tel: 0(532)123-45-67.", "tr", TURKISH_MOBILE),
        ("+90 532 1234567", "el", TURKISH_MOBILE),
        ("０５３２ １２３ ４５ ６７", None, TURKISH_MOBILE),
        ("0030 697 123 4567", "tr", GREEK_MOBILE),
        ("το κινητό μου 697 1234567", "el", GREEK_MOBILE),
        ("697 1234567", "tr", GREEK_MOBILE),
        ("2101234567", "el", ["+302101234567"]),
        ("0532 123 45 67 / 697 1234567", "tr", [*TURKISH_MOBILE, *GREEK_MOBILE]),
        ("sipariş 12345, telefonum 5321234567", "tr", TURKISH_MOBILE),
        ("order +905321234567", "en", TURKISH_MOBILE),
        ("Sipariş no 5321234567", "tr", []),
        ("Αρ. παραγγελίας: 6971234567", "el", []),
        ("#5321234567, SIP-5321234567", "tr", []),
        ("5.321.234.567 TL", "tr", []),
        ("5321234567@example.com", "tr", []),
        ("TR33 0006 1005 1978 6457 8413 26, 12.11.2026 10:30", "tr", []),
    ],
)
def test_numbers_are_found_and_those_of_orders_are_none(
    text: str, language: str | None, found: list[str]
) -> None:
    assert phones_in(text, language) == found


def test_numbers_are_read_as_those_of_the_country_of_who_writes_first() -> None:
    said = "call me on 07911 123456"

    assert phones_in(said, "en", "+447400123456") == ["+447911123456"]
    assert phones_in(said, "en") == []


@pytest.mark.parametrize(
    "piece",
    ["a", "@", "a@", "a.", "a@a.", "ş@ğ.çö ", "0532 ", "1", "(", "5321234567 ", "+1 (23) 4-5.6 ",
     "0532 123 45 6 "],
)  # fmt: skip
def test_hostile_texts_cost_no_more_tries_than_honest_ones(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: Counter[str] = Counter()

    def count_tries(module: ModuleType, name: str) -> None:
        real = getattr(module, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            tried[name] += 1
            return real(*arguments, **named)

        monkeypatch.setattr(module, name, counted)

    count_tries(claims_in_text, "validate_email")
    count_tries(phonenumbermatcher, "parse")
    text = piece * (100_000 // len(piece))
    began = process_time()

    claims_in(text, "tr")

    assert tried["validate_email"] <= CANDIDATES
    # Of a number that is none, parts are tried, too.
    assert tried["parse"] <= 2 * CANDIDATES * len(home_regions("tr"))
    assert process_time() - began < 0.5


def test_what_stands_behind_the_first_page_is_not_read() -> None:
    claim = "ali@example.com, 0532 123 45 67"

    assert claims_in("x " * (READ_CHARACTERS // 2) + claim, "tr") == Claims()
    assert claims_in(claim, "tr") == Claims(("ali@example.com",), ("+905321234567",))

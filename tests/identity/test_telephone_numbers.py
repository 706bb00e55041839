"""Telephone numbers as people type them, with and without a country code."""

import pytest

from services.validation import e164

TURKISH, GREEK = "+905321234567", "+306971234567"


@pytest.mark.parametrize(
    ("typed", "language", "number"),
    [
        ("0532 123 45 67", None, TURKISH),
        ("(0532) 123-45-67", "tr", TURKISH),
        ("532 123 45 67", "el", TURKISH),
        ("0090 532 123 45 67", None, TURKISH),
        ("90 532 123 45 67", None, TURKISH),
        ("٠٥٣٢ ١٢٣ ٤٥ ٦٧", None, TURKISH),
        ("697 123 4567", None, GREEK),
        ("6971234567", "tr", GREEK),
        ("00 30 697 123 4567", "el", GREEK),
        ("+30 697-123-4567", "tr", GREEK),
        # Rhodes has the numbers of Bursa's neighbourhood: who writes it decides.
        ("2241 012345", None, "+902241012345"),
        ("2241 012345", "el", "+302241012345"),
        ("0532 123 45", None, None),
        ("697 123 456", "el", None),
        ("elif@example.com", None, None),
    ],
)
def test_a_number_is_kept_as_the_world_dials_it(
    typed: str, language: str | None, number: str | None
) -> None:
    assert e164(typed, language) == number

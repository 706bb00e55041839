"""What a mail is about, whatever program answered it."""

import pytest

from core.text import fold
from services.mail.subjects import without_reply_prefixes


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Sipariş",
        "RE:Re: re : Sipariş",
        "YNT: Re[2]: Sipariş",
        "Yanıt: YANIT: Sipariş",
        "Απ: ΑΠ: ΣΧΕΤ: Sipariş",
        "AW: Antw: SV (3): Sipariş",
        "  Sipariş",
    ],
)
def test_marks_of_answers_are_gone(subject: str) -> None:
    assert without_reply_prefixes(subject) == "Sipariş"
    assert without_reply_prefixes(fold(subject)) == "siparis"


@pytest.mark.parametrize("subject", ["Fwd: Re: Sipariş", "Return: Sipariş", "Reply", "A Re: B", ""])
def test_the_rest_stays(subject: str) -> None:
    assert without_reply_prefixes(subject) == subject


def test_a_subject_of_marks_only_is_empty() -> None:
    assert without_reply_prefixes("Re: " * 100_000) == ""

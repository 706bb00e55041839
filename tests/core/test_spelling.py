import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import fold, is_near, is_spelled, spelling_variants

LETTERS = string.ascii_lowercase + "αβγδεζηθικλμνξοπρστυφχψω"
words = st.text(st.sampled_from(LETTERS), min_size=4, max_size=20)


@st.composite
def words_mistyped(draw: st.DrawFn) -> tuple[str, str]:
    """A word, and what comes of one typing error in it."""
    word = draw(words)
    place = draw(st.integers(0, len(word) - 1))
    letter = draw(st.sampled_from(LETTERS))
    before, here, after = word[:place], word[place], word[place + 1 :]
    return word, draw(
        st.sampled_from(
            [
                before + letter + here + after,
                before + after,
                before + letter + after,
                before + after[:1] + here + after[1:],
            ]
        )
    )


def recognises(typed: str, word: str) -> bool:
    """Find as the database does: by a common variant, which is then checked."""
    return bool(spelling_variants(typed) & spelling_variants(word)) and is_near(typed, word)


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("Yılmza", "Yılmaz"),
        ("Yimaz", "Yılmaz"),
        ("Yılmmaz", "Yılmaz"),
        ("Yilnaz", "Yılmaz"),
        ("Aişe", "Ayşe"),
        ("Eilf", "Elif"),
        ("Mehmt", "Mehmet"),
        ("Παπαδόπολος", "Παπαδόπουλος"),
        ("ΓΕΩΡΓΙΟΥΣ", "Γεωργίου"),
        ("Pembreton", "Pemberton"),
        # What is still being typed, once the beginning is there.
        ("Παπαδποου", "Παπαδοπουλος"),
        ("Konstantinop", "Konstantinopoulos"),
    ],
)
def test_a_word_is_recognised_with_one_error(typed: str, word: str) -> None:
    assert recognises(fold(typed), fold(word))


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("Yilmza", "Yıldız"),
        ("Ylmza", "Yılmaz"),
        ("Elif", "Emre"),
        ("Kaya", "Koç"),
        ("Ayşe", "Aynur"),
    ],
)
def test_a_word_is_not_recognised_with_two_errors(typed: str, word: str) -> None:
    assert not recognises(fold(typed), fold(word))


@given(words_mistyped())
def test_any_error_in_any_word_is_recognised(word_mistyped: tuple[str, str]) -> None:
    word, typed = word_mistyped
    assert recognises(typed, word)


@given(words, words)
def test_what_is_near_differs_by_one_error_at_most(typed: str, word: str) -> None:
    if is_near(typed, word):
        lengths = range(len(typed) - 1, len(typed) + 2)
        assert any(errors(typed, word[:length]) <= 1 for length in lengths)


def errors(typed: str, word: str) -> int:
    """Count what must be typed anew: the distance of Damerau, without edits of swapped letters."""
    rows = [list(range(len(word) + 1))]
    for i, letter in enumerate(typed, 1):
        row = [i]
        for j, wanted in enumerate(word, 1):
            choices = [rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != wanted)]
            if i > 1 and j > 1 and (typed[i - 2], letter) == (wanted, word[j - 2]):
                choices.append(rows[-2][j - 2] + 1)
            row.append(min(choices))
        rows.append(row)
    return rows[-1][-1]


def test_short_words_numbers_and_addresses_are_not_guessed() -> None:
    assert [
        term for term in ("can", "5321", "ayse@acme.example", "ayse7", "ayse") if is_spelled(term)
    ] == ["ayse"]


def test_a_word_has_at_most_eight_variants() -> None:
    assert spelling_variants("abcdefghij") == {
        "abcdefg", "bcdefg", "acdefg", "abdefg", "abcefg", "abcdfg", "abcdeg", "abcdef",
    }  # fmt: skip

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.text import address_key, character_count, fold, normalise, single_line

LEFT_TO_RIGHT_MARK = "\u200e"
RIGHT_TO_LEFT_EMBEDDING = "\u202b"
POP_DIRECTION = "\u202c"
RIGHT_TO_LEFT_OVERRIDE = "\u202e"
RIGHT_TO_LEFT_ISOLATE = "\u2067"
ZERO_WIDTH_JOINER = "\u200d"
ZERO_WIDTH_NON_JOINER = "\u200c"

FAMILY = ZERO_WIDTH_JOINER.join("👨👩👧👦")

any_text = st.text(st.characters())
storable_text = st.text(st.characters(exclude_categories=["Cs"]))


def alphabet(letters: str) -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(letters), max_size=30)


turkish_text = alphabet("abcçdefgğhıijklmnoöprsştuüvyzâîûABCÇDEFGĞHIİJKLMNOÖPRSŞTUÜVYZÂÎÛ '")
greek_text = alphabet("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΆΈΉΊΌΎΏΪΫ ;")
english_text = alphabet("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ '")


def turkish_upper(text: str) -> str:
    return text.replace("i", "İ").upper()


def turkish_lower(text: str) -> str:
    return text.replace("I", "ı").replace("İ", "i").lower()


def test_normalising_composes_letters_and_their_accents() -> None:
    assert normalise("s\u0327ifre ve ο\u0301χι") == "şifre ve όχι"


@pytest.mark.parametrize("line_break", ["\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_every_kind_of_line_break_becomes_a_newline(line_break: str) -> None:
    assert normalise(f"first{line_break}second") == "first\nsecond"


def test_what_cannot_be_stored_or_is_not_text_is_removed() -> None:
    assert normalise("a\x00b\ud800c\x1b[0m\x7f\x9d\ufeffd") == "abc[0md"


def test_tabs_newlines_and_outer_space_of_a_body_stay() -> None:
    assert normalise("  one\n\n\ttwo \n") == "  one\n\n\ttwo \n"


def test_joined_emoji_and_joiners_of_persian_words_stay() -> None:
    persian_books = f"کتاب{ZERO_WIDTH_NON_JOINER}ها"
    assert normalise(FAMILY) == FAMILY
    assert normalise(persian_books) == persian_books


def test_an_override_cannot_disguise_the_end_of_a_file_name() -> None:
    assert normalise(f"photo{RIGHT_TO_LEFT_OVERRIDE}gpj.exe") == "photogpj.exe"


def test_arabic_and_hebrew_bodies_keep_their_directions() -> None:
    body = f"{RIGHT_TO_LEFT_EMBEDDING}שלום{POP_DIRECTION} {RIGHT_TO_LEFT_ISOLATE}مرحبا\u2069"
    assert normalise(body) == body


def test_a_break_and_a_letter_meet_across_a_removed_character() -> None:
    assert normalise("one\r\x00\ntwo e\x00\u0301") == "one\ntwo é"


def test_thirty_marks_on_a_letter_stay_and_more_are_cut() -> None:
    assert normalise("q" + "\u0323" * 30) == "q" + "\u0323" * 30
    assert normalise("q" + "\u0323" * 31 + "!") == "q" + "\u0323" * 30 + "!"


def test_a_long_row_of_symbols_is_not_taken_for_marks() -> None:
    rule = "─" * 80 + "❤️" * 40
    assert normalise(rule) == rule


@pytest.mark.parametrize("marks", ["\u0323\u0301", "\u05b0\u0301", "\u0f73"])
def test_piled_marks_do_not_cost_quadratic_time(marks: str) -> None:
    hostile = "a" + marks * 100_000
    started = time.perf_counter()
    fold(hostile)
    # About 50 ms with the bound on marks, minutes without it.
    assert time.perf_counter() - started < 5


@given(any_text)
def test_normalised_text_is_nfc_storable_and_final(text: str) -> None:
    stored = normalise(text)
    assert unicodedata.is_normalized("NFC", stored)
    assert "\x00" not in stored
    assert stored.encode("utf-8").decode("utf-8") == stored
    assert normalise(stored) == stored


def test_a_name_is_trimmed_and_its_white_space_collapsed() -> None:
    assert single_line(" \tAyşe\u00a0 \r\nYılmaz\u3000") == "Ayşe Yılmaz"


def test_a_name_cannot_reorder_the_line_it_is_shown_in() -> None:
    assert single_line(f"{RIGHT_TO_LEFT_ISOLATE}Ayşe{RIGHT_TO_LEFT_EMBEDDING}") == "Ayşe"


@pytest.mark.parametrize("name", ["محمد علي", "דנה לוי", f"שרה (B{LEFT_TO_RIGHT_MARK})"])
def test_arabic_and_hebrew_names_stay_as_they_are(name: str) -> None:
    assert single_line(name) == name


@pytest.mark.parametrize("name", ["", " \n ", "\u200b", "\u3164", "\u2066\u2069", "\u0301", "\x00"])
def test_a_name_of_which_nothing_can_be_seen_is_empty(name: str) -> None:
    assert single_line(name) == ""


@given(any_text)
def test_a_single_line_is_one_line_and_final(text: str) -> None:
    line = single_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert single_line(line) == line


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("", 0),
        ("Şikâyet", 7),
        ("S\u0327ika\u0302yet", 7),
        ("Καλημέρα", 8),
        ("😀", 1),
        (FAMILY, 7),
        ("🇹🇷", 2),
        ("one\r\ntwo", 7),
    ],
)
def test_characters_are_counted_as_code_points_of_the_stored_text(
    text: str, characters: int
) -> None:
    assert character_count(text) == characters


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Iğdır", "IĞDIR"),
        ("ığdır", "iğdir"),
        ("İstanbul", "ISTANBUL"),
        ("istanbul", "ıstanbul"),
        ("İ", "i\u0307"),
        ("şçğüöâ", "scguoa"),
        ("ŞİKÂYET", "sikayet"),
        ("ΠΑΡΑΓΓΕΛΙΑ", "παραγγελία"),
        ("Άννα", "ΑΝΝΑ"),
        ("΄Αννα", "Άννα"),
        ("Οδυσσέας", "ΟΔΥΣΣΕΑΣ"),
        ("λόγος", "λόγοσ"),
        ("προϊόν", "ΠΡΟΪΟΝ"),
        ("Μαΐου", "ΜΑΪΟΥ"),
        ("ᾳ", "ΑΙ"),
        ("Τι\u037e", "τι;"),
        ("Straße", "STRASSE"),
        ("café", "CAFE\u0301"),
        ("Łódź", "lodz"),
        ("Œuvre Ærø", "oeuvre aero"),
        ("ﬁnance ①", "FINANCE 1"),
        ("Ｗｉｄｅ", "wide"),
        ("co\u00adoperate", "cooperate"),
        ("  two\u00a0\n words ", "two words"),
        ("❤️", "❤"),
    ],
)
def test_spellings_of_the_same_text_have_the_same_key(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("urgent", "urgently"), ("two words", "twowords"), ("か", "が"), ("कि", "की"), ("1", "2")],
)
def test_different_texts_have_different_keys(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("İADE Talebi", "iade talebi"),
        ("Καθυστέρηση Παράδοσης", "καθυστερηση παραδοσησ"),
        ("VIP müşteri 😀", "vip musteri 😀"),
        ("\u0301\u200d", ""),
    ],
)
def test_keys_are_plain_small_letters(text: str, key: str) -> None:
    assert fold(text) == key


@given(any_text)
@example("ᾼ\u0323")
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(any_text)
def test_the_key_of_stored_text_is_the_key_of_the_text(text: str) -> None:
    assert fold(normalise(text)) == fold(text)


@given(storable_text)
def test_composed_and_decomposed_text_have_the_same_key(text: str) -> None:
    assert fold(unicodedata.normalize("NFC", text)) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


@given(turkish_text | greek_text | english_text)
def test_capitals_and_small_letters_have_the_same_key(text: str) -> None:
    keys = {fold(change(text)) for change in (str, str.upper, str.lower, str.title)}
    assert keys == {fold(text)}


@given(turkish_text)
def test_case_changed_the_turkish_way_has_the_same_key(text: str) -> None:
    assert fold(turkish_upper(text)) == fold(turkish_lower(text)) == fold(text)


def test_every_character_folds_to_a_final_key_in_upper_and_lower_case() -> None:
    # The planes from the third on hold ideographs, which have no case.
    characters = "|".join(map(chr, range(0x20000)))
    keys = fold(characters)
    assert fold(keys).split("|") == keys.split("|")
    assert fold(characters.upper()).split("|") == keys.split("|")
    assert fold(characters.lower()).split("|") == keys.split("|")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Ada@Example.COM", "ada@example.com", True),
        (" ada@example.com ", "ada@example.com", True),
        ("ada@example.com", "ada@exampłe.com", False),
        ("isik@example.com", "ışık@example.com", False),
        ("cafe\u0301@example.com", "café@example.com", True),
    ],
)
def test_addresses_are_told_apart_by_everything_but_case(
    one: str,
    other: str,
    is_same: bool,  # noqa: FBT001
) -> None:
    assert (address_key(one) == address_key(other)) is is_same

"""Bytes become text, whatever they are labelled."""

import pytest

from services.mail.charsets import decode_text

TURKISH = "İade işlemi: ığdır, çağrı, “göğüş” – 5 €"
GREEK = "Άργησε η παραγγελία μου; Έλαβα ΜΟΝΟ το τιμολόγιο"


@pytest.mark.parametrize(
    "label",
    [
        "windows-1254",
        "iso-8859-9",
        "ISO_8859-9",
        "latin5",
        "cp1254",
        "x-cp1254",
        "win-1254",
        '"windows-1254"',
    ],
)
def test_turkish_is_read_under_every_name_of_its_set(label: str) -> None:
    assert decode_text(TURKISH.encode("cp1254"), label) == TURKISH


@pytest.mark.parametrize("label", ["windows-1253", "cp1253", "windows1253"])
def test_greek_of_windows_is_read(label: str) -> None:
    assert decode_text(GREEK.encode("cp1253"), label) == GREEK


def test_greek_of_iso_is_read() -> None:
    assert decode_text(GREEK.encode("iso8859-7"), "iso-8859-7") == GREEK


def test_greek_with_quotation_marks_of_windows_is_not_iso_whatever_the_label() -> None:
    text = "Ώρα “παράδοσης” – Άνοιξη"

    assert decode_text(text.encode("cp1253"), "iso-8859-7") == text


@pytest.mark.parametrize("text", [TURKISH, GREEK])
@pytest.mark.parametrize(
    "label", [None, "us-ascii", "unknown-8bit", "x-unknown", "utf-8", "", "idna"]
)
def test_without_a_useful_label_the_language_is_recognised(label: str | None, text: str) -> None:
    encoding = "cp1254" if text == TURKISH else "cp1253"

    assert decode_text(text.encode(encoding), label) == text


@pytest.mark.parametrize(
    "word", ["Şükrü", "ığdır", "Ağrı", "İstanbul", "İYİ GÜNLER", "Grüße", "Señor Núñez", "Où est"]
)
def test_single_turkish_and_western_words_are_recognised(word: str) -> None:
    assert decode_text(word.encode("cp1254")) == word


@pytest.mark.parametrize("word", ["Ελένη", "ΕΠΕΙΓΟΝ", "Γεια σας", "Re: Ερώτηση", "Hello Νίκο"])
def test_single_greek_words_are_recognised(word: str) -> None:
    assert decode_text(word.encode("cp1253")) == word


@pytest.mark.parametrize(
    "label", ["iso-8859-1", "iso-8859-7", "windows-1254", "gb2312", "utf-8", None]
)
def test_valid_utf_8_is_utf_8_under_any_label(label: str | None) -> None:
    assert decode_text(GREEK.encode(), label) == GREEK


def test_two_chinese_characters_that_happen_to_be_valid_utf_8_stay_chinese() -> None:
    assert decode_text("联通".encode("gbk"), "gb2312") == "联通"


def test_replacement_characters_that_were_sent_are_text() -> None:
    assert decode_text(b"\xef\xbf\xbd", None) == "\ufffd"


def test_one_broken_character_does_not_make_utf_8_something_else() -> None:
    assert decode_text(GREEK.encode() + b"\xce", "utf-8") == GREEK + "\ufffd"


def test_the_hint_counts_where_there_is_no_label() -> None:
    assert decode_text("Łódź".encode("cp1250"), None, "windows-1250") == "Łódź"


def test_the_label_counts_before_the_hint() -> None:
    assert decode_text("Łódź".encode("cp1250"), "windows-1250", "windows-1254") == "Łódź"


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("utf-7", "utf-7", "Ayşe & Ελένη"),
        ("iso-2022-jp", "iso2022-jp", "注文"),
        ("gb2312", "gb18030", "订单编号"),
        ("shift_jis", "cp932", "注文①"),
        ("koi8-r", "koi8-r", "Заказ"),
        ("utf-16", "utf-16", "Ayşe"),
    ],
)
def test_other_sets_are_read_by_their_label(label: str, encoding: str, text: str) -> None:
    assert decode_text(text.encode(encoding), label) == text


def test_a_byte_order_mark_is_not_text() -> None:
    assert decode_text(b"\xef\xbb\xbfAy\xc5\x9fe", "windows-1254") == "Ayşe"


@pytest.mark.parametrize(
    "label", ["hex", "rot13", "base64", "zlib", "unicode_escape", "punycode", "undefined"]
)
def test_codecs_that_are_no_character_sets_are_not_applied(label: str) -> None:
    assert decode_text(b"4142 \\u0130", label) == "4142 \\u0130"


def test_bytes_that_a_set_does_not_have_become_replacement_characters() -> None:
    assert decode_text(b"caf\x81", "windows-1252") == "caf\ufffd"

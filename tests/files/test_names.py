"""Names of attached files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.files.names import clean_filename


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Şubat faturası.pdf", "Şubat faturası.pdf"),
        ("S\u0327ubat.pdf", "Şubat.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Belgeler\\fatura.pdf", "fatura.pdf"),
        ("/tmp/", "attachment.pdf"),
        ("..", "attachment.pdf"),
        (".htaccess", "htaccess"),
        ("a\x00b\r\nc\x1b.pdf", "ab c.pdf"),
        ("fatura\u202efdp.exe", "faturafdp.exe"),
        ("a\u200b\u2066b\ufeff.pdf", "ab.pdf"),
        ("  iki   kelime .pdf ", "iki kelime .pdf"),
        ("nokta.pdf. . ", "nokta.pdf"),
        ('a<b>c:d"e|f?g*h.pdf', "a_b_c_d_e_f_g_h.pdf"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("COM1 .log", "_COM1 .log"),
        ("lpt³.txt", "_lpt³.txt"),
        ("console.txt", "console.txt"),
        ("", "attachment.pdf"),
        (None, "attachment.pdf"),
        ("\u200e\u2066", "attachment.pdf"),
        ("\ud800.pdf", "pdf"),
    ],
)
def test_names_are_made_safe(name: str | None, cleaned: str) -> None:
    assert clean_filename(name, "application/pdf") == cleaned


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("image/jpeg", "attachment.jpg"),
        ("image/png", "attachment.png"),
        ("text/plain", "attachment.txt"),
        ("text/x-unheard-of", "attachment.txt"),
        ("message/rfc822", "attachment.eml"),
        ("message/delivery-status", "attachment.txt"),
        ("application/octet-stream", "attachment.bin"),
        ("nonsense", "attachment.bin"),
    ],
)
def test_a_file_without_a_name_has_the_extension_of_its_type(content_type: str, name: str) -> None:
    assert clean_filename(None, content_type) == name


def test_an_attached_mail_is_an_eml_file() -> None:
    assert clean_filename("Re: Soru", "message/rfc822") == "Re_ Soru.eml"
    assert clean_filename("soru.EML", "message/rfc822") == "soru.EML"


def test_a_long_name_keeps_its_extension_and_whole_characters() -> None:
    cleaned = clean_filename("ş" * 300 + ".pdf", "application/pdf")

    assert cleaned == "ş" * 125 + ".pdf"


def test_a_long_name_without_a_real_extension_is_cut() -> None:
    assert clean_filename("a." + "b" * 400, "application/pdf") == "a." + "b" * 253


@given(st.one_of(st.none(), st.text(), st.text("./\\ CONaux\u202e\x00", max_size=12)))
def test_any_name_becomes_one_that_every_system_takes(name: str | None) -> None:
    cleaned = clean_filename(name, "application/pdf")

    assert cleaned
    assert len(cleaned.encode()) <= 255
    assert not set(cleaned) & set('/\\<>:"|?*\x00\n\u202e')
    assert cleaned[0] not in ". "
    assert cleaned[-1] not in ". "
    assert clean_filename(cleaned, "application/pdf") == cleaned

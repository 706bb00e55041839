"""The text of a mail: transfer encodings, bounds, and what can be stored."""

import pytest

from services.mail.parsing import MailAttachment, parse_mail
from services.mail.transfer import decode_transfer
from tests.mail.mails import html_mail, mail, multipart, part

MEBI = 1_048_576


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        (b"TWVyaGFiYQ==", b"Merhaba"),
        (b"TWVy\r\naGFi\r\nYQ==\r\n", b"Merhaba"),
        (b"TWVyaGFiYQ", b"Merhaba"),
        (b"TWVy!aGFi\xffYQ==", b"Merhaba"),
        (b"TWVyaGFiYQ=Q", b"Merhaba"),
        (b"TWVyaGFiY", b"Merhab"),
        (b"TWVyaGFiYQ==\n-- \nfooter of the list", b"Merhaba"),
        (b"Merhaba, bu metin kodlanmamis.", b"Merhaba, bu metin kodlanmamis."),
        (b"", b""),
        (b"=", b""),
        (b"\n\n", b""),
    ],
)
def test_broken_base64_is_decoded_as_far_as_it_goes(encoded: bytes, decoded: bytes) -> None:
    assert decode_transfer(encoded, "base64") == decoded


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        (b"Ay=C5=9Fe", b"Ay\xc5\x9fe"),
        (b"Ay=c5=9fe", b"Ay\xc5\x9fe"),
        (b"uzun=\r\n sat=\nir", b"uzun satir"),
        (b"100% = yuz =ZZ =", b"100% = yuz =ZZ "),
        (b"\xfe raw", b"\xfe raw"),
    ],
)
def test_broken_quoted_printable_is_decoded_as_far_as_it_goes(
    encoded: bytes, decoded: bytes
) -> None:
    assert decode_transfer(encoded, "quoted-printable") == decoded


@pytest.mark.parametrize("encoding", ["", "7bit", "8bit", "binary", "x-unknown"])
def test_other_encodings_are_none(encoding: str) -> None:
    assert decode_transfer(b"=C5=9F", encoding) == b"=C5=9F"


def test_text_is_stored_without_what_the_database_refuses() -> None:
    body = "a\x00b\x07c\r\nS\u0327\u202e Ελένη".encode() + b"\xed\xa0\x80"
    parsed = parse_mail(mail("Content-Type: text/plain; charset=utf-8", body=body))

    assert parsed.text == "abc\nŞ Ελένη\ufffd\ufffd\ufffd"


def test_surrogates_out_of_utf_7_are_gone() -> None:
    parsed = parse_mail(mail("Content-Type: text/plain; charset=utf-7", body="x+2AA-y"))

    assert "\ud800" not in parsed.text
    assert parsed.text.startswith("x")


def test_the_first_mebi_of_characters_is_kept() -> None:
    whole, long = parse_mail(mail(body="ş" * MEBI)), parse_mail(mail(body="ş" * MEBI + "!"))

    assert whole.text == long.text == "ş" * MEBI
    assert whole.attachments == ()


@pytest.mark.parametrize(
    "content",
    [
        mail(body="x" * (MEBI + 1)),
        html_mail("x" * (MEBI // 2) + "y"),
        html_mail("&" * 500_000),
        multipart("mixed", *(part("x") for _ in range(1_001))),
    ],
)
def test_a_mail_of_which_something_is_left_out_is_kept_whole_as_a_file(content: bytes) -> None:
    first = parse_mail(content).attachments[0]
    assert first == MailAttachment("message.eml", "message/rfc822", content)


def test_a_mail_with_as_many_parts_as_are_read_is_whole() -> None:
    content = multipart("mixed", *(part("x") for _ in range(1_000)))
    assert parse_mail(content).attachments == ()


def test_text_that_normalising_makes_longer_is_cut() -> None:
    parsed = parse_mail(mail(body="\u0958" * MEBI))

    assert len(parsed.text) == MEBI


def test_the_first_half_mebi_of_html_is_read() -> None:
    start = "x" * (MEBI // 2)
    parsed = parse_mail(html_mail(f"{start}<b>y</b>"))

    assert (parsed.text, parsed.html) == (start, start)


def test_html_that_is_too_long_once_it_is_clean_leaves_its_text() -> None:
    parsed = parse_mail(html_mail("&" * 500_000))

    assert (parsed.text, parsed.html) == ("&" * 500_000, None)


def test_html_in_which_nothing_is_left_is_none() -> None:
    parsed = parse_mail(html_mail("<script>alert(1)</script>"))

    assert (parsed.text, parsed.html) == ("", None)


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<meta charset="windows-1253">', "cp1253"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-7">', "iso8859-7"),
        ('<meta charset="utf-16">', "utf-8"),
    ],
)
def test_html_may_declare_its_own_character_set(declaration: str, encoding: str) -> None:
    body = f"{declaration}<p>Ώρα</p>".encode(encoding)

    assert parse_mail(mail("Content-Type: text/html", body=body)).text == "Ώρα"

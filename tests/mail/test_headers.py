"""Header fields, encoded words and parameters."""

import pytest

from services.mail.headers import decode_header, parse_parameters, read_headers


def read(content: bytes) -> tuple[dict[str, list[bytes]], bytes]:
    headers, body_start = read_headers(content, 0, len(content))
    return {name: list(values) for name, values in headers.fields.items()}, content[body_start:]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_fields_are_unfolded_and_kept_in_order(line_end: bytes) -> None:
    lines = [b"Received: first", b"RECEIVED : second", b"Subject: one", b"\ttwo", b"", b"body"]

    fields, body = read(line_end.join(lines))

    assert fields == {"received": [b"first", b"second"], "subject": [b"one\ttwo"]}
    assert body == b"body"


def test_a_header_without_blank_line_ends_where_the_fields_end() -> None:
    assert read(b"Subject: x\nMerhaba\nbir soru\n") == ({"subject": [b"x"]}, b"Merhaba\nbir soru\n")


def test_a_wrongly_broken_line_does_not_end_the_header() -> None:
    fields, body = read(b"Subject: x\nbroken off\nTo: a@b.example\n\nbody")

    assert fields == {"subject": [b"x"], "to": [b"a@b.example"]}
    assert body == b"body"


def test_fields_beyond_a_thousand_are_skipped_up_to_the_body() -> None:
    fields, body = read(b"X-Filler: x\n" * 2_000 + b"\nbody")

    assert len(fields["x-filler"]) == 1_000
    assert body == b"body"


def test_exactly_a_thousand_fields_leave_the_body_whole() -> None:
    assert read(b"X-Filler: x\n" * 1_000 + b"\n\nbody\n\nrest")[1] == b"\nbody\n\nrest"


def test_of_a_field_of_megabytes_the_beginning_is_kept() -> None:
    fields, body = read(b"Subject: " + b"x" * 5_000_000 + b"\n\nbody")

    assert len(fields["subject"][0]) < 65_536
    assert body == b"body"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?utf-8?Q?Ay=C5=9Fe_Y=C4=B1lmaz?=", "Ayşe Yılmaz"),
        (b"=?iso-8859-9?B?3uxr/A==?=", "Şìkü"),
        (b"=?utf-8?q?=C5?= =?utf-8?q?=9Eule?=", "Şule"),
        (b"=?utf-8?q?a?=  =?iso-8859-9?q?=FE?= b", "aş b"),
        (b"Re: =?utf-8?q?a?= b", "Re: a b"),
        (b"=?utf-8*tr?q?=C5=9Eule?=", "Şule"),
        (b"=?utf-8?q?Nas=C4=B1ls=C4=B1n??=", "Nasılsın?"),
        (b"=?utf-8?q?iki kelime?=", "iki kelime"),
        (b"(=?utf-8?q?a?=)", "(a)"),
        (b"=?utf-8?b?QXnFn2U?=", "Ayşe"),
        (b"=?utf-8?b?QXnFn2U=Q?=", "Ayşe"),
        (b"=?x-nonsense?q?=DEule?=", "Şule"),
        (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        (b"=?utf-8?q?never ends", "=?utf-8?q?never ends"),
        (b"=?utf-8?q??=", ""),
        (b"Ay\xfee =?utf-8?q?Y=C4=B1lmaz?=", "Ayşe Yılmaz"),
        ("Ελένη".encode(), "Ελένη"),
    ],
)
def test_encoded_words_are_decoded_however_broken(value: bytes, text: str) -> None:
    assert decode_header(value) == text


def test_raw_bytes_are_in_the_set_of_the_body() -> None:
    assert decode_header("Zażółć".encode("cp1250"), "windows-1250") == "Zażółć"


@pytest.mark.parametrize(
    ("value", "parameters"),
    [
        (b'text/plain; charset="utf-8"; format=flowed', {"charset": "utf-8", "format": "flowed"}),
        (b"text/plain;CHARSET = utf-8 ;x", {"charset": "utf-8"}),
        (b'x; filename="a \\"b\\" c.pdf"', {"filename": 'a "b" c.pdf'}),
        (b'x; filename="C:\\Belgeler\\fatura.pdf"', {"filename": "C:\\Belgeler\\fatura.pdf"}),
        (b'x; filename="a; b.pdf"', {"filename": "a; b.pdf"}),
        (b"x; filename=iki kelime.pdf; size=3", {"filename": "iki kelime.pdf", "size": "3"}),
        (b'x; filename="no end.pdf', {"filename": "no end.pdf"}),
        (b'x; filename="=?utf-8?q?=C5=9Eubat=2Epdf?="', {"filename": "Şubat.pdf"}),
        (b"x; filename*=UTF-8''%C5%9Eubat.pdf", {"filename": "Şubat.pdf"}),
        (b"x; filename*=iso-8859-9'tr'%DEubat.pdf", {"filename": "Şubat.pdf"}),
        (
            b"x; filename*1*=%9Eubat; filename*0*=utf-8''%C5; filename*2=.pdf",
            {"filename": "Şubat.pdf"},
        ),
        (b'x; filename*0="uzun "; filename*1="ad.pdf"', {"filename": "uzun ad.pdf"}),
        (b"x; filename*=Subat.pdf", {"filename": ""}),
        ("x; filename=Şubat.pdf".encode("cp1254"), {"filename": "Şubat.pdf"}),
        (b"x; a=1; a=2", {"a": "1"}),
        (b";;;==;*=;=", {}),
    ],
)
def test_parameters_are_read_however_they_are_written(
    value: bytes, parameters: dict[str, str]
) -> None:
    assert parse_parameters(value) == parameters

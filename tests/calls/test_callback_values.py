"""What is shown of an answer."""

import json
from typing import Any

import pytest

from core.errors import CallbackFailed
from services.lookups.definitions import AnswerField, Concealed, Definition, Header, Listed
from services.lookups.pointers import is_pointer, value_at
from services.lookups.values import labelled, read_answer

# The examples of RFC 6901, section 5.
RFC_DOCUMENT: dict[str, Any] = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}
RFC_POINTERS: list[tuple[str, Any]] = [
    ("", RFC_DOCUMENT),
    ("/foo", ["bar", "baz"]),
    ("/foo/0", "bar"),
    ("/", 0),
    ("/a~1b", 1),
    ("/c%d", 2),
    ("/e^f", 3),
    ("/g|h", 4),
    ("/i\\j", 5),
    ('/k"l', 6),
    ("/ ", 7),
    ("/m~0n", 8),
]


def shown(body: bytes, pointer: str = "/v") -> str | None:
    (value,) = labelled(read_answer(body), [AnswerField("Value", pointer)])
    assert value.label == "Value"
    return value.value


@pytest.mark.parametrize(("pointer", "value"), RFC_POINTERS)
def test_pointers_lead_where_the_standard_says(pointer: str, value: Any) -> None:
    assert is_pointer(pointer)
    assert value_at(RFC_DOCUMENT, pointer) == value


@pytest.mark.parametrize(
    "pointer", ["/no", "/foo/2", "/foo/-", "/foo/-1", "/foo/01", "/foo/²", "/foo/0/0", "/a~1b/c"]
)
def test_a_pointer_to_nothing_gives_nothing(pointer: str) -> None:
    assert value_at(RFC_DOCUMENT, pointer) is None


@pytest.mark.parametrize("text", ["foo", "/~", "/~2", "#/foo"])
def test_what_is_no_pointer_is_known(text: str) -> None:
    assert not is_pointer(text)


@pytest.mark.parametrize(
    ("json_text", "text"),
    [
        ('"Ayşe"', "Ayşe"),
        ("19.90", "19.90"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("1" + "0" * 1_500, "1" + "0" * 1_500),
        ("1E400", "1E400"),
        ("true", "true"),
        ("null", None),
        ('["a", 1.50, false, null]', "a, 1.50, false, null"),
        ("[]", ""),
        ('{"a": [1.0, "ş"], "b": null}', '{"a":[1.0,"ş"],"b":null}'),
        ('[{"a": "x\\"y"}]', '[{"a":"x\\"y"}]'),
        ('"two\\r\\nlines"', "two\nlines"),
        ('"cafe\\u0301"', "café"),
        ('"a\\u0000b\\u001bc\\ud800d"', "abcd"),
        ('"gpj.\\u202eexe\\u202c\\u2066"', "gpj.exe"),
    ],
)
def test_values_are_shown_as_they_are_spelled(json_text: str, text: str | None) -> None:
    assert shown(f'{{"v": {json_text}}}'.encode()) == text


def test_long_values_are_cut_with_a_mark() -> None:
    assert shown(json.dumps({"v": "x" * 2_000}).encode()) == "x" * 2_000
    assert shown(json.dumps({"v": "x" * 2_001}).encode()) == "x" * 1_999 + "…"
    assert len(shown(json.dumps({"v": [["é" * 900]] * 5}).encode()) or "") == 2_000


def test_of_members_with_one_name_the_last_one_counts() -> None:
    assert shown(b'{"v": 1, "v": 2}') == "2"


def test_a_byte_order_mark_does_no_harm() -> None:
    assert shown(b'\xef\xbb\xbf{"v": 1}') == "1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b'{"v": NaN}',
        b'{"v": -Infinity}',
        b'{"v": "\xff"}',
        b'{"v": 1',
        b'{"v": 1}{"v": 1}',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 65 + b"]" * 65,
    ],
    ids=lambda body: repr(body[:12]) + str(len(body)),
)
def test_what_is_no_sensible_json_is_refused(body: bytes) -> None:
    with pytest.raises(CallbackFailed) as failed:
        read_answer(body)
    assert failed.value.reason == "NOT_JSON"


def test_64_levels_are_read() -> None:
    assert shown(b"[" * 64 + b"]" * 64, "") == "[" * 64 + "]" * 64


def test_secrets_are_hidden_as_answers_spell_them() -> None:
    """JSON escapes some characters, and what is shown is normalised."""
    key, quoted, decomposed = '{"key":"topsecret123"}', r'pass\word"quoted', "cafe\u0301-secret"
    definition = Definition(
        "https://crm.example/",
        headers=Listed((Header("X-A", key, is_secret=True), Header("X-B", quoted, is_secret=True))),
        secret=Concealed(decomposed),
    )
    echo = json.dumps({"all": [key, quoted, decomposed]}, ensure_ascii=False).encode()
    fields = [AnswerField("Everything", ""), AnswerField("All", "/all")]

    shown = labelled(read_answer(echo), fields, definition.secret_texts())

    assert [each.value for each in shown] == [
        '{"all":["••••••","••••••","••••••"]}',
        "••••••, ••••••, ••••••",
    ]

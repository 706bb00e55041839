"""Secrets at rest: sealed for one row, with keys that can be changed."""

import stat
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.secrets import SecretBox, SecretUnreadable, keys_of_file, parse_keys

OLD, NEW = b"o" * 32, b"n" * 32


def box_of(*keys: bytes) -> SecretBox:
    return SecretBox(lambda: keys)


def test_a_secret_opens_with_its_key_for_its_row() -> None:
    sealed = box_of(OLD).seal(b"hunter2", context=b"row 1")

    assert b"hunter2" not in sealed
    assert box_of(OLD).open(sealed, context=b"row 1") == b"hunter2"
    assert sealed != box_of(OLD).seal(b"hunter2", context=b"row 1")


def test_a_secret_opens_in_no_other_way() -> None:
    sealed = box_of(OLD).seal(b"hunter2", context=b"row 1")
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])

    for box, value, context in (
        (box_of(OLD), sealed, b"row 2"),
        (box_of(NEW), sealed, b"row 1"),
        (box_of(OLD), changed, b"row 1"),
        (box_of(OLD), sealed[:10], b"row 1"),
        (box_of(OLD), b"", b"row 1"),
    ):
        with pytest.raises(SecretUnreadable):
            box.open(value, context=context)


def test_the_first_key_seals_and_the_others_still_open() -> None:
    before = box_of(OLD).seal(b"hunter2", context=b"row 1")
    rotated = box_of(NEW, OLD)

    assert rotated.open(before, context=b"row 1") == b"hunter2"
    after = rotated.seal(b"hunter2", context=b"row 1")
    assert box_of(NEW).open(after, context=b"row 1") == b"hunter2"


def test_a_digest_tells_secrets_apart_to_those_who_have_the_key() -> None:
    assert box_of(OLD).digest("hunter2") == box_of(OLD, NEW).digest("hunter2")
    assert box_of(OLD).digest("hunter2") != box_of(OLD).digest("hunter3")
    assert box_of(OLD).digest("hunter2") != box_of(NEW).digest("hunter2")


def test_keys_are_read_as_base64() -> None:
    text = ", ".join(b64encode(key).decode() for key in (NEW, OLD))

    assert parse_keys(text) == [NEW, OLD]


@pytest.mark.parametrize("text", ["", ",", "secret", b64encode(b"short").decode(), "ü"])
def test_what_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^it is one or more keys of 32 bytes in base64"):
        parse_keys(text)


def test_a_missing_key_file_is_made_once_and_for_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secrets.key"

    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(keys_of_file, [path] * 8))

    assert keys == [keys_of_file(path)] * 8
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]

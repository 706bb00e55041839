from base64 import urlsafe_b64encode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from subscriptions.cursors import (
    MAX_CURSOR_CHARACTERS,
    MAX_POSITION,
    InvalidCursor,
    ResetReason,
    decode_cursor,
    encode_cursor,
)

EPOCH = "5f0c2e9a"
OTHER_EPOCH = "00000000"

positions = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=64),
    st.integers(min_value=0, max_value=MAX_POSITION),
    min_size=1,
    max_size=8,
)


def cursor_of(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@given(positions)
@settings(deadline=None)
def test_cursor_gives_back_its_positions(places: dict[str, int]) -> None:
    assert decode_cursor(encode_cursor(EPOCH, places), EPOCH) == places


def test_cursor_is_short_text_that_needs_no_escaping_in_a_url() -> None:
    cursor = encode_cursor(EPOCH, {"ticket:0190d2f47c1e7a558d0e2f6f0c9b1a11": 1_234})
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert len(cursor) == 82


def test_cursor_of_another_log_is_a_reset() -> None:
    cursor = encode_cursor(OTHER_EPOCH, {"ticket:1": 7})
    assert decode_cursor(cursor, EPOCH) is ResetReason.EPOCH


def test_cursor_holds_the_inboxes_of_64_brands() -> None:
    places = {f"inbox:{brand:032x}": MAX_POSITION for brand in range(64)}
    assert decode_cursor(encode_cursor(EPOCH, places), EPOCH) == places


def test_more_topics_than_a_cursor_holds_are_refused_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="A cursor cannot hold 200 topics"):
        encode_cursor(EPOCH, {f"inbox:{brand:032x}": 1 for brand in range(200)})


@given(st.text() | st.binary().map(cursor_of))
@example("é")
@example("\ud800")
@example("A" * (MAX_CURSOR_CHARACTERS + 1))
@example(cursor_of(b"[" * 6_000))
@example(encode_cursor(EPOCH, {"ticket:1": 7})[:-2])
@settings(deadline=None)
def test_garbage_is_an_invalid_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(text, EPOCH)


@pytest.mark.parametrize(
    "content",
    [
        b"null",
        b'["5f0c2e9a"]',
        b'["5f0c2e9a", {}]',
        b'["5f0c2e9a", {"ticket:1": -1}]',
        b'["5f0c2e9a", {"ticket:1": true}]',
        b'["5f0c2e9a", {"ticket:1": 1.0}]',
        b'["5f0c2e9a", {"ticket:1": "1"}]',
        b'["5f0c2e9a", {"ticket:1": NaN}]',
        b'["5f0c2e9a", {"ticket:1": null}]',
        b'["5f0c2e9a", {"ticket:1": 9223372036854775808}]',
        b'["5f0c2e9a", {"ticket:1": 1}, 2]',
        b'["5F0C2E9A", {"ticket:1": 1}]',
        b'["5f0c2e9a\\n", {"ticket:1": 1}]',
        b'[1594633882, {"ticket:1": 1}]',
    ],
)
def test_content_that_no_cursor_has_is_an_invalid_cursor(content: bytes) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(cursor_of(content), EPOCH)

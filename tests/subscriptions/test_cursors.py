from base64 import urlsafe_b64encode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from subscriptions.log.cursors import (
    MAX_CURSOR_CHARACTERS,
    MAX_CURSOR_TOPICS,
    InvalidCursor,
    ResetReason,
    decode_cursor,
    encode_cursor,
)

MAX_POSITION = 2**63 - 1  # of a `bigint`
EPOCH = "5f0c2e9a"
OTHER_EPOCH = "00000000"

TICKET = f"ticket:{0x0190D2F47C1E7A558D0E2F6F0C9B1A11:032x}"
PLACE = b"0123456789abcdef" + (7).to_bytes(8, "big")
OPEN_EPOCH = bytes.fromhex(EPOCH)

topics = st.builds(
    lambda noun, row_id: f"{noun}:{row_id.hex}",
    st.sampled_from(["ticket", "inbox", "api_token"]),
    st.uuids(),
)
positions = st.dictionaries(topics, st.integers(min_value=0, max_value=MAX_POSITION), max_size=8)


def cursor_of(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@given(positions)
@settings(deadline=None)
def test_cursor_gives_back_its_positions(places: dict[str, int]) -> None:
    assert decode_cursor(encode_cursor(EPOCH, places), EPOCH) == places


def test_cursor_is_short_text_that_needs_no_escaping_in_a_url() -> None:
    cursor = encode_cursor(EPOCH, {TICKET: 1_234})
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert len(cursor) == 47


def test_cursor_of_another_log_is_a_reset() -> None:
    cursor = encode_cursor(OTHER_EPOCH, {TICKET: 7})
    assert decode_cursor(cursor, EPOCH) is ResetReason.EPOCH


def test_cursor_holds_the_inboxes_of_as_many_brands_as_a_stream_may_follow() -> None:
    places = {f"inbox:{2**127 + brand:032x}": MAX_POSITION for brand in range(MAX_CURSOR_TOPICS)}
    cursor = encode_cursor(EPOCH, places)
    assert decode_cursor(cursor, EPOCH) == places
    assert len(cursor) < 64 * 1024  # half of what a message over a socket may have


# Six characters are the epoch of a cursor without topics.
@given(st.text().filter(lambda text: len(text) != 6) | st.binary(min_size=5).map(cursor_of))
@example("é")
@example("\ud800")
@example("soon")
@example("A" * (MAX_CURSOR_CHARACTERS + 1))
@example("A" * MAX_CURSOR_CHARACTERS)
@example(cursor_of(b"[" * 6_000))
@example(cursor_of(OPEN_EPOCH + b"a" * 40_000))
@example(encode_cursor(EPOCH, {TICKET: 7})[:-2])
@example(encode_cursor(EPOCH, {TICKET: 7}) + "=")
@example(encode_cursor(EPOCH, {TICKET: 7})[:-1] + "d")
@settings(deadline=None)
def test_garbage_is_an_invalid_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(text, EPOCH)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 3,
        OPEN_EPOCH + b":" + PLACE,
        OPEN_EPOCH + b"Ticket:" + PLACE,
        OPEN_EPOCH + b"ticket" + PLACE,
        OPEN_EPOCH + b"ticket:" + PLACE[:-1],
        OPEN_EPOCH + b"ticket:" + PLACE + b"x",
        OPEN_EPOCH + b"ticket:" + PLACE[:16] + b"\xff" * 8,
        OPEN_EPOCH + (b"ticket:" + PLACE) * 2,
    ],
)
def test_content_that_no_cursor_has_is_an_invalid_cursor(content: bytes) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(cursor_of(content), EPOCH)

"""What strangers and forgers send: it is refused, soon, and never an internal error."""

import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from core.errors import ValidationFailed
from core.text import is_far_over, normalise
from services.search import check_search
from services.validation import InputCheck
from tests.support.desk import World

# One letter that folding turns into eighteen: a megabyte of it took more than two seconds.
MEGABYTE = "\ufdfa" * 349_525
SECONDS_AT_MOST = 0.5

NODE_ID = "00000000-0000-0000-0000-000000000000"
FAR_ENDS = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"]
BEYOND_THE_CALENDAR = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]


def forged(*values: Any) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


# Texts far over their limits


@pytest.mark.parametrize(
    ("kind", "limits"),
    [
        ("line", [200]),
        ("optional_line", [200]),
        ("text", [200]),
        ("optional_text", [200]),
        ("email", []),
        ("optional_email", []),
        ("optional_phone", []),
    ],
)
def test_a_text_far_over_its_limit_is_refused_without_being_read(
    kind: str, limits: list[int]
) -> None:
    checked = InputCheck()
    began = time.process_time()

    getattr(checked, kind)("field", MEGABYTE, *limits)

    assert time.process_time() - began < SECONDS_AT_MOST
    (problem,) = checked.problems
    assert problem.path == ("input", "field")
    assert problem.code == "TOO_LONG"
    assert problem.limit in {200, 250, 254}
    assert problem.actual == len(MEGABYTE)


def test_a_search_far_over_its_limit_is_refused_without_being_read() -> None:
    began = time.process_time()

    with pytest.raises(ValidationFailed) as refused:
        check_search(MEGABYTE)

    assert time.process_time() - began < SECONDS_AT_MOST
    (problem,) = refused.value.problems
    assert (problem.path, problem.limit, problem.actual) == (("search",), 200, len(MEGABYTE))


def test_a_text_of_the_longest_decomposition_is_not_far_over() -> None:
    decomposed = "\u03b1\u0313\u0300\u0345" * 200

    assert len(normalise(decomposed)) == 200
    assert not is_far_over(decomposed, 200)
    assert is_far_over(decomposed + "x", 200)


def test_an_address_or_number_that_is_too_long_has_one_problem_only() -> None:
    check = InputCheck()

    assert check.email("email", "x" * 255) == ""
    assert check.optional_phone("phone", "1" * 251) is None
    assert [(p.path[-1], p.limit, p.actual) for p in check.problems] == [
        ("email", 254, 255),
        ("phone", 250, 251),
    ]


async def test_a_stranger_cannot_stop_the_desk_by_signing_in(world: World) -> None:
    document = """
        mutation ($text: String!) {
          signIn(input: {email: $text, password: $text}) {
            ... on ValidationFailed { fields { path code limit actual } }
          }
        }
    """
    began = time.process_time()

    result = await world.nobody.act(document, text=MEGABYTE[:300_000])

    assert time.process_time() - began < 1
    assert result["fields"] == [
        {"path": ["input", "email"], "code": "TOO_LONG", "limit": 254, "actual": 300_000},
        {"path": ["input", "password"], "code": "TOO_LONG", "limit": 1_000, "actual": 300_000},
    ]


async def test_an_endless_idempotency_key_is_refused(world: World) -> None:
    document = """
        mutation ($key: String!) {
          tagCreate(input: {name: "vip", idempotencyKey: $key}) {
            ... on ValidationFailed { fields { path code limit actual } }
          }
        }
    """
    before = await world.counts()

    result = await world.admin.act(document, key=MEGABYTE[:300_000])

    assert result["fields"] == [
        {"path": ["input", "idempotencyKey"], "code": "TOO_LONG", "limit": 255, "actual": 300_000}
    ]
    assert await world.counts() == before


# Forged cursors


@pytest.mark.parametrize("argument", ["after", "before"])
async def test_a_forged_moment_is_no_cursor(world: World, argument: str) -> None:
    document = f"""
        query ($cursor: String) {{
          tickets({argument}: $cursor, orderBy: CREATED_NEWEST_FIRST) {{ nodes {{ id }} }}
        }}
    """
    for values in (
        *((moment, NODE_ID) for moment in BEYOND_THE_CALENDAR),
        ("2026-01-01T00:00:00", NODE_ID),
        (2026, NODE_ID),
        (FAR_ENDS[0], 5),
        (FAR_ENDS[0], [NODE_ID]),
        (FAR_ENDS[0],),
    ):
        answer = await world.admin.send(document, cursor=forged("created_at-", *values))
        assert refused_places(answer.error) == [([argument], "INVALID_CURSOR")]


async def test_a_moment_at_the_end_of_the_calendar_is_a_cursor(world: World) -> None:
    await world.receive()
    document = """
        query ($cursor: String) {
          tickets(after: $cursor, orderBy: CREATED_NEWEST_FIRST) { nodes { number } }
        }
    """
    for moment, count in zip(FAR_ENDS, (0, 1), strict=True):
        found = await world.admin.ask(document, cursor=forged("created_at-", moment, NODE_ID))
        assert len(found["tickets"]["nodes"]) == count


@pytest.mark.parametrize("argument", ["after", "before"])
async def test_a_position_that_no_column_holds_is_no_cursor(world: World, argument: str) -> None:
    _message, ticket = await world.receive()
    document = f"""
        query ($id: ID!, $cursor: String) {{
          ticket(id: $id) {{ changes({argument}: $cursor) {{ nodes {{ id }} }} }}
        }}
    """
    positions: tuple[Any, ...] = (2**63, -(2**63) - 1, 2**64, 1e300, [], "x", None)
    for position in positions:
        cursor = forged("seq+", position, NODE_ID)
        answer = await world.admin.send(document, id=ticket, cursor=cursor)
        assert refused_places(answer.error) == [([argument], "INVALID_CURSOR")]


async def test_the_highest_position_of_a_column_is_a_cursor(world: World) -> None:
    _message, ticket = await world.receive()
    document = (
        "query ($id: ID!, $c: String) { ticket(id: $id) { changes(after: $c) { totalCount } } }"
    )

    for position in (2**63 - 1, -(2**63) + 1):
        answer = await world.admin.send(document, id=ticket, c=forged("seq+", position, NODE_ID))
        assert "errors" not in answer.body


async def test_a_text_that_no_database_keeps_is_no_cursor(world: World) -> None:
    document = "query ($cursor: String) { agents(after: $cursor) { nodes { id } } }"

    names: tuple[Any, ...] = ("a\0b", "\0", 5, None, {})
    for name in names:
        answer = await world.admin.send(document, cursor=forged("name_key", name, NODE_ID))
        assert refused_places(answer.error) == [(["after"], "INVALID_CURSOR")]


# The far ends of the calendar


async def test_filters_take_the_ends_of_the_calendar_and_nothing_beyond(world: World) -> None:
    await world.receive()
    document = "query ($m: DateTime) { tickets(filter: {createdUntil: $m}) { totalCount } }"

    for moment, count in zip(FAR_ENDS, (0, 1), strict=True):
        assert (await world.admin.ask(document, m=moment))["tickets"]["totalCount"] == count
    for moment in BEYOND_THE_CALENDAR:
        answer = await world.admin.send(document, m=moment)
        assert answer.error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_reminder_at_the_end_of_the_calendar_is_kept_as_it_is(world: World) -> None:
    _message, ticket = await world.receive()
    document = """
        mutation ($t: ID!, $m: DateTime) {
          noteAdd(input: {kind: TICKET, ticketId: $t, body: "Call back", remindAt: $m}) {
            ... on NoteAddSuccess { note { remindAt } }
          }
        }
    """
    result = await world.ayse.act(document, t=ticket, m=FAR_ENDS[1])
    assert result["note"] == {"remindAt": FAR_ENDS[1]}


def refused_places(error: dict[str, Any]) -> list[tuple[list[str], str]]:
    return [(field["path"], field["code"]) for field in error["extensions"]["fields"]]


# Keys and versions

TAG_CREATE = """
    mutation ($key: String) {
      tagCreate(input: {name: "Urgent", idempotencyKey: $key}) {
        __typename
        ... on ValidationFailed { fields { path code limit actual } }
      }
    }
"""
TICKET_UPDATE = """
    mutation ($ticket: ID!, $version: Int!) {
      ticketUpdate(input: {ticketId: $ticket, expectedVersion: $version, title: "New"}) {
        __typename
        ... on ValidationFailed { fields { path code limit actual } }
      }
    }
"""


@pytest.mark.parametrize(
    ("key", "code", "limit", "actual"),
    [
        ("", "REQUIRED", None, None),
        ("  ", "REQUIRED", None, None),
        ("a\x00b", "INVALID_FORMAT", None, None),
        ("e" + "\u0301" * 3_000, "TOO_LONG", 255, 3_001),
    ],
)
async def test_an_idempotency_key_that_cannot_be_kept_is_refused_without_a_trace(
    world: World, key: str, code: str, limit: int | None, actual: int | None
) -> None:
    before = await world.counts()

    result = await world.admin.act(TAG_CREATE, key=key)

    path = ["input", "idempotencyKey"]
    assert result["fields"] == [{"path": path, "code": code, "limit": limit, "actual": actual}]
    assert await world.counts() == before


@pytest.mark.parametrize(
    ("version", "code", "limit"), [(-1, "OUT_OF_RANGE", 0), (99, "VERSION_IN_FUTURE", 2)]
)
async def test_a_version_that_never_was_is_refused_without_a_trace(
    world: World, version: int, code: str, limit: int
) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await world.ayse.act(TICKET_UPDATE, ticket=ticket, version=version)

    path = ["input", "expectedVersion"]
    assert result["fields"] == [{"path": path, "code": code, "limit": limit, "actual": version}]
    assert await world.counts() == before


async def test_a_text_of_which_nothing_can_be_seen_is_refused(world: World) -> None:
    _message, ticket = await world.receive()

    result = await world.ayse.act(
        """
        mutation ($ticket: ID!) {
          messageSend(input: {ticketId: $ticket, body: "\\u200b\\u200b"}) {
            __typename
            ... on ValidationFailed { fields { path code } }
          }
        }
        """,
        ticket=ticket,
    )

    assert result["fields"] == [{"path": ["input", "body"], "code": "REQUIRED"}]

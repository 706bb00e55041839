"""Signing in and out, and how long a session lasts."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from core import clock
from models.agents import Agent
from models.sessions import Session, SignInFailures
from models.viewers import ApiScope
from services import passwords, sessions
from services.passwords import hash_password
from tests.support.desk import Client, World
from tests.support.sessions import PASSWORD, SIGN_IN, SIGN_OUT

ME = "{ me { __typename ... on Agent { name } ... on Integration { name } } }"
WRONG = {
    "__typename": "WrongCredentials",
    "code": "WRONG_CREDENTIALS",
    "message": "The e-mail address or the password is wrong.",
}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = clock.now()
        monkeypatch.setattr(clock, "now", lambda: self.moment)

    def pass_by(self, **time: float) -> None:
        self.moment += timedelta(**time)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords in less than a millisecond: nobody attacks a test."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "_hash_of_nobody", lambda: quick.hash("nobody"))


@pytest.fixture
async def desk(world: World, quick_hashes: None) -> World:
    """The desk, where ayse has a password."""
    password_hash = await hash_password(PASSWORD)
    async with world.desk.database.transaction() as session:
        await session.execute(
            update(Agent)
            .where(Agent.id == world.agents["ayse"].id)
            .values(password_hash=password_hash)
        )
    return world


async def sign_in(
    world: World,
    email: str = "ayse@desk.example",
    password: str = PASSWORD,
    earlier_token: str | None = None,
) -> dict[str, Any]:
    return await world.nobody.act(
        SIGN_IN, email=email, password=password, earlierToken=earlier_token
    )


async def signed_in(world: World) -> Client:
    return Client(world.http, (await sign_in(world))["token"])


async def rows_of(world: World, model: type[Any]) -> int:
    async with world.desk.database.reading() as connection:
        count: int = (
            await connection.execute(select(func.count()).select_from(model))
        ).scalar_one()
    return count


async def assert_refused(client: Client) -> None:
    answer = await client.send(ME)
    assert answer.status == 401
    assert answer.body == {
        "errors": [
            {
                "message": "Sign in first: no valid token was sent.",
                "extensions": {"code": "UNAUTHENTICATED"},
            }
        ]
    }


async def test_signing_in_gives_a_token_that_opens_the_desk(desk: World, frozen: Clock) -> None:
    result = await sign_in(desk)

    assert result["agent"] == {"name": "Ayse"}
    assert datetime.fromisoformat(result["expiresAt"]) == frozen.moment + timedelta(days=7)
    me = await Client(desk.http, result["token"]).ask(ME)
    assert me == {"me": {"__typename": "Agent", "name": "Ayse"}}


async def test_the_case_of_the_address_does_not_matter(desk: World) -> None:
    assert (await sign_in(desk, " Ayse@Desk.Example "))["__typename"] == "SignInSuccess"


async def test_what_follows_signing_in_is_done_by_the_agent(desk: World) -> None:
    document = """
        mutation {
          signIn(input: {email: "ayse@desk.example", password: "correct horse battery staple"}) {
            __typename
          }
          signOut { __typename }
        }
    """

    assert await desk.nobody.ask(document) == {
        "signIn": {"__typename": "SignInSuccess"},
        "signOut": {"__typename": "SignOutSuccess"},
    }


async def test_the_database_keeps_no_token(desk: World) -> None:
    token = (await sign_in(desk))["token"]

    async with desk.desk.database.reading() as connection:
        hashes = (await connection.execute(select(Session.token_hash))).scalars().all()
    assert sessions.token_hash(token) in hashes
    assert token.encode() not in hashes


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ayse@desk.example", "wrong password"),
        ("unknown@desk.example", PASSWORD),
        ("not an address", PASSWORD),
    ],
)
async def test_what_was_wrong_is_not_told_and_no_session_begins(
    desk: World, email: str, password: str
) -> None:
    before = await rows_of(desk, Session)

    assert await sign_in(desk, email, password) == WRONG
    assert await rows_of(desk, Session) == before


async def test_a_password_is_checked_for_an_unknown_address_too(
    desk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str | None] = []

    async def note(password: str, password_hash: str | None) -> bool:
        checked.append(password_hash)
        return False

    monkeypatch.setattr(sessions, "password_matches", note)

    await sign_in(desk, "unknown@desk.example")

    assert checked == [None]


async def test_the_refusal_is_in_the_language_of_the_request(desk: World) -> None:
    greek = Client(desk.http, language="el-CY, en;q=0.5")

    result = await greek.act(SIGN_IN, email="ayse@desk.example", password="wrong password")

    assert result["code"] == "WRONG_CREDENTIALS"
    assert result["message"] != WRONG["message"]


async def test_empty_and_endless_input_is_refused_field_by_field(desk: World) -> None:
    empty = await sign_in(desk, " ", "")
    endless = await sign_in(desk, "a" * 255, "x" * 1_001)

    assert empty["fields"] == [
        {"path": ["input", "email"], "code": "REQUIRED", "limit": None, "actual": None},
        {"path": ["input", "password"], "code": "REQUIRED", "limit": None, "actual": None},
    ]
    assert endless["fields"] == [
        {"path": ["input", "email"], "code": "TOO_LONG", "limit": 254, "actual": 255},
        {"path": ["input", "password"], "code": "TOO_LONG", "limit": 1_000, "actual": 1_001},
    ]
    assert await rows_of(desk, SignInFailures) == 0


async def test_a_session_lasts_while_it_is_used_every_twelve_hours(
    desk: World, frozen: Clock
) -> None:
    client = await signed_in(desk)
    for _ in range(3):
        frozen.pass_by(hours=12, seconds=-1)
        await client.ask(ME)

    frozen.pass_by(hours=12)

    await assert_refused(client)


async def test_a_session_ends_after_seven_days_however_it_is_used(
    desk: World, frozen: Clock
) -> None:
    client = await signed_in(desk)
    for _ in range(7 * 4 - 1):
        frozen.pass_by(hours=6)
        await client.ask(ME)

    frozen.pass_by(hours=6)

    await assert_refused(client)


async def test_a_deactivated_agent_is_out_at_once_and_cannot_come_back(desk: World) -> None:
    client = await signed_in(desk)
    async with desk.desk.database.transaction() as session:
        await session.execute(
            update(Agent).where(Agent.id == desk.agents["ayse"].id).values(active=False)
        )

    await assert_refused(client)
    assert await sign_in(desk) == WRONG


async def test_signing_out_ends_this_session_and_no_other(desk: World, frozen: Clock) -> None:
    client, other = await signed_in(desk), await signed_in(desk)

    result = await client.act(SIGN_OUT)

    assert datetime.fromisoformat(result["signedOutAt"]) == frozen.moment
    await assert_refused(client)
    assert (await other.ask(ME))["me"]["name"] == "Ayse"


async def test_nobody_cannot_sign_out(desk: World) -> None:
    assert (await desk.nobody.send(SIGN_OUT)).error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_api_token_cannot_sign_out_but_knows_who_it_is(desk: World) -> None:
    client = await desk.integration(ApiScope.TICKETS_READ)

    assert await client.act(SIGN_OUT) == {"__typename": "NotAllowed", "code": "NOT_ALLOWED"}
    assert await client.ask(ME) == {"me": {"__typename": "Integration", "name": "Call centre"}}


async def test_nobody_is_told_to_sign_in(desk: World) -> None:
    answer = await desk.nobody.send(ME)

    assert answer.status == 200
    assert answer.error["message"] == "Sign in first: no valid token was sent."
    assert answer.error["extensions"] == {"code": "UNAUTHENTICATED"}


@pytest.mark.parametrize("authorization", ["Bearer", "Basic YTpi", "Bearer sts_x", "Bearer sta_x"])
async def test_a_header_that_opens_nothing_is_refused(desk: World, authorization: str) -> None:
    response = await desk.http.post(
        "/graphql", json={"query": ME}, headers={"authorization": authorization}
    )

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


async def test_after_ten_failures_even_the_right_password_has_to_wait(
    desk: World, frozen: Clock
) -> None:
    for _ in range(10):
        assert await sign_in(desk, password="wrong password") == WRONG
        frozen.pass_by(seconds=1)
    before = await rows_of(desk, Session)

    result = await sign_in(desk)

    assert result == {
        "__typename": "Unavailable",
        "retryAfterSeconds": 15 * 60 - 10,
        "code": "UNAVAILABLE",
        "message": "This is not available at the moment. Please try again shortly.",
    }
    assert await rows_of(desk, Session) == before
    frozen.pass_by(seconds=result["retryAfterSeconds"])
    assert (await sign_in(desk))["__typename"] == "SignInSuccess"


async def test_an_unknown_address_has_to_wait_as_well(desk: World) -> None:
    for _ in range(10):
        await sign_in(desk, "unknown@desk.example")

    result = await sign_in(desk, "unknown@desk.example")

    assert result["__typename"] == "Unavailable"
    assert (await sign_in(desk))["__typename"] == "SignInSuccess"


async def test_signing_in_begins_a_new_count(desk: World) -> None:
    for _ in range(2):
        for _ in range(9):
            assert await sign_in(desk, password="wrong password") == WRONG
        assert (await sign_in(desk))["__typename"] == "SignInSuccess"

    assert await rows_of(desk, SignInFailures) == 0


async def test_failures_long_ago_do_not_count(desk: World, frozen: Clock) -> None:
    for _ in range(9):
        await sign_in(desk, password="wrong password")
    frozen.pass_by(minutes=15)
    for _ in range(9):
        assert await sign_in(desk, password="wrong password") == WRONG

    assert (await sign_in(desk))["__typename"] == "SignInSuccess"


async def test_a_right_guess_that_was_on_its_way_learns_nothing(
    desk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail_meanwhile(password: str, password_hash: str | None) -> bool:
        monkeypatch.setattr(sessions, "password_matches", passwords.password_matches)
        for _ in range(10):
            await sign_in(desk, password="wrong password")
        return True

    monkeypatch.setattr(sessions, "password_matches", fail_meanwhile)

    assert (await sign_in(desk))["__typename"] == "Unavailable"


async def test_strangers_who_guess_do_not_keep_out_who_was_here_before(
    desk: World, frozen: Clock
) -> None:
    token = (await sign_in(desk))["token"]
    await Client(desk.http, token).act(SIGN_OUT)
    for _ in range(10):
        await sign_in(desk, password="wrong password")

    assert (await sign_in(desk))["__typename"] == "Unavailable"
    assert (await sign_in(desk, earlier_token=token))["__typename"] == "SignInSuccess"
    assert (await sign_in(desk))["__typename"] == "Unavailable"


async def test_who_was_here_before_has_ten_guesses_too(desk: World) -> None:
    token = (await sign_in(desk))["token"]
    for _ in range(10):
        result = await sign_in(desk, password="wrong password", earlier_token=token)
        assert result == WRONG

    assert (await sign_in(desk, earlier_token=token))["__typename"] == "Unavailable"
    assert (await sign_in(desk))["__typename"] == "SignInSuccess"


@pytest.mark.parametrize("whose", ["nobody's", "another agent's"])
async def test_a_token_of_somebody_else_is_worth_nothing(desk: World, whose: str) -> None:
    token = desk.tokens["nikos"] if whose == "another agent's" else "sts_made-up"
    for _ in range(10):
        await sign_in(desk, password="wrong password")

    assert (await sign_in(desk, earlier_token=token))["__typename"] == "Unavailable"


async def test_an_operation_signs_in_once(desk: World) -> None:
    field = 'signIn(input: {email: "ayse@desk.example", password: "x"}) { __typename }'

    answer = await desk.nobody.send(f"mutation {{ a: {field} b: {field} }}")

    assert answer.error["extensions"] == {"code": "ROOT_FIELD_REPEATED", "limit": 1, "actual": 2}
    assert await rows_of(desk, SignInFailures) == 0


@pytest.mark.parametrize("change", [{"password_hash": "another"}, {"active": False}])
async def test_a_password_that_is_changed_while_it_is_checked_opens_nothing(
    desk: World, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    before = await rows_of(desk, Session)

    async def change_meanwhile(password: str, password_hash: str | None) -> bool:
        matches = await passwords.password_matches(password, password_hash)
        async with desk.desk.database.transaction() as session:
            await session.execute(
                update(Agent).where(Agent.id == desk.agents["ayse"].id).values(**change)
            )
        return matches

    monkeypatch.setattr(sessions, "password_matches", change_meanwhile)

    assert await sign_in(desk) == WRONG
    assert await rows_of(desk, Session) == before
    assert await rows_of(desk, SignInFailures) == 1


async def test_no_more_than_four_passwords_are_checked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running: set[int] = set()
    most = 0

    def check(password: str, password_hash: str | None) -> bool:
        nonlocal most
        running.add(id(password))
        most = max(most, len(running))
        time.sleep(0.01)
        running.discard(id(password))
        return True

    monkeypatch.setattr(passwords, "_matches", check)

    await asyncio.gather(*(passwords.password_matches(f"guess {n}", None) for n in range(12)))

    assert most == passwords.HASHES_AT_ONCE


async def test_a_read_does_not_wait_for_whoever_writes(
    desk: World, monkeypatch: pytest.MonkeyPatch, frozen: Clock
) -> None:
    monkeypatch.setattr(sessions, "TOUCH_WAIT_SECONDS", 0.05)
    client = await signed_in(desk)
    frozen.pass_by(hours=1)

    async with desk.desk.database.transaction() as session:
        await session.execute(update(Session).values(ended_at=None))
        assert (await client.ask(ME))["me"]["name"] == "Ayse"
        assert (await client.ask(ME))["me"]["name"] == "Ayse"
    await asyncio.gather(*sessions._touches.values())

    async with desk.desk.database.reading() as connection:
        last_used = await connection.scalar(select(func.max(Session.last_used_at)))
    assert last_used == frozen.moment


async def test_a_sign_of_life_that_cannot_be_written_is_no_failure(
    desk: World, monkeypatch: pytest.MonkeyPatch, frozen: Clock
) -> None:
    client = await signed_in(desk)
    frozen.pass_by(hours=1)

    def fail() -> None:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(desk.desk.database, "transaction", fail)

    assert (await client.ask(ME))["me"]["name"] == "Ayse"
    assert sessions._touches == {}

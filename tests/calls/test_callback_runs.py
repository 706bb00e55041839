"""Running callbacks, against a real server of the company."""

import asyncio
import hmac
import json
import logging
import shutil
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from core import clock
from core.ids import decode_global_id
from models.base import Base
from models.callbacks import Callback
from services.lookups.runs import RUNS_OF_AN_AGENT_AT_ONCE
from tests.calls.company_server import never, says
from tests.support.callbacks import LIST, UPDATE, problems
from tests.support.desk import World
from tests.support.shops import ANSWER, HOST, RUN, Shop, open_shop

SECRET = "s3cret-of-the-signature"
TOKEN = "t0ken-of-the-header"


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One kind of database is enough: nothing is written."""
    path = tmp_path / "starling.sqlite3"
    shutil.copy(sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(database_url, tmp_path) as opened:
        yield opened


async def test_an_agent_sees_labelled_values(shop: Shop) -> None:
    callback_id = await shop.add()
    before = await shop.world.counts()

    result = await shop.run("ayse", callback_id)

    assert result["values"] == [
        {"label": "Name", "value": "Elif Şahin"},
        {"label": "VIP", "value": "true"},
        {"label": "Balance", "value": "19.5"},
        {"label": "Tags", "value": "gold, 7"},
        {"label": "Order", "value": '{"id":1,"state":"sent"}'},
        {"label": "Company", "value": None},
    ]
    assert result["fetchedAt"].endswith("Z")
    assert [asked.target for asked in shop.server.asked] == [
        "/customers?fields=short&email=elif%40example.com"
    ]
    assert await shop.world.counts() == before


async def test_parameters_go_where_the_definition_says_and_nowhere_else(shop: Shop) -> None:
    def parameter(name: str, place: str) -> dict[str, Any]:
        return {"name": name, "label": name, "place": place, "isRequired": place == "PATH"}

    names = {"name": "PATH", "q": "QUERY", "X-Agent": "HEADER", "note": "BODY", "empty": "BODY"}
    port = shop.server.port
    callback_id = await shop.add(
        url=f"https://{HOST}:{port}/c/{{name}}/x",
        method="POST",
        secret=SECRET,
        headers=[{"name": "Authorization", "value": TOKEN, "isSecret": True}],
        parameters=[parameter(*each) for each in names.items()],
    )
    given = {"name": "a/b ş?#%", "q": "x&y=z #", "X-Agent": "Ayse 1", "note": 'Ş "x"', "empty": " "}
    values = [{"name": name, "value": value} for name, value in given.items()]

    began = int(clock.now().timestamp())
    await shop.run("ayse", callback_id, parameters=values)

    (asked,) = shop.server.asked
    timestamp = asked.headers["starling-timestamp"]
    signed = f"{timestamp}.POST.{asked.target}.".encode() + asked.body
    signature = hmac.new(SECRET.encode(), signed, sha256).hexdigest()
    assert asked.method == "POST"
    assert asked.target == "/c/a%2Fb%20%C5%9F%3F%23%25/x?q=x%26y%3Dz%20%23"
    assert json.loads(asked.body) == {"note": 'Ş "x"'}
    assert began <= int(timestamp) <= began + 5
    assert asked.headers == {
        "host": f"{HOST}:{port}",
        "connection": "close",
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "Starling",
        "authorization": TOKEN,
        "x-agent": "Ayse 1",
        "content-type": "application/json",
        "content-length": str(len(asked.body)),
        "starling-timestamp": timestamp,
        "starling-signature": f"v1={signature}",
    }


async def test_wrong_parameters_are_named_and_nothing_is_sent(
    shop: Shop, subtests: pytest.Subtests
) -> None:
    callback_id = await shop.add(
        url=f"https://{HOST}:{shop.server.port}/c/{{id}}",
        parameters=[
            {"name": "id", "label": "Number", "place": "PATH"},
            {"name": "X-Name", "label": "Name", "place": "HEADER", "isRequired": False},
        ],
    )
    wrong: list[tuple[list[tuple[str, str | None]], list[tuple[str, str]]]] = [
        ([], [("parameters.id", "REQUIRED")]),
        ([("id", None)], [("parameters.id", "REQUIRED")]),
        ([("id", "  ")], [("parameters.id", "REQUIRED")]),
        ([("id", "x" * 501)], [("parameters.0.value", "TOO_LONG")]),
        ([("id", "a\nb")], [("parameters.0.value", "INVALID_FORMAT")]),
        ([("id", "..")], [("parameters.0.value", "INVALID_FORMAT")]),
        ([("id", "a/../../admin")], [("parameters.0.value", "INVALID_FORMAT")]),
        ([("id", "1"), ("X-Name", "Şahin")], [("parameters.1.value", "INVALID_FORMAT")]),
        ([("id", "1"), ("X-Name", "a\r\nX: b")], [("parameters.1.value", "INVALID_FORMAT")]),
        ([("id", "1"), ("id", "2")], [("parameters.1.name", "ALREADY_TAKEN")]),
        ([("a", None)] * 21, [("parameters", "TOO_LONG")]),
        ([("id", "1"), ("url", "x")], [("parameters.1.name", "UNKNOWN_REFERENCE")]),
    ]

    for given, expected in wrong:
        with subtests.test(str(given)[:40]):
            values = [{"name": name, "value": value} for name, value in given]
            result = await shop.run("ayse", callback_id, parameters=values)
            assert problems(result) == expected
    assert shop.server.connections == 0


async def test_failures_are_told_in_the_agents_language(shop: Shop) -> None:
    shop.server.answers["/customers"] = says(b"{}", status="404 Not Found")
    callback_id = await shop.add()

    refused = await shop.run("ayse", callback_id)
    shop.server.answers["/customers"] = says(b"<html>")
    unreadable = await shop.run("nikos", callback_id)

    assert (refused["reason"], refused["status"]) == ("HTTP_STATUS", 404)
    assert refused["message"] == "Diğer sistem 404 hatasıyla yanıt verdi."
    assert (unreadable["reason"], unreadable["status"]) == ("NOT_JSON", None)
    assert unreadable["message"].startswith("Η απάντηση του άλλου συστήματος δεν διαβάζεται.")


async def test_those_who_do_not_see_a_callback_cannot_run_it(shop: Shop) -> None:
    callback_id = await shop.add()
    integration = await shop.world.integration(brands=[shop.world.acme])

    stranger = await shop.run("stranger", callback_id)
    by_token = await integration.act(RUN, input={"callbackId": callback_id})
    nothing = await shop.run("ayse", None)
    draft = await shop.run("ayse", callback_id, draft=shop.definition())

    assert stranger["__typename"] == "NotFound"
    assert by_token["__typename"] == "NotAllowed"
    assert problems(nothing) == [("callbackId", "REQUIRED")]
    assert draft["__typename"] == "NotAllowed"
    assert shop.server.connections == 0


async def test_an_admin_tries_out_a_draft_with_the_stored_secrets(shop: Shop) -> None:
    header = {"name": "Authorization", "isSecret": True}
    callback_id = await shop.add(secret=SECRET, headers=[{**header, "value": TOKEN}])
    name = [{"label": "Who", "pointer": "/customer/name"}]
    draft = shop.definition(fields=name, headers=[header])
    other_port = shop.definition(headers=[header], url="https://crm.example:4430/")

    unsaved = await shop.run("admin", None, draft=shop.definition(fields=name))
    tried = await shop.run("admin", callback_id, draft=draft)
    unsigned = await shop.run("admin", callback_id, draft={**draft, "secret": None})
    stolen = await shop.run("admin", callback_id, draft=other_port)
    wrong = await shop.run("admin", None, draft={**draft, "url": "x"})

    assert unsaved["values"] == tried["values"] == [{"label": "Who", "value": "Elif Şahin"}]
    assert unsigned["__typename"] == "CallbackRunSuccess"
    first, second, third = shop.server.asked
    assert "authorization" not in first.headers
    assert second.headers["authorization"] == third.headers["authorization"] == TOKEN
    assert "starling-signature" in second.headers
    assert "starling-signature" not in third.headers
    assert problems(stolen) == [
        ("draft.secret", "REQUIRED"),
        ("draft.headers.0.value", "REQUIRED"),
    ]
    assert problems(wrong) == [
        ("draft.url", "INVALID_FORMAT"),
        ("draft.headers.0.value", "REQUIRED"),
    ]


async def test_a_host_that_keeps_failing_is_left_alone_except_by_drafts(shop: Shop) -> None:
    shop.server.answers["/customers"] = says(b"", status="500 Internal Server Error")
    callback_id = await shop.add()

    failed = [(await shop.run("ayse", callback_id))["status"] for _ in range(5)]
    left_alone = await shop.run("nikos", callback_id)
    tried = await shop.run("admin", callback_id, draft=shop.definition())

    assert failed == [500] * 5
    assert left_alone["__typename"] == "Unavailable"
    assert 25 <= left_alone["retryAfterSeconds"] <= 30
    assert tried["status"] == 500
    assert shop.server.connections == 6


async def test_slow_servers_hold_up_nobody_but_those_who_ask_them(shop: Shop) -> None:
    """Writing needs the only connection, so that none may be held while a callback runs."""
    shop.server.answers["/slow"] = never
    url = f"https://{HOST}:{shop.server.port}/slow"
    slow = await shop.add(url=url, timeoutMilliseconds=1_000)
    quick = await shop.add()

    waiting = [asyncio.create_task(shop.run("ayse", slow)) for _ in range(RUNS_OF_AN_AGENT_AT_ONCE)]
    while shop.server.connections < RUNS_OF_AN_AGENT_AT_ONCE:
        await asyncio.sleep(0.01)
    too_many = await shop.run("ayse", quick)
    of_another = await shop.run("nikos", quick)
    pool = shop.world.desk.database._reader.pool
    held = pool.checkedout()  # type: ignore[attr-defined]  # of the pool that is used
    answers = [each["reason"] for each in await asyncio.gather(*waiting)]

    assert (too_many["__typename"], too_many["retryAfterSeconds"]) == ("Unavailable", 1)
    assert of_another["__typename"] == "CallbackRunSuccess"
    assert held == 0
    assert answers == ["TIMEOUT"] * RUNS_OF_AN_AGENT_AT_ONCE


async def test_an_echo_of_the_request_gives_no_secret_away(shop: Shop) -> None:
    echo = {"headers": [f"Authorization: Bearer {TOKEN}", SECRET, TOKEN], "scheme": "Bearer"}
    shop.server.answers["/customers"] = says(json.dumps(echo).encode())
    header = {"name": "Authorization", "value": f"Bearer {TOKEN}", "isSecret": True}
    fields = [{"label": "All", "pointer": ""}, {"label": "Scheme", "pointer": "/scheme"}]
    callback_id = await shop.add(secret=SECRET, headers=[header], fields=fields)

    everything, scheme = (await shop.run("ayse", callback_id))["values"]

    assert everything["value"] == (
        '{"headers":["Authorization: ••••••","••••••","••••••"],"scheme":"Bearer"}'
    )
    assert scheme["value"] == "Bearer"


async def test_secrets_stand_nowhere(
    shop: Shop, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in a table, nor in an answer, nor in a log, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    answers: list[bytes] = []

    async def keep(response: httpx2.Response) -> None:
        answers.append(await response.aread())

    shop.world.http.event_hooks["response"].append(keep)
    admin = shop.world.admin
    header = {"name": "Authorization", "value": TOKEN, "isSecret": True}
    callback_id = await shop.add(secret=SECRET, headers=[header], idempotencyKey="k")
    await shop.add(secret=SECRET, headers=[header], idempotencyKey="k")
    await admin.ask(LIST)
    for secret in (SECRET + "2", SECRET + "\n", SECRET * 50):
        given = {"secret": secret, "headers": [header | {"value": TOKEN + "\x00"}]}
        versions = {"callbackId": callback_id, "expectedVersion": 1}
        await admin.act(UPDATE, input={**versions, **given})
        await admin.act(UPDATE, input={**versions, "secret": secret})
    for answer in (
        says(b"<html>"),
        says(b"{}", status="500 Oh"),
        says(json.dumps(ANSWER).encode()),
    ):
        shop.server.answers["/customers"] = answer
        await shop.run("ayse", callback_id)
    await shop.run("admin", callback_id, draft=shop.definition(url="https://evil.example/"))

    stored = [repr(row).encode() for row in await _all_rows(shop.world)]
    logged = [record.getMessage().encode() for record in caplog.records]
    logged.append(capsys.readouterr().out.encode())
    assert len(shop.server.asked) == 3
    assert any(b"outcome" in line and b"HTTP_STATUS" in line for line in logged)
    for place in (*answers, *stored, *logged):
        assert SECRET.encode() not in place
        assert TOKEN.encode() not in place
    assert not any(b"elif@example.com" in line for line in logged)


async def test_a_secret_of_another_row_or_key_is_not_sent(shop: Shop) -> None:
    callback_id = await shop.add(secret=SECRET)
    other_id = await shop.add(secret="the-secret-of-another")
    row_id, other_row_id = decode_global_id(callback_id)[1], decode_global_id(other_id)[1]
    async with shop.world.desk.database.transaction() as session:
        row = await session.get_one(Callback, row_id)
        row.sealed_secrets = (await session.get_one(Callback, other_row_id)).sealed_secrets

    moved = await shop.run("ayse", callback_id)
    versions = {"callbackId": callback_id, "expectedVersion": 1}
    kept = await shop.world.admin.act(UPDATE, input={**versions, "name": "ERP"})
    draft = shop.definition()
    tried = await shop.run("admin", callback_id, draft=draft)
    connections = shop.server.connections
    anew = {"secret": "a-secret-given-anew"}
    tried_anew = await shop.run("admin", callback_id, draft={**draft, **anew})
    given = {**versions, **anew}
    renewed = await shop.world.admin.act(UPDATE, input=given)

    assert moved["reason"] == "SECRET_UNREADABLE"
    assert problems(kept) == [("secret", "REQUIRED")]
    assert problems(tried) == [("draft.secret", "REQUIRED")]
    assert connections == 0
    assert tried_anew["__typename"] == "CallbackRunSuccess"
    assert renewed["callback"]["version"] == 2
    assert (await shop.run("ayse", callback_id))["__typename"] == "CallbackRunSuccess"


async def _all_rows(world: World) -> list[Any]:
    rows: list[Any] = []
    async with world.desk.database.reading() as connection:
        for table in Base.metadata.sorted_tables:
            rows += (await connection.execute(select(table))).all()
    return rows

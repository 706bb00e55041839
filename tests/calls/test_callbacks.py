"""Callbacks as admins define them, and what agents see of that."""

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from core.settings import Settings
from models.brands import Brand
from models.callbacks import Callback, CallbackBrand
from services.lookups.urls import CallbackUrl, InvalidUrl
from tests.support.brands import id_of
from tests.support.callbacks import CREATE, ERRORS, LIST, UPDATE, problems
from tests.support.desk import World, open_world
from tests.support.history import change, history, unlike

KEY = b64encode(b"k" * 32).decode()
SECRET = "a-key-of-the-signature"
TOKEN = "Bearer 4711"
DELETE = f"""
    mutation ($id: ID!) {{
      callbackDelete(input: {{callbackId: $id}}) {{
        {ERRORS} ... on CallbackDeleteSuccess {{ callbackId }}
      }}
    }}
"""


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    settings = Settings(
        database_url=database_url,
        storage_path=tmp_path / "files",
        secrets_key=SecretStr(KEY),
        _env_file=None,
    )
    async with open_world(settings) as opened:
        yield opened


def crm(world: World, **other: Any) -> dict[str, Any]:
    return {
        "name": "CRM",
        "brandIds": [id_of(world.acme)],
        "url": "https://crm.example/customers/{email}",
        "method": "POST",
        "headers": [
            {"name": "Authorization", "value": TOKEN, "isSecret": True},
            {"name": "X-Shop", "value": "acme"},
        ],
        "secret": SECRET,
        "parameters": [
            {"name": "email", "label": "E-mail", "place": "PATH", "source": "CUSTOMER_EMAIL"},
            {"name": "order", "label": "Order", "place": "BODY", "isRequired": False},
        ],
        "fields": [{"label": "Plan", "pointer": "/plan"}, {"label": "Since", "pointer": "/since"}],
        **other,
    }


async def create(world: World, **other: Any) -> str:
    result = await world.admin.act(CREATE, input=crm(world, **other))
    return str(result["callback"]["id"])


async def update(world: World, callback_id: str, version: int, **wanted: Any) -> dict[str, Any]:
    given = {"callbackId": callback_id, "expectedVersion": version, **wanted}
    return await world.admin.act(UPDATE, input=given)


async def row_counts(world: World) -> tuple[Any, ...]:
    of_each = (
        select(func.count()).select_from(model).scalar_subquery()
        for model in (Callback, CallbackBrand)
    )
    async with world.desk.database.reading() as connection:
        rows = tuple((await connection.execute(select(*of_each))).one())
    return (*rows, await world.counts())


async def test_admins_see_all_of_a_callback_but_its_secrets(world: World) -> None:
    callback_id = await create(world)

    (callback,) = (await world.admin.ask(LIST))["callbacks"]

    assert callback == {
        "id": callback_id,
        "version": 1,
        "name": "CRM",
        "labels": ["Plan", "Since"],
        "brands": [{"name": "Acme"}],
        "parameters": [
            {
                "name": "email",
                "label": "E-mail",
                "isRequired": True,
                "place": "PATH",
                "source": "CUSTOMER_EMAIL",
            },
            {
                "name": "order",
                "label": "Order",
                "isRequired": False,
                "place": "BODY",
                "source": None,
            },
        ],
        "definition": {
            "url": "https://crm.example/customers/{email}",
            "method": "POST",
            "allowsHttp": False,
            "timeoutMilliseconds": 3000,
            "hasSecret": True,
            "headers": [
                {"name": "Authorization", "value": None, "isSecret": True},
                {"name": "X-Shop", "value": "acme", "isSecret": False},
            ],
            "fields": [
                {"label": "Plan", "pointer": "/plan"},
                {"label": "Since", "pointer": "/since"},
            ],
        },
    }
    assert await history(world, callback_id) == [("CallbackCreated", [])]


async def test_agents_see_the_callbacks_of_their_brands_without_the_definition(
    world: World,
) -> None:
    both = [id_of(world.acme), id_of(world.other)]
    await create(world, name="Ödeme")
    await create(world, name="Billing", brandIds=[id_of(world.other)])
    shared = await create(world, name="Shop", brandIds=both)
    integration = await world.integration(brands=[world.acme])

    async def names(client: Any, brand: Brand | None = None) -> list[str]:
        found = await client.ask(LIST, brand=id_of(brand) if brand else None)
        return [callback["name"] for callback in found["callbacks"]]

    assert await names(world.admin) == ["Billing", "Ödeme", "Shop"]
    assert await names(world.admin, world.other) == ["Billing", "Shop"]
    assert await names(world.ayse) == ["Ödeme", "Shop"]
    assert await names(world.ayse, world.other) == ["Shop"]
    assert await names(integration) == []
    (_, seen) = (await world.ayse.ask(LIST))["callbacks"]
    assert (seen["id"], seen["definition"]) == (shared, None)
    assert (seen["labels"], seen["brands"]) == (["Plan", "Since"], [{"name": "Acme"}])
    assert (await world.nobody.send(LIST)).error["extensions"]["code"] == "UNAUTHENTICATED"


WRONG: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"name": " "}, [("name", "REQUIRED")]),
    ({"brandIds": []}, [("brandIds", "REQUIRED")]),
    ({"url": ""}, [("url", "REQUIRED")]),
    ({"url": "https://crm.example/" + "x" * 2_000}, [("url", "TOO_LONG")]),
    ({"url": "http://crm.example/{email}"}, [("url", "NOT_ALLOWED_VALUE")]),
    ({"url": "https://crm.example/{email}/{id}"}, [("url", "UNKNOWN_REFERENCE")]),
    ({"url": "https://crm.example/"}, [("parameters.0.name", "UNKNOWN_REFERENCE")]),
    ({"timeoutMilliseconds": 3_001}, [("timeoutMilliseconds", "OUT_OF_RANGE")]),
    ({"timeoutMilliseconds": 99}, [("timeoutMilliseconds", "OUT_OF_RANGE")]),
    ({"secret": "too short"}, [("secret", "TOO_SHORT")]),
    ({"secret": "x" * 501}, [("secret", "TOO_LONG")]),
    ({"secret": "x" * 20 + "\n"}, [("secret", "INVALID_FORMAT")]),
    ({"method": "GET"}, [("parameters.1.place", "NOT_ALLOWED_VALUE")]),
    ({"fields": []}, [("fields", "REQUIRED")]),
    ({"fields": [{"label": "A", "pointer": "/a"}] * 31}, [("fields", "TOO_LONG")]),
    ({"fields": [{"label": "", "pointer": "a"}]}, [
        ("fields.0.pointer", "INVALID_FORMAT"), ("fields.0.label", "REQUIRED"),
    ]),
    ({"fields": [{"label": "a", "pointer": "/a"}, {"label": "A", "pointer": "/b"}]}, [
        ("fields.1.label", "ALREADY_TAKEN"),
    ]),
    ({"fields": [{"label": "A", "pointer": "/\x00"}]}, [("fields.0.pointer", "INVALID_FORMAT")]),
    ({"headers": [{"name": "X-A", "value": "a\r\nX-B: b"}]}, [
        ("headers.0.value", "INVALID_FORMAT"),
    ]),
    ({"headers": [{"name": "X A", "value": "a"}]}, [("headers.0.name", "INVALID_FORMAT")]),
    ({"headers": [{"name": "Host", "value": "a"}]}, [("headers.0.name", "NOT_ALLOWED_VALUE")]),
    ({"headers": [{"name": "a", "value": "b"}, {"name": "A", "value": "b"}]}, [
        ("headers.1.name", "ALREADY_TAKEN"),
    ]),
    ({"headers": [{"name": "A", "isSecret": True}]}, [("headers.0.value", "REQUIRED")]),
]  # fmt: skip


async def test_a_wrong_definition_leaves_no_trace(world: World, subtests: pytest.Subtests) -> None:
    before = await row_counts(world)

    for wrong, expected in WRONG:
        with subtests.test(str(wrong)[:60]):
            result = await world.admin.act(CREATE, input=crm(world, **wrong))
            assert problems(result) == expected
    agent = await world.ayse.act(CREATE, input=crm(world))

    assert agent["__typename"] == "NotAllowed"
    assert await row_counts(world) == before


@pytest.mark.parametrize(
    "url",
    [
        "crm.example",
        "ftp://crm.example/",
        "https://user:password@crm.example/",
        "https://crm.example@127.0.0.1/",
        "https://crm.example:22/",
        "https://crm.example:0/",
        "https://crm.example/#part",
        "https://crm.example\\@evil.example/",
        "https://{email}.example/",
        "https://crm.example/?q={email}",
        "https://[fe80::1%25eth0]/",
        "https:///path",
        "https://crm.example/a b",
    ],
)
def test_a_url_that_could_be_read_in_two_ways_is_none(url: str) -> None:
    with pytest.raises(InvalidUrl):
        CallbackUrl.parse(url)


async def test_the_same_key_adds_one_callback(world: World) -> None:
    first = await create(world, idempotencyKey="k")

    assert await create(world, idempotencyKey="k") == first
    for other in ({"secret": "another-key-of-the-signature"}, {"name": "ERP"}):
        again = await world.admin.act(CREATE, input=crm(world, idempotencyKey="k", **other))
        assert again["__typename"] == "IdempotencyKeyReused"


async def test_an_edit_changes_what_it_names_and_keeps_secrets(world: World) -> None:
    callback_id = await create(world)

    edited = await update(
        world,
        callback_id,
        1,
        name="ERP",
        headers=[{"name": "authorization", "isSecret": True}],
        brandIds=[id_of(world.acme), id_of(world.other)],
    )
    same = await update(world, callback_id, 2, name="ERP", secret=SECRET)

    assert edited["callback"]["version"] == same["callback"]["version"] == 2
    assert edited["callback"]["definition"]["hasSecret"]
    assert await history(world, callback_id) == [
        ("CallbackCreated", []),
        (
            "CallbackChanged",
            [
                change("headers", "Authorization: ••••••; X-Shop: acme", "authorization: ••••••"),
                change("name", "CRM", "ERP"),
                change("brands", "Acme", "Acme, Other"),
            ],
        ),
    ]


async def test_edits_of_two_admins_are_merged_or_refused(world: World) -> None:
    callback_id = await create(world)

    await update(world, callback_id, 1, secret="the-key-of-one-admin", name="ERP")
    merged = await update(world, callback_id, 1, timeoutMilliseconds=500)
    conflict = await update(world, callback_id, 1, secret="the-key-of-another-admin")

    assert merged["mergedFields"] == ["name", "secret"]
    assert conflict["fields"] == [
        {
            "field": "secret",
            "base": "••••••",
            "theirs": "••••••",
            "yours": "•••••• (new)",
        }
    ]


async def test_secrets_never_follow_a_url_to_another_server(world: World) -> None:
    callback_id = await create(world)
    before = await row_counts(world)
    evil = {"url": "https://evil.example/{email}"}
    new_header = {"name": "Authorization", "value": "Bearer 1", "isSecret": True}
    kept_header = {"name": "Authorization", "isSecret": True}

    assert problems(await update(world, callback_id, 1, **evil)) == [
        ("secret", "REQUIRED"),
        ("headers", "REQUIRED"),
    ]
    assert problems(
        await update(world, callback_id, 1, **evil, secret=None, headers=[kept_header])
    ) == [("headers.0.value", "REQUIRED")]
    for other in ("http://crm.example/{email}", "https://crm.example:8443/{email}"):
        refused = await update(world, callback_id, 1, url=other, allowsHttp=True)
        assert ("secret", "REQUIRED") in problems(refused)
    assert await row_counts(world) == before

    moved = await update(
        world, callback_id, 1, **evil, secret="a-key-for-the-other-server", headers=[new_header]
    )
    without = await update(
        world, callback_id, 2, url="https://third.example/{email}", secret=None, headers=[]
    )

    assert moved["callback"]["definition"] == {**evil, "hasSecret": True}
    assert without["callback"]["definition"]["hasSecret"] is False


async def test_a_deleted_callback_is_gone_with_its_secrets(world: World) -> None:
    callback_id = await create(world)

    agent = await world.ayse.act(DELETE, id=callback_id)
    deleted = await world.admin.act(DELETE, id=callback_id)
    again = await world.admin.act(DELETE, id=callback_id)
    unknown = await update(world, unlike(callback_id), 1, name="x")

    assert agent["__typename"] == "NotAllowed"
    assert deleted["callbackId"] == callback_id
    assert (again["__typename"], unknown["__typename"]) == ("NotFound", "NotFound")
    assert (await row_counts(world))[:2] == (0, 0)
    assert [event for event, _ in await history(world, callback_id)] == [
        "CallbackCreated",
        "CallbackDeleted",
    ]

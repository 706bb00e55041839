"""The allow-list of files, which admins keep."""

from typing import Any

from sqlalchemy import select

from models.event_topics import file_formats_topic
from models.events import Event
from services.file_formats import allowed_extensions
from services.files.formats import (
    FORMATS,
    MACRO_EXTENSIONS,
    PAGE_EXTENSIONS,
    PROGRAM_EXTENSIONS,
    SERVER_EXTENSIONS,
)
from tests.support.chats import start_chat
from tests.support.desk import World

LIST = "{ attachmentFormats { extension contentType kind allowed } }"
LIMITS = "{ attachmentLimits { filesPerItem bytesPerFile } }"
UPDATE = """
    mutation ($allow: [String!]! = [], $refuse: [String!]! = []) {
      attachmentFormatsUpdate(input: {allow: $allow, refuse: $refuse}) {
        __typename
        ... on AttachmentFormatsUpdateSuccess { attachmentFormats { extension allowed } }
        ... on ValidationFailed { fields { path code limit actual } }
      }
    }
"""


async def update(world: World, person: str = "admin", **given: list[str]) -> dict[str, Any]:
    return dict(await getattr(world, person).act(UPDATE, **given))


async def refused(world: World) -> set[str]:
    async with world.desk.database.reading() as connection:
        return set(FORMATS) - await allowed_extensions(connection)


async def told(world: World) -> list[dict[str, Any]]:
    async with world.desk.database.reading() as connection:
        statement = select(Event.payload).where(Event.topic == file_formats_topic())
        return list(await connection.scalars(statement.order_by(Event.seq)))


def test_nothing_dangerous_is_in_the_table_of_formats() -> None:
    dangerous = PROGRAM_EXTENSIONS | SERVER_EXTENSIONS | PAGE_EXTENSIONS | MACRO_EXTENSIONS
    assert not dangerous & set(FORMATS)


async def test_everything_that_can_be_checked_is_taken_at_first(world: World) -> None:
    formats = (await world.ayse.ask(LIST))["attachmentFormats"]
    customer = (await start_chat(world, "A")).customer

    assert [one["extension"] for one in formats] == sorted(FORMATS)
    assert all(one["allowed"] for one in formats)
    assert {"extension": "pdf", "contentType": "application/pdf", "kind": "DOCUMENT"} | {
        "allowed": True
    } in formats
    assert (await customer.ask(LIST))["attachmentFormats"] == formats
    for who in (world.ayse, customer):
        assert (await who.ask(LIMITS))["attachmentLimits"] == {
            "filesPerItem": 5,
            "bytesPerFile": 20_971_520,
        }


async def test_an_admin_changes_the_list_and_only_changes_are_told(world: World) -> None:
    result = await update(world, refuse=[".ZIP", "msg", "zip"])

    now_refused = [one["extension"] for one in result["attachmentFormats"] if not one["allowed"]]
    assert now_refused == ["msg", "zip"]
    await update(world, refuse=["zip"], allow=["pdf"])
    await update(world, allow=["msg"], refuse=["eml"])
    assert await refused(world) == {"eml", "zip"}
    assert await told(world) == [
        {"allowed": [], "refused": ["msg", "zip"]},
        {"allowed": ["msg"], "refused": ["eml"]},
    ]


async def test_what_cannot_be_allowed_and_others_than_admins_change_nothing(world: World) -> None:
    result = await update(world, allow=["pdf", "svg"], refuse=["docm", "pdf"])
    assert [(field["path"], field["code"]) for field in result["fields"]] == [
        (["input", "allow", "1"], "NOT_ALLOWED_VALUE"),
        (["input", "refuse", "0"], "NOT_ALLOWED_VALUE"),
        (["input", "refuse", "1"], "NOT_ALLOWED_VALUE"),
    ]
    many = await update(world, refuse=["zip"] * 100)
    assert many["fields"] == [
        {"path": ["input", "refuse"], "code": "TOO_LONG", "limit": len(FORMATS), "actual": 100}
    ]
    assert (await update(world, "ayse", refuse=["zip"]))["__typename"] == "NotAllowed"
    assert await refused(world) == set()
    assert await told(world) == []

"""Webhooks as admins define them: who may, what is refused, and what stays secret."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update
from standardwebhooks import WebhookVerificationError

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.actors import ActorKind
from models.attachments import CONTENT_TYPE_CHARACTERS, FILENAME_CHARACTERS, Attachment
from models.base import FREE_TEXT_CHARACTERS, Base
from models.events import Event
from models.messages import STORED_CHARACTERS, Message
from models.tickets import Ticket
from models.viewers import ApiScope
from models.webhooks import DELIVERIES_KEPT_FOR, Webhook, WebhookDelivery, WebhookPosition
from services.incoming_mail.files import FILES_PER_MAIL
from services.outgoing_events.bodies import BODY_BYTES_MAXIMUM, TEXT_BYTES_MAXIMUM, _cut
from services.outgoing_events.calls import TESTS_AT_ONCE
from services.outgoing_events.following import follow_log
from services.outgoing_events.replays import positions_before
from services.upkeep import tidy_up
from services.webhook_secrets import PREVIOUS_SECRETS_MAXIMUM
from tests.support.desk import World
from tests.support.history import change, history, unlike
from tests.support.reminders import HandClock
from tests.support.statements import counted_writes
from tests.support.webhooks import CREATE, WEBHOOK, Listener, document, open_listener, verify


@pytest.fixture
async def listener(database_url: str, tmp_path: Path) -> AsyncIterator[Listener]:
    async with open_listener(database_url, tmp_path) as opened:
        yield opened


def acme(world: World) -> str:
    return encode_global_id(NodeKind.BRAND, world.acme.id)


def new_webhook(world: World, **other: Any) -> dict[str, Any]:
    return {
        "name": "Data warehouse",
        "url": "https://hooks.example/starling",
        "brandIds": [acme(world)],
        "eventTypes": ["TICKET_CREATED"],
        **other,
    }


async def rows(world: World) -> list[Any]:
    async with world.desk.database.reading() as connection:
        return list((await connection.execute(select(Webhook.__table__))).all())


async def test_the_secret_is_shown_once_and_the_same_call_twice_adds_one(world: World) -> None:
    given = new_webhook(world, idempotencyKey="once")
    first = await world.admin.act(CREATE, input=given)
    again = await world.admin.act(CREATE, input=given)

    assert first["secret"].startswith("whsec_")
    assert again == {**first, "secret": None}
    assert len(await rows(world)) == 1
    shown = await world.admin.ask("{ webhooks { id name eventTypes brands { name } pausedAt } }")
    assert shown["webhooks"] == [
        {
            "id": first["webhook"]["id"],
            "name": "Data warehouse",
            "eventTypes": ["TICKET_CREATED"],
            "brands": [{"name": "Acme"}],
            "pausedAt": None,
        }
    ]


async def test_what_cannot_be_called_is_refused_and_leaves_no_trace(world: World) -> None:
    before = await world.counts()
    for given, path, code in (
        ({"url": "http://hooks.example/"}, "url", "NOT_ALLOWED_VALUE"),
        ({"url": "https://127.0.0.1/"}, "url", "NOT_ALLOWED_VALUE"),
        ({"url": "https://169.254.169.254/latest"}, "url", "NOT_ALLOWED_VALUE"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url", "NOT_ALLOWED_VALUE"),
        ({"url": "https://hooks.example/{name}"}, "url", "INVALID_FORMAT"),
        ({"url": "https://user:password@hooks.example/"}, "url", "INVALID_FORMAT"),
        ({"url": "ftp://hooks.example/"}, "url", "INVALID_FORMAT"),
        ({"url": " "}, "url", "REQUIRED"),
        ({"name": "n" * 201}, "name", "TOO_LONG"),
        ({"eventTypes": []}, "eventTypes", "REQUIRED"),
        ({"brandIds": []}, "brandIds", "REQUIRED"),
        ({"brandIds": [unlike(acme(world))]}, "brandIds.0", "UNKNOWN_REFERENCE"),
    ):
        refused = await world.admin.act(CREATE, input=new_webhook(world, **given))
        problem = {"path": ["input", *path.split(".")], "code": code}
        assert problem in refused["fields"], (given, refused)
    assert await rows(world) == []
    assert await world.counts() == before


async def test_only_admins_know_of_webhooks(world: World) -> None:
    made = await world.admin.act(CREATE, input=new_webhook(world))
    webhook = made["webhook"]["id"]
    machine = await world.integration(*ApiScope, brands=[world.acme])
    before = await world.counts()
    for client in (world.ayse, machine):
        assert (await client.act(CREATE, input=new_webhook(world)))["__typename"] == "NotAllowed"
        for mutation, more in (
            ("webhookUpdate", {"expectedVersion": 1, "name": "Mine"}),
            ("webhookSecretRotate", {}),
            ("webhookTest", {}),
            ("webhookPause", {}),
            ("webhookResume", {}),
            ("webhookReplay", {"from": "2026-01-01T00:00:00Z"}),
            ("webhookDelete", {}),
        ):
            given = {"webhookId": webhook, **more}
            refused = await client.act(document(mutation, "__typename"), input=given)
            assert refused["__typename"] == "NotAllowed", mutation
        for query in ("{ webhooks { id } }", f'{{ webhook(id: "{webhook}") {{ id }} }}'):
            assert (await client.send(query)).error["extensions"]["code"] == "NOT_ALLOWED"
        hidden = await client.ask("query ($id: ID!) { node(id: $id) { id } }", id=webhook)
        assert hidden == {"node": None}
    assert await world.counts() == before


async def test_an_edit_is_merged_and_a_brand_that_is_added_is_followed_from_now_on(
    listener: Listener,
) -> None:
    world = listener.world
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    await world.receive("Before", brand=world.other, handle="other@example.com")
    other = encode_global_id(NodeKind.BRAND, world.other.id)

    await listener.act("webhookUpdate", webhook, expectedVersion=1, name="Warehouse")
    edited = await listener.act(
        "webhookUpdate", webhook, "mergedFields", expectedVersion=1, brandIds=[other]
    )
    conflict = await listener.act("webhookUpdate", webhook, expectedVersion=1, name="Other")
    await world.receive("Of Acme, which it follows no more")
    await world.receive("After", brand=world.other, handle="other@example.com")
    await listener.work()

    assert edited == {"__typename": "WebhookUpdateSuccess", "mergedFields": ["name"]}
    assert conflict["__typename"] == "EditConflict"
    assert [body["data"]["message"]["text"] for body in listener.told()] == ["After"]
    assert await history(world, webhook) == [
        ("WebhookCreated", []),
        ("WebhookChanged", [change("name", "Data warehouse", "Warehouse")]),
        ("WebhookChanged", [change("brands", "Acme", "Other")]),
    ]


async def test_while_rotations_overlap_all_secrets_verify_and_then_the_newest_alone(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    old = listener.secrets[webhook]
    rotate = partial(listener.act, "webhookSecretRotate", webhook, "secret")
    newer = (await rotate(overlapSeconds=3_600))["secret"]
    newest = (await rotate(overlapSeconds=3_600))["secret"]

    await listener.world.receive()
    await listener.work()
    (asked,) = listener.heard()
    assert verify(old, asked) == verify(newer, asked) == verify(newest, asked)

    alone = (await rotate(overlapSeconds=0))["secret"]
    await listener.world.receive()
    await listener.work()
    (asked,) = listener.heard()
    verify(alone, asked)
    for secret in (old, newer, newest):
        with pytest.raises(WebhookVerificationError):
            verify(secret, asked)
    assert (await listener.show(webhook))["previousSecretUntil"] is None


async def test_an_overlap_of_more_than_a_week_or_of_many_secrets_is_refused(
    listener: Listener,
) -> None:
    webhook = await listener.add()
    problem = "fields { path code limit actual }"
    for seconds, limit in ((-1, 0), (604_801, 604_800)):
        refused = await listener.world.admin.act(
            document("webhookSecretRotate", "secret").replace("fields { path code }", problem),
            input={"webhookId": webhook, "overlapSeconds": seconds},
        )
        assert refused["fields"] == [
            {
                "path": ["input", "overlapSeconds"],
                "code": "OUT_OF_RANGE",
                "limit": limit,
                "actual": seconds,
            }
        ]
    for _ in range(PREVIOUS_SECRETS_MAXIMUM):
        await listener.act("webhookSecretRotate", webhook, "secret")
    before = await rows(listener.world)
    refused = await listener.act("webhookSecretRotate", webhook, "secret")
    assert refused["__typename"] == "LimitReached"
    assert await rows(listener.world) == before
    alone = await listener.act("webhookSecretRotate", webhook, "secret", overlapSeconds=0)
    assert alone["__typename"] == "WebhookSecretRotateSuccess"


async def test_a_deleted_webhook_is_sent_nothing_more_and_its_secret_is_gone(
    listener: Listener,
) -> None:
    world = listener.world
    webhook = await listener.add()
    await world.receive("Read in the log, and not sent yet")
    await follow_log(world.desk.database, lambda _records: None)

    deleted = await listener.act("webhookDelete", webhook, "webhookId")
    await world.receive("Not even read")
    await listener.work()

    assert deleted == {"__typename": "WebhookDeleteSuccess", "webhookId": webhook}
    assert listener.heard() == []
    (row,) = await rows(world)
    assert row.sealed_secrets is None
    again = await listener.act("webhookDelete", webhook, "webhookId")
    assert again["__typename"] == "NotFound"
    assert await world.admin.ask(WEBHOOK, id=webhook) == {"webhook": None}


async def test_secrets_stand_in_no_table_no_log_line_and_no_answer(
    listener: Listener, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    rotated = await listener.act("webhookSecretRotate", webhook, "secret")
    await listener.world.receive()
    await listener.work()

    secrets = [listener.secrets[webhook], rotated["secret"]]
    written = [caplog.text, *capsys.readouterr(), repr(await listener.show(webhook))]
    async with listener.world.desk.database.reading() as connection:
        for table in Base.metadata.sorted_tables:
            written += [repr(row) for row in (await connection.execute(select(table))).all()]
    for secret in secrets:
        bare = secret.removeprefix("whsec_")
        assert not any(bare in each for each in written)


async def test_a_ping_shows_how_it_goes_also_while_nothing_is_told(listener: Listener) -> None:
    webhook = await listener.add()
    await listener.act("webhookPause", webhook)

    outcome = "outcome { status failure milliseconds }"
    answered = (await listener.act("webhookTest", webhook, outcome))["outcome"]

    assert (answered["status"], answered["failure"]) == (200, None)
    (asked,) = listener.heard()
    ping = verify(listener.secrets[webhook], asked)
    assert ping == {
        "type": "PING",
        "version": 1,
        "timestamp": ping["timestamp"],
        "data": {"webhookId": webhook},
    }
    assert await listener.deliveries(webhook) == []


async def test_a_name_that_leads_to_this_machine_is_not_called(world: World) -> None:
    given = new_webhook(world, url="https://localhost:8443/")
    made = await world.admin.act(CREATE, input=given)

    pinged = await world.admin.act(
        document("webhookTest", "outcome { status failure }"),
        input={"webhookId": made["webhook"]["id"]},
    )

    assert pinged["outcome"] == {"status": None, "failure": "REFUSED_ADDRESS"}


async def test_what_was_sent_is_forgotten_after_a_month_and_what_is_pending_is_not(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    await listener.world.receive("Sent")
    await listener.work()
    await listener.act("webhookPause", webhook)
    async with listener.world.desk.database.transaction() as session:
        kept = (await session.scalars(select(WebhookDelivery))).one()
        session.add(_pending_copy(kept))
    later = HandClock()
    later.advance(DELIVERIES_KEPT_FOR + timedelta(hours=1))
    monkeypatch.setattr(clock, "now", lambda: later.now)

    await tidy_up(listener.world.desk.database)

    async with listener.world.desk.database.reading() as connection:
        states = (await connection.execute(select(WebhookDelivery.state))).scalars().all()
    assert states == ["PENDING"]


def _pending_copy(kept: WebhookDelivery) -> WebhookDelivery:
    names = ("webhook_id", "type", "topic", "seq", "body", "tries", "created_at")
    values = {name: getattr(kept, name) for name in names}
    return WebhookDelivery(**values, event_id="evt_pending", state="PENDING")


async def test_the_largest_of_everything_is_no_larger_than_receivers_were_told(
    listener: Listener,
) -> None:
    await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    await listener.world.receive()
    async with listener.world.desk.database.transaction() as session:
        message = (await session.scalars(select(Message))).one()
        message.body = "\x01" * STORED_CHARACTERS
        await session.execute(update(Ticket).values(title="😀" * FREE_TEXT_CHARACTERS))
        for position in range(FILES_PER_MAIL):
            file = Attachment(
                id=new_id(), message_id=message.id, position=position, storage_key="f",
                size=2**31 - 1, filename="😀" * FILENAME_CHARACTERS,
                content_type="a" * CONTENT_TYPE_CHARACTERS,
                uploader_kind=ActorKind.CUSTOMER, uploader_id=message.author_id,
                created_at=clock.now(),
            )  # fmt: skip
            session.add(file)

    await listener.work()

    (asked,) = listener.heard()
    (file, *_others) = json.loads(asked.body)["data"]["message"]["attachments"]
    assert file["filename"] == "😀" * FILENAME_CHARACTERS
    assert TEXT_BYTES_MAXIMUM + 25 * 1024 < len(asked.body) <= BODY_BYTES_MAXIMUM


async def test_who_pings_while_too_many_do_is_told_when_to_try_again(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await listener.add()
    pings = listener.world.desk.resources.webhooks._tests
    monkeypatch.setattr(pings, "patience_seconds", 0.05)
    async with AsyncExitStack() as busy:
        for _ in range(TESTS_AT_ONCE):
            await busy.enter_async_context(pings.one())
        shown = "outcome { status } } ... on Unavailable { retryAfterSeconds"
        refused = await listener.act("webhookTest", webhook, shown)

    assert (refused["__typename"], refused["retryAfterSeconds"]) == ("Unavailable", 1)
    assert listener.heard() == []


async def test_a_replay_of_many_brands_looks_through_the_log_before_it_holds_anybody_up(
    listener: Listener,
) -> None:
    world = listener.world
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    _kind, webhook_id = decode_global_id(webhook)
    topics = [f"inbox:{number}" for number in range(100)]
    began = clock.now() - timedelta(days=1)
    async with world.desk.database.transaction() as session:
        for topic in topics:
            session.add(WebhookPosition(webhook_id=webhook_id, topic=topic, seq=5))
            session.add_all(
                Event(
                    topic=topic, seq=seq, id=new_id(), type="Old", payload={},
                    actor_kind=ActorKind.AUTOMATION, created_at=began + timedelta(hours=seq),
                )
                for seq in range(2, 6)  # the log keeps no more
            )  # fmt: skip
    async with world.desk.database.reading() as connection:
        before = partial(positions_before, connection, webhook_id)
        for hours, position in ((0, 1), (2, 1), (3, 2), (4.5, 4), (30, 5)):
            found = await before(began + timedelta(hours=hours))
            assert {found[topic] for topic in topics} == {position}, hours

    given = {"from": (began + timedelta(hours=3)).isoformat()}
    async with world.counted_statements() as reads, counted_writes(world) as writes:
        replayed = await listener.act("webhookReplay", webhook, "entryCount", **given)

    assert replayed["entryCount"] == 100 * 3
    assert len([each for each in reads if "JOIN event" in each]) == 1
    assert not [each for each in writes if "FROM event" in each]


@pytest.mark.parametrize("character", ["a", "ş", "α", "😀", "\x01", '"'])
def test_a_long_text_is_cut_so_that_it_fits_in_whole_characters(character: str) -> None:
    text = character * 300_000
    cut = _cut(text)
    assert text.startswith(cut)
    assert TEXT_BYTES_MAXIMUM - 8 < len(orjson.dumps(cut)) <= TEXT_BYTES_MAXIMUM
    assert _cut("Kısa") == "Kısa"

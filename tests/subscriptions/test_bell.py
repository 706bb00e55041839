"""One module for both backends: the memory bell is the twin of the Redis bell."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from models.event_records import EventRecord
from subscriptions.log import bell as bell_module
from subscriptions.log.bell import MESSAGE_BYTES, OUTBOX_RINGS, Bell, Hint
from subscriptions.log.bell_backend import INBOX_MESSAGES, BellBackend
from subscriptions.log.memory_backend import MemoryBackend, MemoryExchange
from subscriptions.log.redis_backend import RedisBackend
from tests.subscriptions.bells import Ear, until
from tests.subscriptions.event_logs import MemoryLog
from tests.support.servers import RedisServer

MakeBackend = Callable[[], BellBackend]
TICKET = "ticket:0190d2f47c1e7a558d0e2f6f0c9b1a11"


@pytest.fixture(params=["memory", "redis"])
def make_backend(request: pytest.FixtureRequest) -> MakeBackend:
    """Makes backends that reach each other."""
    if request.param == "memory":
        exchange = MemoryExchange()
        return lambda: MemoryBackend(exchange)
    server: RedisServer = request.getfixturevalue("redis_server")
    return lambda: RedisBackend(server.url)


def events(count: int = 1, topic: str = TICKET) -> list[EventRecord]:
    return MemoryLog().append(topic, count)


async def test_ringing_tells_this_process_at_once(make_backend: MakeBackend) -> None:
    ear, records = Ear(), events(2)
    async with Bell(make_backend(), ear) as bell:
        bell.ring(records)
        assert ear.records == records


async def test_ringing_tells_other_processes_soon_and_word_for_word(
    make_backend: MakeBackend,
) -> None:
    here, there, records = Ear(), Ear(), events(2)
    async with Bell(make_backend(), here) as bell, Bell(make_backend(), there) as other:
        await until(lambda: bell.connected and other.connected)
        bell.ring(records)
        await until(lambda: there.records)
        assert there.records == records


async def test_listening_begins_with_a_gap(make_backend: MakeBackend) -> None:
    ear = Ear()
    async with Bell(make_backend(), ear) as bell:
        await until(lambda: ear.gaps)
        assert bell.connected
        assert ear.gaps == 1
    assert not bell.connected


async def test_installations_that_share_a_server_do_not_hear_each_other(
    make_backend: MakeBackend,
) -> None:
    ours, theirs, records = Ear(), Ear(), events()
    async with (
        Bell(make_backend(), Ear(), namespace="ours") as bell,
        Bell(make_backend(), ours, namespace="ours") as neighbour,
        Bell(make_backend(), theirs, namespace="theirs") as stranger,
    ):
        await until(lambda: bell.connected and neighbour.connected and stranger.connected)
        bell.ring(records)
        await until(lambda: ours.records)
        assert theirs.records == []


async def test_large_commit_travels_as_one_hint_for_each_topic(make_backend: MakeBackend) -> None:
    there = Ear()
    records = [*events(200), *events(100, "inbox:1")]
    async with Bell(make_backend(), Ear()) as bell, Bell(make_backend(), there) as other:
        await until(lambda: bell.connected and other.connected)
        bell.ring(records)
        await until(lambda: there.hints)
        assert there.hints == [Hint(TICKET, 200), Hint("inbox:1", 100)]
        assert there.records == []


async def test_commit_with_too_many_topics_travels_as_a_gap(make_backend: MakeBackend) -> None:
    there = Ear()
    topics = MESSAGE_BYTES // len(TICKET)
    records = [record for number in range(topics) for record in events(1, f"ticket:{number:032x}")]
    async with Bell(make_backend(), Ear()) as bell, Bell(make_backend(), there) as other:
        await until(lambda: bell.connected and other.connected and there.gaps == 1)
        bell.ring(records)
        await until(lambda: there.gaps == 2)
        assert (there.records, there.hints) == ([], [])


@pytest.mark.parametrize("message", ["nonsense", '{"records": [{"topic": 7}]}', "[]", "\x00"])
async def test_message_that_is_not_understood_is_a_gap(
    make_backend: MakeBackend, message: str
) -> None:
    ear, backend = Ear(), make_backend()
    async with Bell(backend, ear) as bell:
        await until(lambda: bell.connected and ear.gaps == 1)
        await backend.publish("starling:bell", message)
        await until(lambda: ear.gaps == 2)
        bell.ring(events())
        await until(lambda: len(ear.records) == 2)


async def test_more_messages_than_can_wait_become_one_gap(make_backend: MakeBackend) -> None:
    ear, backend = Ear(), make_backend()
    async with Bell(backend, ear):
        await until(lambda: ear.gaps == 1)
        for _ in range(INBOX_MESSAGES + 1):
            backend.receive("starling:bell", '{"hints": [{"topic": "ticket:1", "sequence": 1}]}')
        await until(lambda: ear.gaps == 2)
        assert ear.hints == []


async def test_ringing_more_often_than_can_be_published_drops_and_goes_on(
    make_backend: MakeBackend,
) -> None:
    here, there, records = Ear(), Ear(), events()
    async with Bell(make_backend(), here) as bell, Bell(make_backend(), there) as other:
        await until(lambda: bell.connected and other.connected)
        for _ in range(OUTBOX_RINGS + 50):
            bell.ring(records)
        await until(lambda: len(there.records) == OUTBOX_RINGS)
        bell.ring(records)
        await until(lambda: len(there.records) == OUTBOX_RINGS + 1)


async def test_ringing_nothing_says_nothing(make_backend: MakeBackend) -> None:
    there, records = Ear(), events()
    async with Bell(make_backend(), Ear()) as bell, Bell(make_backend(), there) as other:
        await until(lambda: bell.connected and other.connected and there.gaps)
        bell.ring([])
        bell.ring(records)
        await until(lambda: there.records)
        assert there.records == records
        assert there.gaps == 1


async def test_ringing_never_raises_whatever_the_listener_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class DeafEar(Ear):
        def hear(self, records: object) -> None:
            raise RuntimeError

    async with Bell(MemoryBackend(MemoryExchange()), DeafEar()) as bell:
        bell.ring(events())
    assert "The listener of this process failed." in caplog.text


async def test_bell_that_is_not_running_tells_this_process_only() -> None:
    ear, records = Ear(), events()
    bell = Bell(MemoryBackend(MemoryExchange()), ear)
    bell.ring(records)
    assert ear.records == records


class StubbornBackend(MemoryBackend):
    """Takes messages, but as long as it hangs it never finishes one."""

    def __init__(self) -> None:
        super().__init__(MemoryExchange())
        self.hangs = True
        self.attempts = 0

    async def publish(self, channel: str, message: str) -> None:
        self.attempts += 1
        if self.hangs:
            await asyncio.Event().wait()
        await super().publish(channel, message)


async def test_server_that_does_not_answer_is_given_up_spared_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bell_module, "PUBLISH_SECONDS", 0.01)
    monkeypatch.setattr(bell_module, "SILENT_SECONDS", 0.2)
    caplog.set_level(logging.WARNING)
    ear, backend = Ear(), StubbornBackend()
    async with Bell(backend, ear) as bell:
        for _ in range(10):
            bell.ring(events())
        await until(lambda: caplog.messages)
        bell.ring(events())
        assert backend.attempts == 1
        assert caplog.messages == ["The bell rings only in this process for now: TimeoutError: "]

        backend.hangs = False
        await asyncio.sleep(0.25)
        bell.ring(events())
        await until(lambda: len(ear.records) == 13)
        assert backend.attempts == 2


async def test_event_that_cannot_be_written_as_json_is_no_obstacle_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bell_module, "SILENT_SECONDS", 0)
    exchange, there = MemoryExchange(), Ear()
    async with Bell(MemoryBackend(exchange), Ear()) as bell, Bell(MemoryBackend(exchange), there):
        good, bad = events(), events()
        bad[0].payload["body"] = object()
        bell.ring(bad)
        await asyncio.sleep(0.01)
        bell.ring(good)
        await until(lambda: there.records)
        assert there.records == good

import asyncio
import contextlib
import gc
import weakref
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core import clock
from models.event_records import EventRecord
from subscriptions import patience
from subscriptions.log import reader
from subscriptions.log.bell import Hint
from subscriptions.log.cursors import ResetReason
from subscriptions.log.feed import PAGE_EVENTS, Feed
from subscriptions.log.hub import Hub
from subscriptions.log.stream import FellBehind, HubStopped, Reset, Stream, StreamLimits
from tests.subscriptions.bells import until
from tests.subscriptions.event_logs import MemoryLog, has_nothing, take, take_sequences

LIMITS = StreamLimits()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def hub(log: MemoryLog) -> AsyncIterator[Hub]:
    """A hub that looks into the log only when it is told to."""
    async with Hub(log, look_seconds=3_600) as hub:
        yield hub


async def test_stream_without_position_begins_with_what_comes(hub: Hub, log: MemoryLog) -> None:
    log.append("ticket:1", 5)
    async with hub.open({"ticket:1": None}) as stream:
        assert stream.positions == {"ticket:1": 5}
        assert await has_nothing(stream)
        hub.hear(log.append("ticket:1"))
        assert await take_sequences(stream, 1) == [6]
        assert stream.positions == {"ticket:1": 6}


async def test_stream_resumes_after_its_position(hub: Hub, log: MemoryLog) -> None:
    records = log.append("ticket:1", 5)
    async with hub.open({"ticket:1": 2}) as stream:
        assert await take(stream, 3) == records[2:]
        assert await has_nothing(stream)


async def test_topic_without_events_is_watched_from_its_first_one(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}) as stream, hub.open({"ticket:1": 0}) as resumed:
        hub.hear(log.append("ticket:1"))
        assert await take_sequences(stream, 1) == [1]
        assert await take_sequences(resumed, 1) == [1]


async def test_events_told_by_the_bell_cost_no_read(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}) as stream:
        hub.hear(log.append("ticket:1", 3))
        assert await take_sequences(stream, 3) == [1, 2, 3]
        assert log.read_statements == 0


async def test_event_that_the_bell_left_out_is_read(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}) as stream:
        records = log.append("ticket:1", 4)
        hub.hear([records[0], records[3]])
        assert await take_sequences(stream, 4) == [1, 2, 3, 4]
        assert log.read_statements == 1


async def test_events_out_of_order_are_put_in_order(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}) as stream:
        hub.hear(log.append("ticket:1", 4)[::-1])
        assert await take_sequences(stream, 4) == [1, 2, 3, 4]
        assert log.read_statements == 0


async def test_event_told_twice_comes_once(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}) as stream:
        records = log.append("ticket:1", 2)
        hub.hear(records + records)
        assert await take_sequences(stream, 2) == [1, 2]
        hub.hear(records)
        assert await has_nothing(stream)


async def test_hint_makes_the_hub_read(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}) as stream:
        log.append("ticket:1", 2)
        hub.hear_hints([Hint("ticket:1", 2), Hint("ticket:nobody", 7)])
        assert await take_sequences(stream, 2) == [1, 2]


async def test_gap_makes_the_hub_look_at_all_topics_by_one_statement(
    hub: Hub, log: MemoryLog
) -> None:
    async with hub.open({"ticket:1": None, "ticket:2": None}) as stream:
        log.append("ticket:1")
        log.append("ticket:2")
        statements = log.head_statements
        hub.hear_gap()
        items = await take(stream, 2)
        assert {item.topic for item in items} == {"ticket:1", "ticket:2"}
        assert log.head_statements == statements + 1


async def test_hub_looks_by_itself_when_no_bell_is_heard(log: MemoryLog) -> None:
    async with Hub(log, look_seconds=0.01) as hub, hub.open({"ticket:1": None}) as stream:
        log.append("ticket:1", 2)
        assert await take_sequences(stream, 2) == [1, 2]


async def test_hub_that_nobody_uses_leaves_the_log_alone(log: MemoryLog) -> None:
    async with Hub(log, look_seconds=0.001) as hub:
        hub.hear_gap()
        hub.hear(log.append("ticket:1"))
        await asyncio.sleep(0.02)
        async with hub.open({}) as stream:
            assert await has_nothing(stream)
    assert log.head_statements == log.read_statements == 0


async def test_topics_of_a_stream_take_turns(hub: Hub, log: MemoryLog) -> None:
    log.append("ticket:1", 3)
    log.append("ticket:2", 3)
    async with hub.open({"ticket:1": 0, "ticket:2": 0}) as stream:
        topics = [item.topic for item in await take(stream, 6)]
        assert topics == ["ticket:1", "ticket:2"] * 3


async def test_stream_resumes_while_others_write(hub: Hub, log: MemoryLog) -> None:
    log.append("ticket:1", 700)

    async def write() -> None:
        for _ in range(300):
            hub.hear(log.append("ticket:1"))
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        async with hub.open({"ticket:1": 0}) as stream:
            assert await take_sequences(stream, 1_000) == list(range(1, 1_001))
            assert await has_nothing(stream)


async def test_event_that_happens_while_a_stream_opens_is_not_missed(
    hub: Hub, log: MemoryLog
) -> None:
    log.append("ticket:1", 3)

    async def commit_during_the_statement() -> None:
        await until(lambda: log.head_statements)
        hub.hear(log.append("ticket:1"))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(commit_during_the_statement())
        async with hub.open({"ticket:1": 3}) as stream:
            assert await take_sequences(stream, 1) == [4]


async def test_thousand_clients_that_resume_share_their_statements(
    hub: Hub, log: MemoryLog
) -> None:
    head = 10_250
    log.append("ticket:1", head)

    async def resume(position: int) -> None:
        async with hub.open({"ticket:1": position}) as stream:
            assert await take_sequences(stream, 2) == [position + 1, position + 2]

    async with asyncio.TaskGroup() as tasks, hub.open({"ticket:1": None}):
        for missed in range(2, 2_002, 2):
            tasks.create_task(resume(head - missed))
    assert log.read_statements == LIMITS.resume_events // PAGE_EVENTS + 1
    assert log.head_statements <= 3


async def test_clients_that_resume_one_after_the_other_share_them_too(
    hub: Hub, log: MemoryLog
) -> None:
    log.append("ticket:1", 1_200)
    async with hub.open({"ticket:1": None}):
        for position in range(1_190, 1_000, -5):
            async with hub.open({"ticket:1": position}) as stream:
                assert await take_sequences(stream, 1) == [position + 1]
    assert log.read_statements == 1


async def test_resuming_clients_leave_connections_for_others(
    hub: Hub, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = peak = 0
    read = log.read

    async def read_slowly(topic: str, after: int, limit: int) -> list[EventRecord]:
        nonlocal reading, peak
        reading += 1
        peak = max(peak, reading)
        await asyncio.sleep(0.005)
        reading -= 1
        return await read(topic, after, limit)

    monkeypatch.setattr(log, "read", read_slowly)

    async def resume(topic: str) -> None:
        log.append(topic)
        async with hub.open({topic: 0}) as stream:
            assert await take_sequences(stream, 1) == [1]

    async with asyncio.TaskGroup() as tasks:
        for number in range(50):
            tasks.create_task(resume(f"ticket:{number}"))
    assert peak == reader.READS_AT_ONCE


@pytest.mark.parametrize(("position", "oldest"), [(0, 2), (6, 8)])
async def test_position_before_the_oldest_event_is_reset(
    hub: Hub, log: MemoryLog, position: int, oldest: int
) -> None:
    log.append("ticket:1", 10)
    log.oldest["ticket:1"] = oldest
    async with hub.open({"ticket:1": position}) as stream:
        assert await take(stream, 1) == [Reset("ticket:1", ResetReason.RETENTION)]
        assert stream.positions == {"ticket:1": 10}
        hub.hear(log.append("ticket:1"))
        assert await take_sequences(stream, 1) == [11]


@pytest.mark.parametrize(("position", "oldest"), [(1, 2), (7, 8), (10, 11)])
async def test_position_right_before_the_oldest_event_is_no_reset(
    hub: Hub, log: MemoryLog, position: int, oldest: int
) -> None:
    log.append("ticket:1", 10)
    log.oldest["ticket:1"] = oldest
    async with hub.open({"ticket:1": position}) as stream:
        expected = list(range(position + 1, 11))
        assert await take_sequences(stream, len(expected)) == expected
        assert await has_nothing(stream)


async def test_position_too_many_events_behind_is_reset(hub: Hub, log: MemoryLog) -> None:
    log.append("ticket:1", LIMITS.resume_events + 1)
    async with hub.open({"ticket:1": 0}) as stream:
        assert await take(stream, 1) == [Reset("ticket:1", ResetReason.RETENTION)]
    async with hub.open({"ticket:1": 1}) as stream:
        assert await take_sequences(stream, 2_000) == list(range(2, 2_002))


async def test_position_too_long_ago_is_reset(hub: Hub, log: MemoryLog) -> None:
    log.append("ticket:1", 2, occurred_at=clock.now() - timedelta(days=7, seconds=1))
    log.append("ticket:1", 1, occurred_at=clock.now() - timedelta(days=6, hours=23))
    async with hub.open({"ticket:1": 1}) as stream:
        assert await take(stream, 1) == [Reset("ticket:1", ResetReason.RETENTION)]
        assert stream.positions == {"ticket:1": 3}
    async with hub.open({"ticket:1": 2}) as stream:
        assert await take_sequences(stream, 1) == [3]


async def test_old_event_that_comes_now_is_no_reset(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}) as stream:
        hub.hear(log.append("ticket:1", occurred_at=clock.now() - timedelta(days=400)))
        assert await take_sequences(stream, 1) == [1]


async def test_position_after_the_head_is_reset(hub: Hub, log: MemoryLog) -> None:
    log.append("ticket:1", 3)
    async with hub.open({"ticket:1": 4}) as stream:
        assert await take(stream, 1) == [Reset("ticket:1", ResetReason.FUTURE)]
        assert stream.positions == {"ticket:1": 3}
        hub.hear(log.append("ticket:1"))
        assert await take_sequences(stream, 1) == [4]


async def test_reset_of_one_topic_leaves_the_others_alone(hub: Hub, log: MemoryLog) -> None:
    log.append("ticket:1", 3)
    log.append("ticket:2", 3)
    async with hub.open({"ticket:1": 9, "ticket:2": 2}) as stream:
        items = await take(stream, 2)
    assert items == [Reset("ticket:1", ResetReason.FUTURE), log.events["ticket:2"][2]]


async def test_restored_database_is_a_reset_for_open_streams(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}) as stream:
        hub.hear(log.append("ticket:1", 5))
        await take_sequences(stream, 5)
        del log.events["ticket:1"][2:]
        hub.hear_gap()
        assert await take(stream, 1) == [Reset("ticket:1", ResetReason.FUTURE)]
        hub.hear(log.append("ticket:1"))
        assert await take_sequences(stream, 1) == [3]


async def test_events_that_were_lost_by_the_log_are_a_reset(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}) as stream:
        log.append("ticket:1", 5)
        log.oldest["ticket:1"] = 4
        hub.hear_hints([Hint("ticket:1", 5)])
        assert await take(stream, 1) == [Reset("ticket:1", ResetReason.RETENTION)]
        assert await has_nothing(stream)


async def test_hint_of_an_event_that_is_not_there_is_forgotten(hub: Hub, log: MemoryLog) -> None:
    log.append("ticket:1")
    async with hub.open({"ticket:1": None}) as stream:
        hub.hear_hints([Hint("ticket:1", 500)])
        assert await has_nothing(stream)
        hub.hear(log.append("ticket:1"))
        assert await take_sequences(stream, 1) == [2]


async def test_reader_who_does_not_keep_up_is_told_so_and_can_resume(
    hub: Hub, log: MemoryLog
) -> None:
    log.append("ticket:1", 500)
    async with hub.open({"ticket:1": 0}) as stream:
        await take_sequences(stream, 10)
        hub.hear(log.append("ticket:1", LIMITS.waiting_events))
        assert await take_sequences(stream, 1) == [11]
        hub.hear(log.append("ticket:1"))
        with pytest.raises(FellBehind):
            await anext(stream)
        positions = stream.positions
    async with hub.open(positions) as stream:
        assert await take_sequences(stream, 1_490) == list(range(12, 1_502))


async def test_slow_reader_does_not_hold_up_the_others(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}), hub.open({"ticket:1": None}) as other:
        for _ in range(3 * LIMITS.waiting_events):
            hub.hear(log.append("ticket:1"))
            await anext(other)
        assert other.positions == {"ticket:1": 3_000}


async def test_log_that_is_down_is_asked_until_it_is_back(
    hub: Hub,
    log: MemoryLog,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.001)
    log.append("ticket:1", 2)
    log.is_down = True

    async def repair() -> None:
        await asyncio.sleep(0.03)
        log.is_down = False

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(repair())
        async with hub.open({"ticket:1": 0}) as stream:
            assert not log.is_down
            log.is_down = True
            tasks.create_task(repair())
            assert await take_sequences(stream, 2) == [1, 2]
    assert "The database does not answer: ConnectionRefusedError()" in caplog.messages


async def test_log_that_never_answers_is_asked_again(
    hub: Hub, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "STATEMENT_SECONDS", 0.01)
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.001)
    answer = log._answer

    async def hang_once() -> None:
        monkeypatch.setattr(log, "_answer", answer)
        await asyncio.Event().wait()

    monkeypatch.setattr(log, "_answer", hang_once)
    async with asyncio.timeout(1), hub.open({"ticket:1": None}) as stream:
        assert stream.positions == {"ticket:1": 0}


async def test_client_who_leaves_while_its_statement_runs_leaves_the_others_served(
    hub: Hub, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = asyncio.Event()
    monkeypatch.setattr(log, "_answer", release.wait)

    async def open_stream() -> dict[str, int]:
        async with hub.open({"ticket:1": None}) as stream:
            return stream.positions

    clients = [asyncio.create_task(open_stream()) for _ in range(3)]
    await until(lambda: log.head_statements)
    clients[0].cancel()
    release.set()
    async with asyncio.timeout(1):
        assert await asyncio.gather(*clients[1:]) == [{"ticket:1": 0}, {"ticket:1": 0}]
    assert clients[0].cancelled()


async def test_reader_may_give_up_waiting_and_go_on_later(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}) as stream:
        for sequence in range(1, 10):
            log.append("ticket:1")
            hub.hear_hints([Hint("ticket:1", sequence)])
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert waiting.cancelled()
            assert await take_sequences(stream, 1) == [sequence]


async def test_leaving_the_hub_ends_its_streams(log: MemoryLog) -> None:
    async with Hub(log) as hub:
        opened = hub.open({"ticket:1": None})
        stream = await opened.__aenter__()
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
    with pytest.raises(HubStopped):
        await waiting
    await opened.__aexit__(None, None, None)


async def test_nothing_is_left_of_topics_that_nobody_watches(hub: Hub, log: MemoryLog) -> None:
    objects: weakref.WeakSet[Feed | Stream] = weakref.WeakSet()
    tasks = asyncio.all_tasks()

    async def visit(number: int) -> None:
        topic = f"ticket:{number % 10}"
        log.append(topic)
        with contextlib.suppress(RuntimeError):
            async with hub.open({topic: 0, f"customer:{number}": None}) as stream:
                objects.add(stream)
                objects.update(hub._feeds.values())
                hub.hear(log.append(f"customer:{number}"))
                await anext(stream)
                if number % 3 == 0:
                    raise RuntimeError

    async with asyncio.TaskGroup() as visits:
        leaving = [visits.create_task(visit(number)) for number in range(300)]
        await asyncio.sleep(0)
        for task in leaving[::7]:
            task.cancel()

    assert hub._feeds == {}
    assert hub._streams == set()
    del leaving, task, visits
    gc.collect()
    assert len(objects) == 0
    assert asyncio.all_tasks() == tasks


async def test_topic_stays_watched_until_its_last_stream_leaves(hub: Hub, log: MemoryLog) -> None:
    async with hub.open({"ticket:1": None}) as stream:
        async with hub.open({"ticket:1": None}):
            pass
        hub.hear(log.append("ticket:1"))
        assert await take_sequences(stream, 1) == [1]

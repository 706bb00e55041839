"""Fixtures of shared execution: a source in memory, and where its listeners come together."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from subscriptions.metrics import GROUPS
from tests.subscriptions.sources import Hall, Script, settle


@pytest.fixture
def no_alarm(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail on what asyncio has to complain about, such as exceptions that nobody retrieved."""
    gc.freeze()  # what was there before is not the test's: to walk it took most of a second
    yield
    gc.collect()
    records = [*caplog.get_records("call"), *caplog.records]
    alarms = [r for r in records if r.name == "asyncio" and r.levelno >= logging.WARNING]
    assert [alarm.getMessage() for alarm in alarms] == []


@pytest.fixture
async def script(no_alarm: None) -> AsyncIterator[Script]:
    """A source; nobody may read it any more, nor may a task be left, when the test is over."""
    source = Script()
    yield source
    await settle(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    assert source.readers == 0


@pytest.fixture
async def hall(script: Script) -> AsyncIterator[Hall]:
    """Where listeners of `script` come together; it is empty again when all have left."""
    groups = GROUPS._value.get()
    opened = Hall(script)
    yield opened
    for group in tuple(opened.sharing._groups.values()):
        for listener in tuple(group._listeners):
            group.leave(listener)
    assert opened.is_empty
    assert GROUPS._value.get() == groups

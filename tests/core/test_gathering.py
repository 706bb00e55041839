"""Asking for many at once: who shares a question with whom, and how old an answer may be."""

import asyncio
import gc
import logging
from collections.abc import Mapping

import pytest

from core.gathering import Gathering


class Oracle:
    """Answers with how many questions were asked before; while the gate is closed, it thinks."""

    def __init__(self) -> None:
        self.questions: list[set[str]] = []
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.thinking = 0

    async def ask(self, keys: set[str]) -> Mapping[str, int]:
        self.questions.append(set(keys))
        number = len(self.questions)
        self.thinking += 1
        await self.gate.wait()
        self.thinking -= 1
        if self.error is not None:
            raise self.error
        return dict.fromkeys(keys, number)


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_question_alone_is_asked_at_once() -> None:
    oracle = Oracle()
    gathering = Gathering(oracle.ask)

    assert await gathering.get(["a", "b"]) == {"a": 1, "b": 1}
    assert oracle.questions == [{"a", "b"}]


async def test_those_who_ask_together_share_a_question() -> None:
    oracle = Oracle()
    gathering = Gathering(oracle.ask)

    answers = await asyncio.gather(*(gathering.get([key]) for key in "abca"))

    assert oracle.questions == [{"a", "b", "c"}]
    assert all(answer == {"a": 1, "b": 1, "c": 1} for answer in answers)


async def test_who_asks_while_an_answer_is_on_its_way_gets_a_younger_one() -> None:
    oracle = Oracle()
    gathering = Gathering(oracle.ask)
    oracle.gate.clear()
    early = asyncio.create_task(gathering.get(["a"]))
    await turns()
    late = [asyncio.create_task(gathering.get([key])) for key in "ab"]
    await turns()
    assert oracle.questions == [{"a"}]
    assert oracle.thinking == 1  # one question at a time

    oracle.gate.set()

    assert await early == {"a": 1}
    assert await late[0] == await late[1] == {"a": 2, "b": 2}
    assert oracle.questions == [{"a"}, {"a", "b"}]


async def test_an_error_is_raised_to_all_who_asked_and_not_to_the_next() -> None:
    oracle = Oracle()
    gathering = Gathering(oracle.ask)
    oracle.error = ConnectionRefusedError("away")

    answers = await asyncio.gather(*(gathering.get([key]) for key in "ab"), return_exceptions=True)
    assert answers == [oracle.error, oracle.error]

    oracle.error = None
    assert await gathering.get(["a"]) == {"a": 2}


async def test_whoever_is_cancelled_leaves_the_question_to_the_others() -> None:
    oracle = Oracle()
    gathering = Gathering(oracle.ask)
    oracle.gate.clear()
    leaves, stays = (asyncio.create_task(gathering.get(["a"])) for _ in range(2))
    await turns()

    leaves.cancel()
    await turns()
    oracle.gate.set()

    assert await stays == {"a": 1}
    assert leaves.cancelled()
    assert oracle.questions == [{"a"}]


async def test_a_question_that_nobody_waits_for_ends_and_fails_without_an_alarm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    oracle = Oracle()
    gathering = Gathering(oracle.ask)
    oracle.gate.clear()
    oracle.error = ConnectionRefusedError("away")
    leaves = asyncio.create_task(gathering.get(["a"]))
    await turns()

    leaves.cancel()
    await turns()
    assert oracle.thinking == 1
    oracle.gate.set()
    await turns()
    gc.collect()

    assert oracle.thinking == 0
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []

import pytest

from core.errors import NotFound
from subscriptions import patience
from subscriptions.patience import patiently


async def test_a_question_is_asked_until_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.001)
    failures = [ConnectionRefusedError(), TimeoutError(), OSError("too many connections")]

    async def ask() -> str:
        if failures:
            raise failures.pop()
        return "answer"

    assert await patiently(ask) == "answer"


async def test_a_refusal_is_an_answer() -> None:
    async def ask() -> str:
        raise NotFound

    with pytest.raises(NotFound):
        await patiently(ask)

"""Somebody who speaks with one of the web processes, in GraphQL only: over HTTP and WebSocket."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Any, TypeVar

import httpx2

from tests.support.desk import Client
from tests.support.live import Watcher, watching

AT_ONCE = 10  # as often an operation may ask for one root field

START_TRIES = 6  # of five seconds each: what takes two may take many on a busy machine

_News = TypeVar("_News")

InWords = Callable[[dict[str, Any]], str]

WHO = """
    fragment Who on Actor {
      ... on Agent { name } ... on Customer { name } ... on Integration { name }
    }
"""
CONFLICT = """
    ... on EditConflict {
      currentVersion changedBy { ...Who } fields { field base theirs yours }
    }
"""


async def patiently(next_news: Callable[[], Awaitable[_News]]) -> _News:
    """Wait for news from a process that is starting, which takes its time."""
    for _ in range(START_TRIES):
        with suppress(TimeoutError):
            return await next_news()
    raise AssertionError("nothing came")


class Screen:
    """One subscription, whose news are read as sentences."""

    def __init__(self, watcher: Watcher, in_words: InWords) -> None:
        self._watcher = watcher
        self._in_words = in_words

    @property
    def cursor(self) -> str:
        """The place after the last news."""
        assert self._watcher.cursor is not None
        return self._watcher.cursor

    async def shows(self, *sentences: str) -> None:
        """Wait for these news: each within five seconds, in this order, and no others between."""
        for sentence in sentences:
            try:
                told = await self._next()
            except TimeoutError:
                raise AssertionError(f"did not come: {sentence}") from None
            assert told == sentence, f"{told}\ninstead of: {sentence}"

    async def shows_in_any_order(self, *sentences: str) -> None:
        """Wait for these news, of acts that do not wait for each other, and no others between."""
        assert sorted([await self._next() for _ in sentences]) == sorted(sentences)

    async def comes_to_show(self, sentence: str) -> None:
        """Wait for news from a process that is starting, which takes its time."""
        assert await patiently(self._next) == sentence

    async def ends(self, *last: str) -> None:
        """Wait for these last news, and for the server to say that there are no more."""
        await self.shows(*last)
        await self._watcher.ended()

    async def _next(self) -> str:
        return self._in_words(await self._watcher.next())


class Person:
    """Somebody at a server; without a token, a visitor whom nobody knows."""

    def __init__(self, name: str, server: str, token: str | None, closing: AsyncExitStack) -> None:
        self.name = name
        self._server = httpx2.URL(server)
        self._token = token
        self._closing = closing
        self._http = httpx2.AsyncClient(base_url=server)
        closing.push_async_callback(self._http.aclose)
        self._client = Client(self._http, token)

    async def asks(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a query, and return its data."""
        return await self._client.ask(document, **variables)

    async def refusal_of_asking(self, document: str, **variables: Any) -> str:
        """Send a query that must be refused as a whole; return the code of the refusal."""
        answer = await self._client.send(document, **variables)
        assert answer.body.get("data") is None, answer.body
        code: str = answer.error["extensions"]["code"]
        return code

    async def refusal_of_following(self, subscription: str, **variables: Any) -> str:
        """Send a subscription that must be refused; return the code of the refusal."""
        async with self._watch(subscription, variables) as watcher:
            code: str = (await watcher.refusal())["extensions"]["code"]
        return code

    async def tries(self, mutation: str, selection: str = "", **fields: Any) -> dict[str, Any]:
        """Send a mutation of this name, with these fields as its input, and return its result."""
        return await self._client.act(_document(mutation, selection, 1), input0=fields)

    async def does(self, mutation: str, success: str = "", **fields: Any) -> dict[str, Any]:
        """Send a mutation that must succeed; `success` is selected on what it answers with."""
        (result,) = await self.does_all(mutation, success, [fields])
        return result

    async def does_all(
        self, mutation: str, success: str, inputs: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Do the same with each input, one after the other, as many of them in a request as may."""
        wanted = f"{_capitalised(mutation)}Success"
        selection = f"... on {wanted} {{ {success} }}" if success else ""
        results: list[dict[str, Any]] = []
        for start in range(0, len(inputs), AT_ONCE):
            some = inputs[start : start + AT_ONCE]
            variables = {f"input{place}": fields for place, fields in enumerate(some)}
            answers = await self.asks(_document(mutation, selection, len(some)), **variables)
            results += answers.values()
        assert {result["__typename"] for result in results} == {wanted}, results
        return results

    async def opens(self, subscription: str, in_words: InWords, **variables: Any) -> Screen:
        """Subscribe over a socket of its own."""
        watcher = await self._closing.enter_async_context(self._watch(subscription, variables))
        return Screen(watcher, in_words)

    async def signs_in(self, email: str, password: str) -> str:
        """Return the token of a new session."""
        token: str = (await self.does("signIn", "token", email=email, password=password))["token"]
        return token

    def _watch(
        self, subscription: str, variables: dict[str, Any]
    ) -> AbstractAsyncContextManager[Watcher]:
        assert self._server.port is not None
        return watching(self._server.port, self._token, subscription, **variables)


def _document(mutation: str, selection: str, times: int) -> str:
    kind = _capitalised(mutation)
    variables = ", ".join(f"$input{place}: {kind}Input!" for place in range(times))
    fields = "\n".join(
        f"_{place}: {mutation}(input: $input{place}) {{ ...Result }}" for place in range(times)
    )
    return f"""
        mutation ({variables}) {{ {fields} }}
        fragment Result on {kind}Result {{
          __typename
          {selection}
          ... on UserError {{ code }}
          ... on ValidationFailed {{ fields {{ path code }} }}
        }}
        {WHO if "...Who" in selection else ""}
    """


def _capitalised(name: str) -> str:
    return name[:1].upper() + name[1:]

"""Runs operations for viewers and answers in JSON, each execution in a scope of its own."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from app.engine import CACHED_DOCUMENTS, Engine, Operation, Variables
from app.graphql_access import OpenScope
from app.graphql_errors import passing_failure
from app.graphql_json import encode_result
from app.live_documents import LiveDocument
from models.viewers import Viewer
from schema.live import Live
from services.live_viewers import LiveViewers
from subscriptions.log.cursors import ResetReason
from subscriptions.log.following import Ready
from subscriptions.sharing.groups import Group, Sharing
from subscriptions.sharing.listening import Listener
from subscriptions.sharing.told import Answer, Subject, TryAgain
from subscriptions.source import Item, Source, Verdict

Result = TypeVar("Result")

KEPT_OPERATIONS = 1_000  # tickets that many look at, with a document of their app


@dataclass(frozen=True, slots=True)
class LiveOperation:
    """A subscription that was admitted: what it is about, and what may be shared of it."""

    live: Live
    key: Hashable
    subject: Subject


class Responder:
    """Answers what the engine has prepared.

    `is_shareable` tells whether all of an audience get the same answers to a subscription. Without
    `shares_executions` every subscription is executed by itself.
    """

    def __init__(
        self,
        engine: Engine,
        open_scope: OpenScope,
        sharing: Sharing,
        is_shareable: Callable[[Operation], bool],
        *,
        shares_executions: bool = True,
    ) -> None:
        self._shares_executions = shares_executions
        self._engine = engine
        self._open_scope = open_scope
        self._sharing = sharing
        self._is_shareable = cached_if_short(is_shareable)
        self._document_of = cached_if_short(LiveDocument.of)
        # What others have asked for before: to run the resolver again would give an equal source.
        self._known: OrderedDict[tuple[Operation, bytes], LiveOperation] = OrderedDict()

    @property
    def viewers(self) -> LiveViewers:
        """Who is connected, with the rights they have now."""
        return self._sharing.viewers

    async def answer(self, operation: Operation, variables: Variables, viewer: Viewer) -> bytes:
        """Execute a query or mutation; raise RequestRejected if the variables do not fit."""
        async with self._open_scope(viewer, operation) as scope:
            result = await self._engine.execute(operation, variables, scope)
        return encode_result(result)

    async def admit(
        self, operation: Operation, variables: Variables, viewer: Viewer
    ) -> LiveOperation:
        """Let a viewer subscribe; raise RequestRejected if that is refused.

        The scope is closed by then: what lives as long as a socket must hold no connection.
        """
        document = self._document_of(operation)
        asked = (operation, document.told_apart(variables))
        known = self._known.get(asked)
        if known is not None and document.cursor is not None:
            after = variables.get(document.cursor)
            if isinstance(after, str | None) and await _may_hear(known.live.source, viewer):
                self._known.move_to_end(asked)
                return replace(known, live=replace(known.live, after=after))
        async with self._open_scope(viewer, operation) as scope:
            live = await self._engine.subscribe(operation, variables, scope)
        # Whatever else a client has sent along must not be kept for as long as it listens.
        declared = document.declared(variables)

        async def answer_item(item: Item, hearer: Viewer) -> Answer | None:
            return await self._answer_item(operation, declared, hearer, live.show(item))

        subject = Subject(live.source, answer_item, self._is_shareable(operation))
        if not self._shares_executions:
            return LiveOperation(live, live, subject)
        admitted = LiveOperation(live, (*asked, live.source.key), subject)
        if live.source.admits_who_may_hear and document.cursor is not None:
            self._keep(asked, admitted)
        return admitted

    async def join(
        self, admitted: LiveOperation, listener: Listener, anew: ResetReason | None = None
    ) -> Group | None:
        """Let a listener hear all that is told; see `Sharing.join`."""
        start = anew or admitted.live.after
        return await self._sharing.join(admitted.key, admitted.subject, listener, start)

    async def _answer_item(
        self, operation: Operation, variables: Variables, viewer: Viewer, shown: object | None
    ) -> Answer | None:
        if shown is None:
            return None
        async with self._open_scope(viewer, operation) as scope:
            result = await self._engine.execute_event(operation, variables, scope, shown)
        failure = passing_failure(result.errors)
        if failure is not None:
            raise TryAgain from failure
        return Answer(encode_result(result), is_whole=not result.errors)

    def _keep(self, asked: tuple[Operation, bytes], admitted: LiveOperation) -> None:
        if not asked[0].is_short:
            return
        self._known[asked] = admitted
        if len(self._known) > KEPT_OPERATIONS:
            self._known.popitem(last=False)


def cached_if_short(function: Callable[[Operation], Result]) -> Callable[[Operation], Result]:
    """Keep what a function says of operations, but for documents that would fill the memory."""
    cached = lru_cache(CACHED_DOCUMENTS)(function)
    return lambda operation: cached(operation) if operation.is_short else function(operation)


async def _may_hear(source: Source, viewer: Viewer) -> bool:
    """Tell whether a viewer is let in. Who is not is refused by the resolver, in its words."""
    if viewer.actor is None:
        return False
    judge = await source.judge(Ready(""))
    return judge(viewer.person) is Verdict.HEARS

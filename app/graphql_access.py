"""What the edge is given to serve somebody: who they are, and what an operation of theirs needs."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from app.engine import Operation
from models.viewers import Viewer

# Gives a fresh scope, which is closed when the one operation or event it serves is done.
OpenScope = Callable[[Viewer, Operation], AbstractAsyncContextManager[object]]


class Authenticate(Protocol):
    """Finds out who is calling."""

    async def __call__(self, authorization: str | None, *, language: str | None) -> Viewer:
        """Return the viewer; raise Unauthenticated if `authorization` is there but not valid."""

"""Who the viewer is; signing in and out."""

from datetime import datetime
from typing import Any

from core.errors import Unauthenticated
from models.actors import ActorKind
from models.viewers import Viewer
from resolvers import actors
from resolvers.access import require_signed_in
from resolvers.scope import Scope
from services import sessions
from services.sessions import SignedIn


async def me(scope: Scope) -> tuple[ActorKind, Any]:
    """Return what kind of actor is asking, and the row. Raises Unauthenticated for strangers."""
    actor = scope.viewer.actor
    if actor is None:
        raise Unauthenticated
    found: tuple[ActorKind, Any] = await scope.load(actors.by_key, (actor.kind, actor.id))
    return found


async def sign_in(scope: Scope, email: str, password: str, earlier_token: str | None) -> SignedIn:
    """Open a session; what follows in the same operation is done by the agent signed in."""
    database = scope.resources.database
    signed_in = await sessions.sign_in(database, email, password, earlier_token)
    scope.viewer = await sessions.authenticate(database, f"Bearer {signed_in.token}")
    return signed_in


async def sign_out(scope: Scope) -> datetime:
    """End the viewer's session, and return when; what follows is done by nobody."""
    require_signed_in(scope.viewer)
    ended_at = await sessions.sign_out(scope.resources.database, scope.viewer)
    scope.viewer = Viewer(actor=None, language=scope.viewer.language)
    return ended_at

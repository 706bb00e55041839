"""Who may ask at all, and for what."""

from uuid import UUID

from core.errors import NotAllowed, NotFound, Unauthenticated
from core.ids import NodeKind
from models.viewers import Viewer
from resolvers.global_ids import row_id_of
from resolvers.scope import Batch, Scope


def require_signed_in(viewer: Viewer) -> None:
    """Raise Unauthenticated for strangers."""
    if viewer.actor is None:
        raise Unauthenticated


def require_admin(viewer: Viewer) -> None:
    """Raise Unauthenticated for strangers, and NotAllowed for all others but admins."""
    require_signed_in(viewer)
    if not viewer.is_admin:
        raise NotAllowed


async def require_row(scope: Scope, by_id: Batch, kind: NodeKind, text: str, *path: str) -> UUID:
    """Return the row that an id at `path` names. Raises NotFound where the viewer sees none."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(text, kind, *path)
    if await scope.load(by_id, row_id, columns=frozenset({"id"})) is None:
        raise NotFound
    return row_id

"""Who may ask at all."""

from core.errors import Unauthenticated
from models.viewers import Viewer


def require_signed_in(viewer: Viewer) -> None:
    """Raise Unauthenticated for strangers."""
    if viewer.actor is None:
        raise Unauthenticated

"""Who listens to a group: one subscription of one client."""

from typing import Protocol

from services.live_viewers import LiveViewer
from subscriptions.log.cursors import ResetReason


class Listener(Protocol):
    """One subscription of one client."""

    @property
    def viewer(self) -> LiveViewer:
        """Who listens."""

    def tell(self, content: bytes) -> None:
        """Send at once. A client without room for it is disconnected, and told why."""

    async def tell_patiently(self, content: bytes) -> None:
        """Send when there is room. Raises what ends the connection if there never is."""

    def finish(self, error: Exception | None) -> None:
        """End the subscription: nothing more will come."""

    def begin_anew(self, reason: ResetReason) -> None:
        """Ask for the subscription again: this source is not the viewer's any more."""

"""The favourites of one ticket: the list as it is, then each change of it."""

from subscriptions.log.following import Happened
from subscriptions.source import Item, Judge, Verdict
from subscriptions.tickets import TicketSource

_CHANGES = ("FavoriteAdded", "FavoriteRemoved")


class FavoriteSource(TicketSource):
    """Ready and Gap, at which the list is to be read, and each star put or taken away."""

    async def judge(self, item: Item) -> Judge:
        """Skip what is about no star, but for whoever loses sight of the ticket by it."""
        judge = await super().judge(item)
        if not isinstance(item, Happened) or item.record.type in _CHANGES:
            return judge
        return lambda viewer: Verdict.LOST if judge(viewer) is Verdict.LOST else Verdict.SKIPS

    def farewell(self, last: Item) -> Item | None:
        """Say nothing: there is no list any more."""
        return None

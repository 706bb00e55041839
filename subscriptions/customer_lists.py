"""A searched and filtered list of customers, live: who enters it, changes in it, and leaves it."""

from dataclasses import dataclass
from uuid import UUID

from models.event_topics import customers_topic
from models.viewers import ApiScope, Viewer
from services.customer_lists import CustomerView, State, require_reader
from subscriptions.log.following import Happened
from subscriptions.source import Item, Judge, Verdict
from subscriptions.streams import Streams
from subscriptions.views import MOVES, Move, Seen, ViewSource


@dataclass(frozen=True, slots=True)
class CustomerMoved(Seen):
    """A customer moved into, within, or out of the view; `move` is None for who was never there."""

    move: Move | None

    @property
    def customer_id(self) -> UUID:
        """The customer."""
        return UUID(self.happened.record.payload["customer_id"])


@dataclass(frozen=True, slots=True)
class CompanyRenamed(Seen):
    """A company has another name; the view `is_outdated` where it may show others for that."""

    is_outdated: bool

    @property
    def company_id(self) -> UUID:
        """The company."""
        return UUID(self.happened.record.payload["company_id"])


class CustomerListSource(ViewSource):
    """What happens to the customers that a view shows. All who may read customers see all."""

    admits_who_may_hear = True

    def __init__(self, streams: Streams, view: CustomerView) -> None:
        super().__init__(streams, [customers_topic()], view)
        self._view = view

    def see(self, happened: Happened) -> Item:
        """Return CustomerMoved or CompanyRenamed."""
        payload = happened.record.payload
        match happened.record.type:
            case "CustomerListChanged":
                shown = (self._shows(payload["before"]), self._shows(payload["after"]))
                return CustomerMoved(happened, MOVES[shown])
            case "CompanyRenamed":
                names = (payload["before"], payload["after"])
                return CompanyRenamed(happened, self._view.tells_apart(names))
        return CustomerMoved(happened, None)  # a process of a newer version may write others

    async def judge(self, item: Item) -> Judge:
        """Skip what the view does not show; part with those who may read customers no more."""
        is_hidden = isinstance(item, CustomerMoved) and item.move is None
        heard = Verdict.SKIPS if is_hidden else Verdict.HEARS

        def judge(viewer: Viewer) -> Verdict:
            return heard if viewer.may(ApiScope.CUSTOMERS_READ) else Verdict.LOST

        return judge

    def _shows(self, state: State | None) -> bool:
        return state is not None and self._view.shows(state)


def customer_list_source(
    streams: Streams, viewer: Viewer, view: CustomerView
) -> CustomerListSource:
    """Return what happens to a view.

    Raises Unauthenticated for strangers, and NotAllowed for those who may not read customers.
    """
    require_reader(viewer)
    return CustomerListSource(streams, view)

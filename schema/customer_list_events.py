"""A searched and filtered list of customers, live."""

from collections.abc import AsyncIterable
from typing import Annotated, Any

import strawberry

from core.ids import NodeKind, encode_global_id
from resolvers import companies, customer_lists, customers
from schema.companies import Company
from schema.customers import Customer, CustomerFilterInput
from schema.events import EventFields, EventRow, StreamReady, StreamReset, stream_signal
from schema.field_changes import FieldChange
from schema.fields import Info, derived, relation
from schema.live import Live
from schema.scalars import EventCursor
from services.customer_lists import CustomerView
from subscriptions.customer_lists import CompanyRenamed, CustomerMoved, customer_list_source
from subscriptions.log.cursors import encode_cursor
from subscriptions.views import Move


def _customer_now() -> Any:
    return relation(
        "The customer as they are now, which may be after later events.",
        customers.by_id,
        key="customer_id",
    )


def _changes(row: EventRow) -> list[FieldChange]:
    return [FieldChange.from_payload(change) for change in row.payload["changes"]]


@strawberry.type(description="A customer is in the list now and was not before.")
class CustomerEntered(EventFields):
    """A customer came into the list."""

    customer: Customer = _customer_now()
    changes: list[FieldChange] = derived(
        "What changed; nothing for a customer who is new.", _changes, needs=("payload",)
    )


@strawberry.type(description="A customer of the list is another one now, or is known otherwise.")
class CustomerUpdated(EventFields):
    """A customer of the list changed."""

    customer: Customer = _customer_now()
    changes: list[FieldChange] = derived(
        "Which fields changed; none when another channel knows them now.",
        _changes,
        needs=("payload",),
    )


@strawberry.type(description="A customer was in the list and is not now.")
class CustomerLeft(EventFields):
    """A customer left the list."""

    customer_id: strawberry.ID = derived(
        "The customer.",
        lambda row: encode_global_id(NodeKind.CUSTOMER, row.customer_id),
        needs=("customer_id",),
    )


@strawberry.type(
    description="A company has another name. Which customers enter or leave for that is not told."
)
class CustomerCompanyRenamed(EventFields):
    """A company has another name."""

    company: Company = relation(
        "The company as it is now, which may be after later events.",
        companies.by_id,
        key="company_id",
    )
    is_outdated: bool = strawberry.field(
        description="Whether the search finds the company by one of its names only, the old or the "
        "new one: then fetch the list anew. Otherwise the customers of the list stay the same."
    )


CustomerListEvent = Annotated[
    StreamReady
    | StreamReset
    | CustomerEntered
    | CustomerUpdated
    | CustomerLeft
    | CustomerCompanyRenamed,
    strawberry.union("CustomerListEvent", description="What can happen to a list of customers."),
]

_TYPES: dict[Move, Any] = {
    Move.ENTERED: CustomerEntered,
    Move.CHANGED: CustomerUpdated,
    Move.LEFT: CustomerLeft,
}


@strawberry.type
class CustomerListQuery:
    """Lists of customers, where a stream goes on from them."""

    @strawberry.field(
        description=(
            "Where all lists of customers stand now. Ask for it together with `customers`, and "
            "give it to `customerListEvents` as `after`, to miss nothing. For agents, and "
            "integrations with `CUSTOMERS_READ`."
        )
    )
    async def customer_list_event_cursor(self, info: Info) -> EventCursor:
        """Return the place of all lists of customers."""
        positions = await customer_lists.positions(info.context)
        return EventCursor(encode_cursor(info.context.resources.epoch, positions))


@strawberry.type
class CustomerListSubscription:
    """Lists of customers, live."""

    @strawberry.subscription(
        description=(
            "What happens to the customers that a search and a filter show: who enters, changes "
            "and leaves. Begins with StreamReady, or with what has happened since `after`. A word "
            "that is merely spelled alike finds nobody here. For agents, and integrations with "
            "`CUSTOMERS_READ`."
        )
    )
    async def customer_list_events(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(description="What is looked for, as in `customers`."),
        ] = None,
        filter: Annotated[
            CustomerFilterInput | None,
            strawberry.argument(description="Which customers; all of them unless told."),
        ] = None,
        after: Annotated[
            EventCursor | None,
            strawberry.argument(description="Where to go on: the last cursor you got."),
        ] = None,
    ) -> AsyncIterable[CustomerListEvent]:
        """Follow a list of customers."""
        view = CustomerView.of(search, (filter or CustomerFilterInput()).parsed())
        streams = info.context.resources.streams
        source = customer_list_source(streams, info.context.viewer, view)
        return Live(source, _customer_list_event, after)


def _customer_list_event(item: Any) -> Any:
    match item:
        case CustomerMoved():
            shape = item.move and _TYPES[item.move]
            return shape and shape(row=EventRow.of(item.happened, customer_id=item.customer_id))
        case CompanyRenamed():
            row = EventRow.of(item.happened, company_id=item.company_id)
            return CustomerCompanyRenamed(row=row, is_outdated=item.is_outdated)
    return stream_signal(item)

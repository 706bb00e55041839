"""What happens to a customer, live."""

from collections.abc import AsyncIterable
from typing import Annotated, Any

import strawberry

from resolvers import channel_profiles, customer_merges, customers, tickets
from resolvers.audiences import same_for_audience
from schema.channel_profiles import ChannelProfile
from schema.customer_merges import CustomerMerge
from schema.customers import Customer
from schema.events import EventFields, StreamReady, StreamReset
from schema.field_changes import FieldChange, shown_changes
from schema.fields import Info, derived_in_scope, relation
from schema.interaction_events import (
    INTERACTION_TYPES,
    InteractionChanged,
    InteractionClosed,
    InteractionOpened,
    InteractionReopened,
)
from schema.live import Live
from schema.note_events import NoteAdded, NoteChanged, NoteDeleted
from schema.row_events import showing
from schema.scalars import EventCursor
from schema.ticket_events import AccessLost
from schema.tickets import Ticket
from subscriptions.customers import CustomerSource


def _customer_now() -> Any:
    return relation(
        "The customer as they are now, which may be after later events.",
        customers.by_id,
        key="customer_id",
    )


def _profile(description: str) -> Any:
    return relation(
        f"{description}; null where it is somebody's by now whom the viewer does not see.",
        channel_profiles.by_id,
        key="profile_id",
    )


def _changes() -> Any:
    return derived_in_scope(
        "What changed.",
        same_for_audience(lambda row, scope: shown_changes(row.payload["changes"], scope)),
        needs=("payload",),
    )


@strawberry.type(description="The customer is known now.")
class CustomerCreated(EventFields):
    """The customer is known now."""

    customer: Customer = _customer_now()


@strawberry.type(description="Fields of the customer changed.")
class CustomerChanged(EventFields):
    """Fields of the customer changed."""

    customer: Customer = _customer_now()
    changes: list[FieldChange] = _changes()


@strawberry.type(
    description="Two customers are one now. Told to who looks at either: fetch `into` anew, who "
    "has everything of both."
)
class CustomerMerged(EventFields):
    """Two customers are one now."""

    into: Customer = relation(
        "Who stayed, as they are now, which may be after later events.",
        customers.by_id,
        key="customer_id",
    )
    merge: CustomerMerge | None = relation(
        "The merge, with which it can be undone; null where a profile was linked, after which "
        "nothing was left of who it came with.",
        customer_merges.by_id,
        key="move_id",
    )
    changes: list[FieldChange] = _changes()


@strawberry.type(
    description="Two customers are two again. Told to who looks at either: fetch both anew."
)
class CustomerUnmerged(EventFields):
    """Two customers are two again."""

    customer: Customer = _customer_now()
    merge: CustomerMerge | None = relation(
        "The merge that was undone; null where a profile was unlinked.",
        customer_merges.by_id,
        key="move_id",
    )
    changes: list[FieldChange] = _changes()


@strawberry.type(description="The customer is known by another address, number or name.")
class ProfileLinked(EventFields):
    """The customer is known by another profile."""

    customer: Customer = _customer_now()
    profile: ChannelProfile | None = _profile("By what a channel knows them")


@strawberry.type(description="A profile turned out to be somebody else's; it is not theirs now.")
class ProfileUnlinked(EventFields):
    """A profile is the customer's no more."""

    customer: Customer = _customer_now()
    profile: ChannelProfile | None = _profile("The profile as it is now")


@strawberry.type(description="It is proven that a profile is the customer's.")
class ProfileVerified(EventFields):
    """It is proven that a profile is the customer's."""

    customer: Customer = _customer_now()
    profile: ChannelProfile | None = _profile("The profile as it is now")


@strawberry.type(description="The customer says to have another address or number.")
class ProfileChanged(EventFields):
    """What is known of a profile changed."""

    customer: Customer = _customer_now()
    profile: ChannelProfile | None = _profile("The profile with what they claim now")


@strawberry.type(
    description="The customer has a new ticket. Told only to those who see the ticket."
)
class CustomerTicketOpened(EventFields):
    """The customer has a new ticket."""

    customer: Customer = _customer_now()
    ticket: Ticket | None = relation(
        "The ticket as it is now; null when the viewer has lost sight of it since.",
        tickets.by_id,
        key="ticket_id",
    )


CustomerEvent = Annotated[
    StreamReady
    | StreamReset
    | CustomerCreated
    | CustomerChanged
    | CustomerMerged
    | CustomerUnmerged
    | NoteAdded
    | NoteChanged
    | NoteDeleted
    | ProfileLinked
    | ProfileUnlinked
    | ProfileVerified
    | ProfileChanged
    | CustomerTicketOpened
    | InteractionOpened
    | InteractionChanged
    | InteractionClosed
    | InteractionReopened
    | AccessLost,
    strawberry.union("CustomerEvent", description="What can happen to a customer."),
]

_TYPES: dict[str, Any] = {
    "CustomerCreated": CustomerCreated,
    "CustomerChanged": CustomerChanged,
    "CustomerMerged": CustomerMerged,
    "CustomerUnmerged": CustomerUnmerged,
    "NoteAdded": NoteAdded,
    "NoteChanged": NoteChanged,
    "NoteDeleted": NoteDeleted,
    "ProfileLinked": ProfileLinked,
    "ProfileUnlinked": ProfileUnlinked,
    "ProfileVerified": ProfileVerified,
    "ProfileChanged": ProfileChanged,
    "CustomerTicketOpened": CustomerTicketOpened,
    **INTERACTION_TYPES,
}


@strawberry.type
class CustomerSubscription:
    """Customers, live."""

    @strawberry.subscription(
        description="Everything that happens to a customer, in order and once: changes of their "
        "fields, notes on them, their profiles, new tickets and the history of interactions. "
        "Begins with StreamReady, or with what has happened since `after`."
    )
    async def customer_events(
        self,
        info: Info,
        customer_id: Annotated[strawberry.ID, strawberry.argument(description="The customer.")],
        after: Annotated[
            EventCursor | None,
            strawberry.argument(description="Where to go on: the last cursor you got."),
        ] = None,
    ) -> AsyncIterable[CustomerEvent]:
        """Follow a customer."""
        row_id = await customers.require(info.context, customer_id)
        source = CustomerSource(info.context.resources.streams, row_id)
        return Live(source, showing(_TYPES, customer_id=row_id), after)

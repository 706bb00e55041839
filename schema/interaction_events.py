"""What happens to interactions, live: on an agent's own lists, and on a customer's page."""

from collections.abc import AsyncIterable
from typing import Annotated, Any

import strawberry

from resolvers import customers, interactions
from schema.customers import Customer
from schema.events import EventFields, EventRow, StreamReady, StreamReset
from schema.field_changes import FieldChange
from schema.fields import Info, derived, relation
from schema.interactions import Interaction
from schema.live import Live
from schema.row_events import showing
from schema.scalars import EventCursor
from subscriptions.interactions import InteractionSource


def _interaction_now() -> Any:
    return relation(
        "The interaction as it is now, which may be after later events.",
        interactions.by_id,
        key="interaction_id",
    )


def _history_of() -> Any:
    return relation(
        "The customer on whose page this is told, as they are now; null on the viewer's own lists, "
        "where the interactions of several stand.",
        customers.by_id,
        key="customer_id",
    )


def _changes(row: EventRow) -> list[FieldChange]:
    return [FieldChange.from_payload(change) for change in row.payload["edits"]]


@strawberry.type(
    description="Somebody is in touch. On the viewer's lists: it stands on the open one now. On a "
    "customer's page: an agent is in touch with them."
)
class InteractionOpened(EventFields):
    """An interaction was opened."""

    interaction: Interaction = _interaction_now()
    history_of: Customer | None = _history_of()


@strawberry.type(
    description="Something about an interaction is another than it was; it stays on its list. On a "
    "customer's page it is no more of theirs where its customer is somebody else now."
)
class InteractionChanged(EventFields):
    """Something about an interaction changed."""

    interaction: Interaction = _interaction_now()
    history_of: Customer | None = _history_of()
    changes: list[FieldChange] = derived(
        "Which of summary, tags, customer and ticket changed. A ticket is shown as `…`, for not "
        "everybody may know of it: read `interaction.ticket`. None where the viewer's form did, or "
        "where a colleague has closed or reopened it.",
        _changes,
        needs=("payload",),
    )


@strawberry.type(
    description="An interaction is over. On the viewer's lists: it has moved to the top of the "
    "recent one. On a customer's page: no agent has it open any more."
)
class InteractionClosed(EventFields):
    """An interaction was closed."""

    interaction: Interaction = _interaction_now()
    history_of: Customer | None = _history_of()


@strawberry.type(
    description="An interaction goes on. On the viewer's lists: it stands on top of the open one "
    "and no more on the recent one. On a customer's page: an agent has it open again."
)
class InteractionReopened(EventFields):
    """An interaction was reopened."""

    interaction: Interaction = _interaction_now()
    history_of: Customer | None = _history_of()


InteractionEvent = Annotated[
    StreamReady
    | StreamReset
    | InteractionOpened
    | InteractionChanged
    | InteractionClosed
    | InteractionReopened,
    strawberry.union(
        "InteractionEvent", description="What can happen on the lists of an agent's interactions."
    ),
]

INTERACTION_TYPES: dict[str, Any] = {
    "InteractionOpened": InteractionOpened,
    "InteractionChanged": InteractionChanged,
    "InteractionClosed": InteractionClosed,
    "InteractionReopened": InteractionReopened,
}


@strawberry.type
class InteractionSubscription:
    """The lists that an agent works on, live."""

    @strawberry.subscription(
        description="What happens on the viewer's open and recent lists, on whichever of their "
        "screens or by whichever colleague, in order and once. For agents. Begins with "
        "StreamReady, or with what has happened since `after`."
    )
    async def interaction_events(
        self,
        info: Info,
        after: Annotated[
            EventCursor | None,
            strawberry.argument(description="Where to go on: the last cursor you got."),
        ] = None,
    ) -> AsyncIterable[InteractionEvent]:
        """Follow the viewer's lists."""
        agent_id = interactions.agent_of(info.context.viewer)
        source = InteractionSource(info.context.resources.streams, agent_id)
        return Live(source, showing(INTERACTION_TYPES), after)

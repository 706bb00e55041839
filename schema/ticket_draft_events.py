"""What happens to the viewer's drafts of tickets, live on all their tabs and devices."""

from collections.abc import AsyncIterable
from typing import Annotated, Any

import strawberry

from core.ids import NodeKind, encode_global_id
from resolvers import ticket_drafts
from schema.events import EventFields, EventRow, StreamReady, StreamReset
from schema.fields import Info, derived, relation
from schema.live import Live
from schema.row_events import showing
from schema.scalars import EventCursor
from schema.ticket_drafts import TicketDraft
from subscriptions.ticket_drafts import TicketDraftSource


def _fields(row: EventRow) -> list[str]:
    return list(row.payload["fields"])


def _draft_id() -> Any:
    return derived(
        "The draft.",
        lambda row: encode_global_id(NodeKind.TICKET_DRAFT, row.draft_id),
        needs=("draft_id",),
    )


@strawberry.type(description="A draft was begun, or saved: put it on top of the list.")
class TicketDraftSaved(EventFields):
    """A draft was begun or saved."""

    draft_id: strawberry.ID = _draft_id()
    draft: TicketDraft | None = relation(
        "The draft as it is now, which may be after later events; null once it is deleted.",
        ticket_drafts.by_id,
        key="draft_id",
    )
    changed_fields: list[str] = derived(
        "Which fields that save changed, by their names in `TicketDraft`.",
        _fields,
        needs=("payload",),
    )


@strawberry.type(description="A draft was deleted, or a ticket was made of it.")
class TicketDraftDeleted(EventFields):
    """A draft is gone."""

    draft_id: strawberry.ID = _draft_id()


TicketDraftEvent = Annotated[
    StreamReady | StreamReset | TicketDraftSaved | TicketDraftDeleted,
    strawberry.union(
        "TicketDraftEvent", description="What can happen to the viewer's drafts of tickets."
    ),
]

_SHAPES: dict[str, Any] = {
    "TicketDraftSaved": TicketDraftSaved,
    "TicketDraftDeleted": TicketDraftDeleted,
}


@strawberry.type
class TicketDraftSubscription:
    """The viewer's drafts, live."""

    @strawberry.subscription(
        description="What happens to the viewer's drafts on whichever of their tabs and devices, "
        "in order and once. For agents. Begins with StreamReady, or with what has happened since "
        "`after`."
    )
    async def ticket_draft_events(
        self,
        info: Info,
        after: Annotated[
            EventCursor | None,
            strawberry.argument(description="Where to go on: the last cursor you got."),
        ] = None,
    ) -> AsyncIterable[TicketDraftEvent]:
        """Follow the viewer's drafts."""
        agent_id = ticket_drafts.agent_of(info.context.viewer)
        source = TicketDraftSource(info.context.resources.streams, agent_id)
        return Live(source, showing(_SHAPES), after)

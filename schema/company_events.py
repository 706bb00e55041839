"""What happens to a company, live."""

from collections.abc import AsyncIterable
from typing import Annotated, Any

import strawberry

from resolvers import companies
from schema.companies import Company
from schema.events import EventFields, StreamReady, StreamReset
from schema.field_changes import FieldChange
from schema.fields import Info, derived, relation
from schema.live import Live
from schema.note_events import NoteAdded, NoteChanged, NoteDeleted
from schema.row_events import showing
from schema.scalars import EventCursor
from schema.ticket_events import AccessLost
from subscriptions.companies import CompanySource


def _company_now() -> Any:
    return relation(
        "The company as it is now, which may be after later events.",
        companies.by_id,
        key="company_id",
    )


@strawberry.type(description="The company was added.")
class CompanyCreated(EventFields):
    """The company was added."""

    company: Company = _company_now()


@strawberry.type(description="Fields of the company changed.")
class CompanyChanged(EventFields):
    """Fields of the company changed."""

    company: Company = _company_now()
    changes: list[FieldChange] = derived(
        "What changed.",
        lambda row: [FieldChange.from_payload(change) for change in row.payload["changes"]],
        needs=("payload",),
    )


CompanyEvent = Annotated[
    StreamReady
    | StreamReset
    | CompanyCreated
    | CompanyChanged
    | NoteAdded
    | NoteChanged
    | NoteDeleted
    | AccessLost,
    strawberry.union("CompanyEvent", description="What can happen to a company."),
]

_TYPES: dict[str, Any] = {
    "CompanyCreated": CompanyCreated,
    "CompanyChanged": CompanyChanged,
    "NoteAdded": NoteAdded,
    "NoteChanged": NoteChanged,
    "NoteDeleted": NoteDeleted,
}


@strawberry.type
class CompanySubscription:
    """Companies, live."""

    @strawberry.subscription(
        description="Everything that happens to a company, in order and once: changes of its "
        "fields and domains, and notes on it. Begins with StreamReady, or with what has happened "
        "since `after`."
    )
    async def company_events(
        self,
        info: Info,
        company_id: Annotated[strawberry.ID, strawberry.argument(description="The company.")],
        after: Annotated[
            EventCursor | None,
            strawberry.argument(description="Where to go on: the last cursor you got."),
        ] = None,
    ) -> AsyncIterable[CompanyEvent]:
        """Follow a company."""
        row_id = await companies.require(info.context, company_id)
        source = CompanySource(info.context.resources.streams, row_id)
        return Live(source, showing(_TYPES, company_id=row_id), after)

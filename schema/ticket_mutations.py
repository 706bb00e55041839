"""Editing tickets, handing them over, closing and reopening them."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.ids import NodeKind
from models.tickets import TicketPriority, TicketStatus
from resolvers import tickets
from resolvers.global_ids import optional_row_id, row_id_of
from schema.errors import (
    EditConflict,
    IdempotencyKeyReused,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from schema.tickets import Ticket


@strawberry.input(description="Changes of a ticket. Absent leaves a field, null clears it.")
class TicketUpdateInput:
    """Changes of a ticket."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    title: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What it is about, at most 2,000 characters. Cannot be cleared.",
    )
    description: str | None = strawberry.field(
        default=strawberry.UNSET, description="More about it, at most 2,000 characters."
    )
    status: TicketStatus | None = strawberry.field(
        default=strawberry.UNSET, description="Where it stands. Cannot be cleared."
    )
    priority: TicketPriority | None = strawberry.field(
        default=strawberry.UNSET, description="How soon it wants an answer. Cannot be cleared."
    )
    topic_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Its subject out of the brand's."
    )

    def changes(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for a wrong topic id."""
        wanted = present(self, "title", "description", "status", "priority", "topic_id")
        if "topic_id" in wanted:
            wanted["topic_id"] = optional_row_id(
                wanted["topic_id"], NodeKind.TOPIC, "input", "topicId"
            )
        return wanted


@strawberry.type(description="The ticket is as the editor wants it.")
class TicketUpdateSuccess:
    """The ticket is as the editor wants it."""

    ticket: Ticket = strawberry.field(description="The ticket as it is now.")
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


TicketUpdateResult = Annotated[
    TicketUpdateSuccess | ValidationFailed | NotFound | NotAllowed | EditConflict,
    strawberry.union("TicketUpdateResult", description="The ticket, or why nothing was changed."),
]


@strawberry.input(
    description="Who is to have a ticket. Absent leaves the assignee or the team as it is, null "
    "takes it away from them."
)
class TicketTransferInput:
    """Who is to have a ticket."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket.")
    assignee_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The agent; one of the brand's `assignees`."
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The team; one of the brand's `assignees`."
    )
    comment: str | None = strawberry.field(
        default=None,
        description="What the new holder should know: becomes an inline note. At most 10,000 "
        "characters.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None, description=f"For the comment. {IDEMPOTENCY_KEY}"
    )

    def changes(self) -> dict[str, UUID | None]:
        """Return the fields that are present. Raises ValidationFailed for wrong ids."""
        wanted: dict[str, UUID | None] = {}
        if self.assignee_id is not strawberry.UNSET:
            wanted["assignee_id"] = optional_row_id(
                self.assignee_id, NodeKind.AGENT, "input", "assigneeId"
            )
        if self.team_id is not strawberry.UNSET:
            wanted["team_id"] = optional_row_id(self.team_id, NodeKind.TEAM, "input", "teamId")
        return wanted


@strawberry.type(description="The ticket is handed over.")
class TicketTransferSuccess:
    """The ticket is handed over."""

    ticket: Ticket | None = strawberry.field(
        description="The ticket; null where the viewer has lost sight of it by handing it over."
    )


TicketTransferResult = Annotated[
    TicketTransferSuccess | ValidationFailed | NotFound | NotAllowed | IdempotencyKeyReused,
    strawberry.union("TicketTransferResult", description="The ticket, or why nobody has it now."),
]


@strawberry.input(description="A ticket to close.")
class TicketCloseInput:
    """A ticket to close."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket.")


@strawberry.type(description="The ticket is closed, and was perhaps before.")
class TicketCloseSuccess:
    """The ticket is closed."""

    ticket: Ticket = strawberry.field(description="The ticket.")


TicketCloseResult = Annotated[
    TicketCloseSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("TicketCloseResult", description="The ticket, or why it was not closed."),
]


@strawberry.input(description="A ticket to open again.")
class TicketReopenInput:
    """A ticket to open again."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket.")


@strawberry.type(description="The ticket is neither resolved nor closed now.")
class TicketReopenSuccess:
    """The ticket is neither resolved nor closed now."""

    ticket: Ticket = strawberry.field(description="The ticket.")


TicketReopenResult = Annotated[
    TicketReopenSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("TicketReopenResult", description="The ticket, or why it was not opened."),
]


def _row_id(ticket_id: str) -> UUID:
    return row_id_of(ticket_id, NodeKind.TICKET, "input", "ticketId")


@strawberry.type
class TicketMutation:
    """Editing tickets, handing them over, closing and reopening them."""

    @strawberry.mutation(description="Edit fields of a ticket.")
    async def ticket_update(self, info: Info, input: TicketUpdateInput) -> TicketUpdateResult:
        """Edit a ticket."""
        ticket, edit = await tickets.update(
            info.context, _row_id(input.ticket_id), input.expected_version, input.changes()
        )
        return TicketUpdateSuccess(ticket=Ticket.from_row(ticket), merged_fields=edit.merged_fields)

    @strawberry.mutation(description="Hand a ticket over. All its notes stay with it.")
    async def ticket_transfer(self, info: Info, input: TicketTransferInput) -> TicketTransferResult:
        """Hand a ticket over."""
        row = await tickets.transfer(
            info.context,
            _row_id(input.ticket_id),
            input.changes(),
            input.comment,
            input.idempotency_key,
        )
        return TicketTransferSuccess(ticket=None if row is None else Ticket.from_row(row))

    @strawberry.mutation(description="Close a ticket. Closing a closed one changes nothing.")
    async def ticket_close(self, info: Info, input: TicketCloseInput) -> TicketCloseResult:
        """Close a ticket."""
        ticket = await tickets.close(info.context, _row_id(input.ticket_id))
        return TicketCloseSuccess(ticket=Ticket.from_row(ticket))

    @strawberry.mutation(
        description="Open a resolved or closed ticket again. Any other stays as it is."
    )
    async def ticket_reopen(self, info: Info, input: TicketReopenInput) -> TicketReopenResult:
        """Open a ticket again."""
        ticket = await tickets.reopen(info.context, _row_id(input.ticket_id))
        return TicketReopenSuccess(ticket=Ticket.from_row(ticket))

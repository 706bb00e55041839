"""What the form of a ticket says: the same fields in tickets, and in the templates under them."""

from typing import Any
from uuid import UUID

import strawberry

from core.ids import NodeKind
from models.tickets import TicketPriority, TicketStatus
from resolvers.global_ids import optional_row_id
from resolvers.links import linked_ids
from schema.inputs import attachment_row_ids, present

_UNSET = strawberry.UNSET


@strawberry.input
class TicketFormInput:
    """The fields of a form; absent and null differ."""

    topic_id: strawberry.ID | None = strawberry.field(
        default=_UNSET, description="What it is about, out of the brand's topics."
    )
    status: TicketStatus | None = strawberry.field(
        default=_UNSET, description="Where it is to stand: any but `CLOSED`. `NEW` unless told."
    )
    title: str | None = strawberry.field(
        default=_UNSET,
        description="What colleagues see of it in lists, at most 2,000 characters. Empty: the "
        "e-mail subject.",
    )
    email_subject: str | None = strawberry.field(
        default=_UNSET,
        description="The subject of its mails, at most 2,000 characters. Empty: the brand's "
        "`defaultEmailSubject`, or its language's.",
    )
    description: str | None = strawberry.field(
        default=_UNSET,
        description="For the team only: becomes a private inline note and is never sent. At most "
        "10,000 characters.",
    )
    attachment_ids: list[strawberry.ID] | None = strawberry.field(
        default=_UNSET,
        description="Uploaded files, five at most; they are as private as the description.",
    )
    priority: TicketPriority | None = strawberry.field(
        default=_UNSET, description="How soon it wants an answer. `MEDIUM` unless told."
    )
    assignee_id: strawberry.ID | None = strawberry.field(
        default=_UNSET, description="The agent who is to have it; one of the brand's `assignees`."
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=_UNSET, description="The team that is to have it; one of the brand's `assignees`."
    )
    tag_ids: list[strawberry.ID] | None = strawberry.field(
        default=_UNSET, description="Its labels out of those that there are, 50 at most."
    )

    def values(self) -> dict[str, Any]:
        """Return the fields that are present, as rows. Raises ValidationFailed for wrong ids."""
        values = present(self, "status", "title", "email_subject", "description", "priority")
        for name, field, kind in (
            ("topic_id", "topicId", NodeKind.TOPIC),
            ("assignee_id", "assigneeId", NodeKind.AGENT),
            ("team_id", "teamId", NodeKind.TEAM),
        ):
            values |= self._row_id(name, field, kind)
        if self.tag_ids is not _UNSET:
            values["tag_ids"] = linked_ids(self.tag_ids or (), NodeKind.TAG, "tagIds")
        if self.attachment_ids is not _UNSET:
            values["attachment_ids"] = attachment_row_ids(self.attachment_ids)
        return values

    def _row_id(self, name: str, field: str, kind: NodeKind) -> dict[str, UUID | None]:
        given = present(self, name)
        return {key: optional_row_id(text, kind, "input", field) for key, text in given.items()}

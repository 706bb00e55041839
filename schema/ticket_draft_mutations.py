"""Keeping forms for new tickets while they are filled in."""

from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models.tickets import TicketPriority, TicketStatus
from resolvers import ticket_drafts
from resolvers.global_ids import optional_row_id
from resolvers.links import linked_ids
from schema.errors import (
    EditConflict,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import EXPECTED_VERSION, attachment_row_ids, present
from schema.ticket_drafts import TicketDraft

_DRAFT = "The draft."
_NOW = "The draft as it is now."
_MERGED_FIELDS = "The fields that another tab had saved since `expectedVersion`."
_PLAIN = ("step", "status", "title", "email_subject", "description", "priority")
_CHOSEN = {
    "brand_id": ("brandId", NodeKind.BRAND),
    "template_id": ("templateId", NodeKind.TICKET_TEMPLATE),
    "topic_id": ("topicId", NodeKind.TOPIC),
    "assignee_id": ("assigneeId", NodeKind.AGENT),
    "team_id": ("teamId", NodeKind.TEAM),
}


def _field(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


@strawberry.input(
    description="The customer of a form, as it was typed. Absent leaves a field, null clears it."
)
class TicketDraftCustomerInput:
    """The customer of a form."""

    id: strawberry.ID | None = _field("The customer, where a known one was picked.")
    name: str | None = _field("Their name, at most 200 characters.")
    email: str | None = _field("Their e-mail address, or half of it; at most 254 characters.")
    phone: str | None = _field("Their phone number, at most 250 characters.")

    def typed(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for a wrong id."""
        typed = {f"customer_{name}": value for name, value in present(self, *_CUSTOMER).items()}
        if "customer_id" in typed:
            path = ("input", "customer", "id")
            typed["customer_id"] = optional_row_id(typed["customer_id"], NodeKind.CUSTOMER, *path)
        return typed


_CUSTOMER = ("id", "name", "email", "phone")


@strawberry.input(description="That a form is to be saved as a template, too.")
class TicketDraftTemplateInput:
    """That a form is to be saved as a template, too."""

    name: str = strawberry.field(
        description="The name of the template, perhaps still empty; at most 200 characters."
    )


@strawberry.input(
    description="A form as it was typed so far. Nothing is asked for, and only lengths are "
    "limited: whether it is right is asked by `ticketCreate`. Absent leaves a field, null clears "
    "it. What the ids name may be deleted later, or hidden: see `TicketDraft.lostFields`."
)
class TicketDraftSaveInput:
    """A form as it was typed so far."""

    draft_id: strawberry.ID | None = strawberry.field(
        default=None, description="The draft to save; absent begins another one, at most 50."
    )
    expected_version: int | None = strawberry.field(
        default=None, description=f"Required with `draftId`. {EXPECTED_VERSION}"
    )
    step: int | None = _field("At which step the form is, 1 to 3. The last one told counts.")
    brand_id: strawberry.ID | None = _field("The brand.")
    template_id: strawberry.ID | None = _field("The template that was chosen to start from.")
    topic_id: strawberry.ID | None = _field("The topic.")
    status: TicketStatus | None = _field("The status that the ticket is to have.")
    title: str | None = _field("The title, at most 2,000 characters.")
    customer: TicketDraftCustomerInput | None = _field("The customer.")
    email_subject: str | None = _field("The subject of the e-mails, at most 2,000 characters.")
    description: str | None = _field("The description, at most 10,000 characters.")
    attachment_ids: list[strawberry.ID] | None = _field(
        "All files that are to stand on it, at most 5: uploaded ones, and those on it already. "
        "One that is left out stands nowhere, and goes within a day."
    )
    priority: TicketPriority | None = _field("The priority.")
    assignee_id: strawberry.ID | None = _field("The agent whom it is to be assigned to.")
    team_id: strawberry.ID | None = _field("The team that it is to be assigned to.")
    tag_ids: list[strawberry.ID] | None = _field("All tags, at most 50.")
    save_as_template: TicketDraftTemplateInput | None = _field(
        "That it is to be saved as a template, too; null that it is not."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="For a new draft: send the same key again to be sure that a retry begins no "
        "other one. Kept for 72 hours; at most 255 characters. To save a draft again needs none.",
    )

    def typed(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for wrong ids."""
        typed = present(self, *_PLAIN, *_CHOSEN)
        for name, (field, kind) in _CHOSEN.items():
            if name in typed:
                typed[name] = optional_row_id(typed[name], kind, "input", field)
        if self.customer is None:
            typed |= {f"customer_{name}": None for name in _CUSTOMER}
        elif self.customer is not strawberry.UNSET:
            typed |= self.customer.typed()
        if self.tag_ids is not strawberry.UNSET:
            typed["tag_ids"] = linked_ids(self.tag_ids or (), NodeKind.TAG, "tagIds")
        if self.attachment_ids is not strawberry.UNSET:
            typed["attachment_ids"] = attachment_row_ids(self.attachment_ids)
        if self.save_as_template is not strawberry.UNSET:
            template = self.save_as_template
            typed["template_name"] = None if template is None else template.name
        return typed


@strawberry.type(description="The form is kept.")
class TicketDraftSaveSuccess:
    """The form is kept."""

    draft: TicketDraft = strawberry.field(description=_NOW)
    merged_fields: list[str] = strawberry.field(description=_MERGED_FIELDS)


TicketDraftSaveResult = Annotated[
    TicketDraftSaveSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | EditConflict
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union(
        "TicketDraftSaveResult",
        description="The draft, or why nothing was kept: `NotFound` also for one that another tab "
        "has deleted or made a ticket of; `LimitReached` for too many drafts, files or tags.",
    ),
]


@strawberry.input(description="To what a draft is to go back.")
class TicketDraftRestoreInput:
    """To what a draft is to go back."""

    draft_id: strawberry.ID = strawberry.field(description=_DRAFT)
    revision_id: strawberry.ID = strawberry.field(description="One of its `revisions`.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)


@strawberry.type(description="The draft is what it was.")
class TicketDraftRestoreSuccess:
    """The draft is what it was."""

    draft: TicketDraft = strawberry.field(description=_NOW)
    merged_fields: list[str] = strawberry.field(description=_MERGED_FIELDS)


TicketDraftRestoreResult = Annotated[
    TicketDraftRestoreSuccess | ValidationFailed | NotFound | NotAllowed | EditConflict,
    strawberry.union(
        "TicketDraftRestoreResult", description="The draft, or why nothing was changed."
    ),
]


@strawberry.input(description="The draft to delete.")
class TicketDraftDeleteInput:
    """The draft to delete."""

    draft_id: strawberry.ID = strawberry.field(description=_DRAFT)


@strawberry.type(description="The draft is gone.")
class TicketDraftDeleteSuccess:
    """The draft is gone."""

    draft_id: strawberry.ID = strawberry.field(description="Its id.")


TicketDraftDeleteResult = Annotated[
    TicketDraftDeleteSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("TicketDraftDeleteResult", description="What was deleted, or why not."),
]


@strawberry.type
class TicketDraftMutation:
    """Keeping forms while they are filled in."""

    @strawberry.mutation(
        description="Keep a form for a new ticket as it was typed so far. Send it whenever the "
        "typing pauses, and with each step. For agents."
    )
    async def ticket_draft_save(
        self, info: Info, input: TicketDraftSaveInput
    ) -> TicketDraftSaveResult:
        """Keep a form."""
        draft, merged_fields = await ticket_drafts.save(
            info.context,
            input.typed(),
            draft_id=input.draft_id,
            expected_version=input.expected_version,
            idempotency_key=input.idempotency_key,
        )
        return TicketDraftSaveSuccess(
            draft=TicketDraft.from_row(draft), merged_fields=list(merged_fields)
        )

    @strawberry.mutation(
        description="Make of a draft what it was. Files that have gone since stay away. It is a "
        "save like any other, so that one can go back from it as well. For agents."
    )
    async def ticket_draft_restore(
        self, info: Info, input: TicketDraftRestoreInput
    ) -> TicketDraftRestoreResult:
        """Make of a draft what it was."""
        draft, merged_fields = await ticket_drafts.restore(
            info.context, input.draft_id, input.revision_id, input.expected_version
        )
        return TicketDraftRestoreSuccess(
            draft=TicketDraft.from_row(draft), merged_fields=list(merged_fields)
        )

    @strawberry.mutation(
        description="Delete one of the viewer's drafts, with its revisions and files. For agents."
    )
    async def ticket_draft_delete(
        self, info: Info, input: TicketDraftDeleteInput
    ) -> TicketDraftDeleteResult:
        """Delete a draft."""
        await ticket_drafts.delete(info.context, input.draft_id)
        return TicketDraftDeleteSuccess(draft_id=input.draft_id)

"""Making, editing and deleting templates of tickets."""

from typing import Annotated

import strawberry

from core.ids import NodeKind
from resolvers import ticket_templates
from resolvers.global_ids import row_id_of
from schema.errors import (
    AlreadyExists,
    EditConflict,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from schema.ticket_forms import TicketFormInput
from schema.ticket_templates import TicketTemplate
from services.ticket_templates import NewTemplate

_NAME = "Its name, at most 200 characters, unique within the brand whatever its case and accents."


@strawberry.input(description="A new template. Whatever is left out, its tickets decide.")
class TicketTemplateCreateInput(TicketFormInput):
    """A new template."""

    brand_id: strawberry.ID = strawberry.field(
        description="The brand whose tickets start from it; it stays with that brand."
    )
    name: str = strawberry.field(description=_NAME)
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def template(self) -> NewTemplate:
        """Return the template to make. Raises ValidationFailed for wrong ids."""
        brand_id = row_id_of(self.brand_id, NodeKind.BRAND, "input", "brandId")
        return NewTemplate(brand_id, self.name, self.values())


@strawberry.type(description="The template is there.")
class TicketTemplateCreateSuccess:
    """The template is there."""

    template: TicketTemplate = strawberry.field(description="The new template.")


TicketTemplateCreateResult = Annotated[
    TicketTemplateCreateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | AlreadyExists
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union(
        "TicketTemplateCreateResult", description="The new template, or why there is none."
    ),
]


@strawberry.input(
    description="What to change of a template. Absent leaves a field, null clears it; lists are "
    "replaced whole, and another order alone changes nothing."
)
class TicketTemplateUpdateInput(TicketFormInput):
    """What to change of a template."""

    template_id: strawberry.ID = strawberry.field(description="The template.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(default=strawberry.UNSET, description=_NAME)


@strawberry.type(description="The template is as wanted.")
class TicketTemplateUpdateSuccess:
    """The template is as wanted."""

    template: TicketTemplate = strawberry.field(description="The template as it is now.")
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


TicketTemplateUpdateResult = Annotated[
    TicketTemplateUpdateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | AlreadyExists
    | LimitReached
    | EditConflict,
    strawberry.union(
        "TicketTemplateUpdateResult", description="The template, or why nothing was changed."
    ),
]


@strawberry.input(description="A template to delete.")
class TicketTemplateDeleteInput:
    """A template to delete."""

    template_id: strawberry.ID = strawberry.field(description="The template.")


@strawberry.type(description="The template is gone, and its name is free.")
class TicketTemplateDeleteSuccess:
    """The template is gone."""

    template_id: strawberry.ID = strawberry.field(description="The id that it had.")


TicketTemplateDeleteResult = Annotated[
    TicketTemplateDeleteSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("TicketTemplateDeleteResult", description="What is gone, or why it is not."),
]


@strawberry.type
class TicketTemplateMutation:
    """Making, editing and deleting templates."""

    @strawberry.mutation(
        description="Make a template of tickets. For agents of the brand. To open a ticket with "
        "it at once, see `ticketCreate`."
    )
    async def ticket_template_create(
        self, info: Info, input: TicketTemplateCreateInput
    ) -> TicketTemplateCreateResult:
        """Make a template."""
        template = await ticket_templates.create(
            info.context, input.template(), input.idempotency_key
        )
        return TicketTemplateCreateSuccess(template=TicketTemplate.from_row(template))

    @strawberry.mutation(
        description="Edit a template. Tickets made from it stay as they are. For agents of the "
        "brand."
    )
    async def ticket_template_update(
        self, info: Info, input: TicketTemplateUpdateInput
    ) -> TicketTemplateUpdateResult:
        """Edit a template."""
        template, edit = await ticket_templates.update(
            info.context,
            input.template_id,
            input.expected_version,
            present(input, "name") | input.values(),
        )
        return TicketTemplateUpdateSuccess(
            template=TicketTemplate.from_row(template), merged_fields=edit.merged_fields
        )

    @strawberry.mutation(
        description="Delete a template. Tickets made from it, and drafts that start from it, stay. "
        "For agents of the brand."
    )
    async def ticket_template_delete(
        self, info: Info, input: TicketTemplateDeleteInput
    ) -> TicketTemplateDeleteResult:
        """Delete a template."""
        await ticket_templates.delete(info.context, input.template_id)
        return TicketTemplateDeleteSuccess(template_id=input.template_id)

"""Opening tickets for customers."""

from typing import Annotated

import strawberry

from core.ids import NodeKind
from resolvers import ticket_creation, ticket_templates, tickets
from resolvers.global_ids import optional_row_id, row_id_of
from schema.errors import (
    AlreadyExists,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info, derived, relation
from schema.inputs import IDEMPOTENCY_KEY
from schema.nodes import FromRow
from schema.ticket_forms import TicketFormInput
from schema.ticket_templates import TemplateProblem, TicketTemplate
from schema.tickets import Ticket
from services.ticket_creation import TicketForm
from services.ticket_customers import TicketCustomer


@strawberry.input(
    description="For whom a ticket is: a customer by their `id`, or by `name` and `email`. Whoever "
    "has the address already is the customer, and stays as they are; else they are added."
)
class TicketCustomerInput:
    """For whom a ticket is."""

    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="A customer who is known; then give nothing else. One to whom no mail can be "
        "sent is refused at `customer.email`: give them an address first.",
    )
    name: str | None = strawberry.field(
        default=None, description="Their name, at most 200 characters."
    )
    email: str | None = strawberry.field(
        default=None,
        description="Their address. Answers go to it, unless it finds a customer whose own "
        "`email` is another one: then to that.",
    )
    phone: str | None = strawberry.field(
        default=None,
        description="Their phone number; without a country code it is taken for a Turkish, then a "
        "Greek one, and the other way round for who writes Greek.",
    )
    language: str | None = strawberry.field(
        default=None, description="The language they write in: `en`, `tr` or `el`."
    )

    def customer(self) -> TicketCustomer:
        """Return whom is meant. Raises ValidationFailed for a wrong id."""
        row_id = optional_row_id(self.id, NodeKind.CUSTOMER, "input", "customer", "id")
        return TicketCustomer(row_id, self.name, self.email, self.phone, self.language)


@strawberry.input(description="A template to save together with a ticket.")
class SaveAsTemplateInput:
    """A template to save together with a ticket."""

    name: str = strawberry.field(
        description="Its name, at most 200 characters, unique within the brand."
    )


@strawberry.input(
    description="A form filled in for a customer. Of what the form does not say, the template "
    "decides; null says that there is to be nothing."
)
class TicketCreateInput(TicketFormInput):
    """A form filled in for a customer."""

    brand_id: strawberry.ID = strawberry.field(description="The brand it is about.")
    template_id: strawberry.ID | None = strawberry.field(
        default=None, description="The brand's template to start from."
    )
    customer: TicketCustomerInput = strawberry.field(description="For whom it is.")
    save_as_template: SaveAsTemplateInput | None = strawberry.field(
        default=None,
        description="Keep the form as a new template, too: all but the customer. Both are saved, "
        "or neither.",
    )
    draft_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The viewer's draft of this form: its files may be named in `attachmentIds`, "
        "and it is deleted with the same act. Its values are not read: send them.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def form(self) -> TicketForm:
        """Return what was filled in. Raises ValidationFailed for wrong ids."""
        template_id, draft_id = self.template_id, self.draft_id
        return TicketForm(
            brand_id=row_id_of(self.brand_id, NodeKind.BRAND, "input", "brandId"),
            customer=self.customer.customer(),
            values=self.values(),
            template_id=optional_row_id(
                template_id, NodeKind.TICKET_TEMPLATE, "input", "templateId"
            ),
            save_as=self.save_as_template.name if self.save_as_template else None,
            draft_id=optional_row_id(draft_id, NodeKind.TICKET_DRAFT, "input", "draftId"),
        )


@strawberry.type(description="The ticket is open.")
class TicketCreateSuccess(FromRow):
    """The ticket is open."""

    ticket: Ticket | None = relation(
        "The ticket; null where it was given to a team whose tickets the viewer does not see.",
        tickets.by_id,
        key="ticket_id",
    )
    number: int = derived(
        "The ticket's number, by which people speak of it, whoever sees it.",
        lambda row: row.ticket.number,
        needs=(),
    )
    template: TicketTemplate | None = relation(
        "The template that was saved with it.", ticket_templates.by_id, key="template_id"
    )
    left_out: list[TemplateProblem] = derived(
        "What the template says, the form did not, and no ticket can be given any more: the "
        "ticket is without it.",
        lambda row: [TemplateProblem.of(problem) for problem in row.left_out],
        needs=(),
    )


TicketCreateResult = Annotated[
    TicketCreateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | AlreadyExists
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union("TicketCreateResult", description="The ticket, or why there is none."),
]


@strawberry.type
class TicketCreationMutation:
    """Opening tickets for customers."""

    @strawberry.mutation(
        description="Open a ticket for a customer. Nothing is sent by it: answers go to the "
        "customer by e-mail from then on. Integrations need the scope `TICKETS_WRITE`, and "
        "`NOTES_WRITE` for a description or files; templates and drafts are for agents."
    )
    async def ticket_create(self, info: Info, input: TicketCreateInput) -> TicketCreateResult:
        """Open a ticket."""
        created = await ticket_creation.create(info.context, input.form(), input.idempotency_key)
        return TicketCreateSuccess(row=created)

"""Creating and editing customers."""

from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from resolvers import customers
from resolvers.global_ids import optional_row_id
from schema.customers import Customer
from schema.errors import (
    AlreadyExists,
    EditConflict,
    IdempotencyKeyReused,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info
from services.customers import NewCustomer

_EMAIL = "The address that answers go to, unique among customers."
_PHONE = (
    "The phone number; without a country code it is taken for a Turkish, then a Greek one, and the "
    "other way round for who writes Greek."
)
_LANGUAGE = "The language they write in: `en`, `tr` or `el`."


@strawberry.input(description="A new customer.")
class CustomerCreateInput:
    """A new customer."""

    name: str = strawberry.field(description="The customer's name, at most 200 characters.")
    email: str | None = strawberry.field(default=None, description=_EMAIL)
    phone: str | None = strawberry.field(default=None, description=_PHONE)
    language: str | None = strawberry.field(default=None, description=_LANGUAGE)
    company_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The company they work for; without one, their address's domain decides.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="Sent again within 72 hours with the same input, it is the same customer.",
    )


@strawberry.type(description="The customer is known now.")
class CustomerCreateSuccess:
    """The customer is known now."""

    customer: Customer = strawberry.field(description="The customer.")


CustomerCreateResult = Annotated[
    CustomerCreateSuccess | ValidationFailed | NotAllowed | AlreadyExists | IdempotencyKeyReused,
    strawberry.union("CustomerCreateResult", description="The customer, or why there is none."),
]


@strawberry.input(description="Changes of a customer. Absent leaves a field, null clears it.")
class CustomerUpdateInput:
    """Changes of a customer."""

    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    expected_version: int = strawberry.field(
        description="The version you have loaded: what others changed since is merged."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="The customer's name; it cannot be cleared."
    )
    email: str | None = strawberry.field(default=strawberry.UNSET, description=_EMAIL)
    phone: str | None = strawberry.field(default=strawberry.UNSET, description=_PHONE)
    language: str | None = strawberry.field(default=strawberry.UNSET, description=_LANGUAGE)
    company_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The company they work for."
    )

    def changes(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for a wrong company id."""
        wanted = {
            field: getattr(self, field)
            for field in ("name", "email", "phone", "language")
            if getattr(self, field) is not strawberry.UNSET
        }
        if self.company_id is not strawberry.UNSET:
            wanted["company_id"] = optional_row_id(
                self.company_id, NodeKind.COMPANY, "input", "companyId"
            )
        return wanted


@strawberry.type(description="The customer is as you want it.")
class CustomerUpdateSuccess:
    """The customer is as the editor wants it."""

    customer: Customer = strawberry.field(description="The customer as it is now.")
    merged_fields: list[str] = strawberry.field(
        description="The fields that others had changed since the version you had loaded."
    )


CustomerUpdateResult = Annotated[
    CustomerUpdateSuccess | ValidationFailed | NotFound | NotAllowed | EditConflict | AlreadyExists,
    strawberry.union(
        "CustomerUpdateResult", description="The customer, or why nothing was changed."
    ),
]


@strawberry.type
class CustomerMutation:
    """Creating and editing customers."""

    @strawberry.mutation(description="Create a customer.")
    async def customer_create(self, info: Info, input: CustomerCreateInput) -> CustomerCreateResult:
        """Create a customer."""
        new = NewCustomer(
            name=input.name,
            email=input.email,
            phone=input.phone,
            language=input.language,
            company_id=optional_row_id(input.company_id, NodeKind.COMPANY, "input", "companyId"),
        )
        customer = await customers.create(info.context, new, input.idempotency_key)
        return CustomerCreateSuccess(customer=Customer.from_row(customer))

    @strawberry.mutation(description="Edit fields of a customer.")
    async def customer_update(self, info: Info, input: CustomerUpdateInput) -> CustomerUpdateResult:
        """Edit a customer."""
        customer, edit = await customers.update(
            info.context, input.customer_id, input.expected_version, input.changes()
        )
        return CustomerUpdateSuccess(
            customer=Customer.from_row(customer), merged_fields=edit.merged_fields
        )

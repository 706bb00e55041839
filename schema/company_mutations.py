"""Adding and editing companies."""

from typing import Annotated

import strawberry

from resolvers import companies
from schema.companies import Company
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
from services.companies import NewCompany

_NAME = "Its name, at most 200 characters, unique whatever its case and accents."
_DOMAINS = (
    "The domains of its e-mail addresses, at most 100; each belongs to one company only. "
    "They are kept in lower case and without Punycode. Customers of a new domain who have no "
    "company join: the first 100 at once. Domains at which anybody gets an address are refused."
)


@strawberry.input(description="What a company is to be.")
class CompanyCreateInput:
    """What a company is to be."""

    name: str = strawberry.field(description=_NAME)
    domains: list[str] = strawberry.field(default_factory=list, description=_DOMAINS)
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.type(description="The company was added.")
class CompanyCreateSuccess:
    """The company was added."""

    company: Company = strawberry.field(description="The new company.")


CompanyCreateResult = Annotated[
    CompanyCreateSuccess
    | ValidationFailed
    | NotAllowed
    | AlreadyExists
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union("CompanyCreateResult", description="The new company, or why there is none."),
]


@strawberry.input(description="What to change of a company. Absent fields stay as they are.")
class CompanyUpdateInput:
    """What to change of a company."""

    company_id: strawberry.ID = strawberry.field(description="The company.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(default=strawberry.UNSET, description=_NAME)
    domains: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description=f"All of them from now on; null: none. {_DOMAINS}"
    )


@strawberry.type(description="The company is as wanted.")
class CompanyUpdateSuccess:
    """The company is as wanted."""

    company: Company = strawberry.field(description="The company as it is now.")
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


CompanyUpdateResult = Annotated[
    CompanyUpdateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | AlreadyExists
    | LimitReached
    | EditConflict,
    strawberry.union("CompanyUpdateResult", description="The company, or why nothing was changed."),
]


@strawberry.type
class CompanyMutation:
    """Adding and editing companies."""

    @strawberry.mutation(
        description="Add a company. For agents, and integrations with `CUSTOMERS_WRITE`."
    )
    async def company_create(self, info: Info, input: CompanyCreateInput) -> CompanyCreateResult:
        """Add a company."""
        new = NewCompany(input.name, input.domains)
        company = await companies.create(info.context, new, input.idempotency_key)
        return CompanyCreateSuccess(company=Company.from_row(company))

    @strawberry.mutation(
        description="Edit a company. For agents, and integrations with `CUSTOMERS_WRITE`."
    )
    async def company_update(self, info: Info, input: CompanyUpdateInput) -> CompanyUpdateResult:
        """Edit a company."""
        company, edit = await companies.update(
            info.context,
            input.company_id,
            input.expected_version,
            present(input, "name", "domains"),
        )
        return CompanyUpdateSuccess(
            company=Company.from_row(company), merged_fields=edit.merged_fields
        )

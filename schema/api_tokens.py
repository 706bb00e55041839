"""API tokens: what other systems sign in with."""

from datetime import datetime
from typing import Annotated

import strawberry

from core.ids import NodeKind
from models.viewers import ApiScope
from resolvers import agents, api_tokens
from resolvers.links import linked_ids
from schema.agents import Agent
from schema.brands import Brand
from schema.errors import (
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info, column, derived, relation, requested_columns
from schema.inputs import IDEMPOTENCY_KEY
from schema.nodes import FromRow, node_id
from services.api_tokens import NewApiToken


@strawberry.type(
    description="A token that an integration signs in with, as admins see it. Its `id` is that of "
    "the `Integration`, so `node` answers with the latter."
)
class ApiToken(FromRow):
    """A token that an integration signs in with, as admins see it."""

    id: strawberry.ID = node_id(NodeKind.API_TOKEN)
    name: str = column("What it is called.")
    scopes: list[ApiScope] = derived(
        "What it may do.",
        lambda row: [ApiScope(scope) for scope in row.scopes],
        needs=("scopes",),
    )
    brands: list[Brand] = relation(
        "The brands it works for, by name.", api_tokens.brands_of, key="id"
    )
    created_by: Agent = relation("Who made it.", agents.at_work, key="created_by_id")
    created_at: datetime = column("When it was made.")
    expires_at: datetime | None = column("Until when it is valid; null: until it is revoked.")
    revoked_at: datetime | None = column("When it was revoked, if it was.")
    last_used_at: datetime | None = column("When it was used last, to within five minutes.")


@strawberry.type
class ApiTokenQuery:
    """Reading API tokens."""

    @strawberry.field(
        description="All API tokens, those revoked too, newest first. For admins.",
    )
    async def api_tokens(self, info: Info) -> list[ApiToken]:
        """Load the tokens."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        return [
            ApiToken.from_row(row) for row in await api_tokens.all_tokens(info.context, columns)
        ]


@strawberry.input(description="What a token is to open.")
class ApiTokenCreateInput:
    """What a token is to open."""

    name: str = strawberry.field(description="What it is called, at most 200 characters.")
    scopes: list[ApiScope] = strawberry.field(description="What it may do; at least one scope.")
    brand_ids: list[strawberry.ID] = strawberry.field(
        description="The brands it works for, at most 1,000."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="Until when it is valid; null: until it is revoked."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def parsed(self) -> NewApiToken:
        """Return what the token is to open. Raises ValidationFailed for wrong ids."""
        return NewApiToken(
            name=self.name,
            scopes=self.scopes,
            brand_ids=linked_ids(self.brand_ids, NodeKind.BRAND, "brandIds"),
            expires_at=self.expires_at,
        )


@strawberry.type(description="The token was made.")
class ApiTokenCreateSuccess:
    """The token was made."""

    api_token: ApiToken = strawberry.field(description="What is kept of it.")
    token: str | None = strawberry.field(
        description="What to send as `Authorization: Bearer …`. It is shown this once: a repeated "
        "`idempotencyKey` answers with null."
    )


ApiTokenCreateResult = Annotated[
    ApiTokenCreateSuccess | ValidationFailed | NotAllowed | LimitReached | IdempotencyKeyReused,
    strawberry.union("ApiTokenCreateResult", description="The new token, or why there is none."),
]


@strawberry.input(description="Which token to revoke.")
class ApiTokenRevokeInput:
    """Which token to revoke."""

    api_token_id: strawberry.ID = strawberry.field(description="The token.")


@strawberry.type(description="The token opens nothing any more, and perhaps did not before.")
class ApiTokenRevokeSuccess:
    """The token opens nothing any more."""

    api_token: ApiToken = strawberry.field(description="What is kept of it.")


ApiTokenRevokeResult = Annotated[
    ApiTokenRevokeSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("ApiTokenRevokeResult", description="The token, or why nothing was done."),
]


@strawberry.type
class ApiTokenMutation:
    """Making and revoking API tokens."""

    @strawberry.mutation(description="Make a token for an integration. For admins.")
    async def api_token_create(
        self, info: Info, input: ApiTokenCreateInput
    ) -> ApiTokenCreateResult:
        """Make a token."""
        created = await api_tokens.create(info.context, input.parsed(), input.idempotency_key)
        return ApiTokenCreateSuccess(api_token=ApiToken.from_row(created.row), token=created.token)

    @strawberry.mutation(description="Revoke a token, for good. For admins.")
    async def api_token_revoke(
        self, info: Info, input: ApiTokenRevokeInput
    ) -> ApiTokenRevokeResult:
        """Revoke a token."""
        row = await api_tokens.revoke(info.context, input.api_token_id)
        return ApiTokenRevokeSuccess(api_token=ApiToken.from_row(row))

"""API tokens: what other systems sign in with."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models.viewers import ApiScope
from resolvers import agents, api_tokens
from resolvers.links import linked_ids
from schema.agents import Agent
from schema.brands import Brand
from schema.errors import (
    EditConflict,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info, column, derived, relation, requested_columns
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from schema.nodes import FromRow, node_id
from services.api_tokens import NewApiToken

_SECRETS_ASSUMED = 2
_SHOWN_ONCE = (
    "What to send as `Authorization: Bearer …`. It is shown this once: a repeated "
    "`idempotencyKey` answers with null."
)


def _as_it_is(found: datetime | None) -> datetime | None:
    return found


@strawberry.type(
    description="What is sent to sign in with an API token. The text itself is shown once, to who "
    "made it; only its hash is kept."
)
class ApiTokenSecret(FromRow):
    """What is sent to sign in with an API token."""

    created_at: datetime = column("When it was made.")
    ends_at: datetime | None = column(
        "Until when it works, after another one took its place; null for the newest."
    )
    last_used_at: datetime | None = column("When it was used last, to within five minutes.")


@strawberry.type(
    description="A token that an integration signs in with, as admins see it. Its `id` is that of "
    "the `Integration`, so `node` answers with the latter."
)
class ApiToken(FromRow):
    """A token that an integration signs in with, as admins see it."""

    id: strawberry.ID = node_id(NodeKind.API_TOKEN)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
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
    last_used_at: datetime | None = relation(
        "When it was used last, by any of its secrets, to within five minutes.",
        api_tokens.last_used_at,
        key="id",
        wrap=_as_it_is,
    )
    secrets: list[ApiTokenSecret] = relation(
        "What opens the desk now, the newest first: one, and during the overlap of "
        "`apiTokenRotate` those before it. Empty once it is revoked or has expired.",
        api_tokens.secrets_of,
        key="id",
        assumed_size=_SECRETS_ASSUMED,
    )


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
    token: str | None = strawberry.field(description=_SHOWN_ONCE)


ApiTokenCreateResult = Annotated[
    ApiTokenCreateSuccess | ValidationFailed | NotAllowed | LimitReached | IdempotencyKeyReused,
    strawberry.union("ApiTokenCreateResult", description="The new token, or why there is none."),
]


@strawberry.input(description="Which token gets another secret.")
class ApiTokenRotateInput:
    """Which token gets another secret."""

    api_token_id: strawberry.ID = strawberry.field(description="The token.")
    overlap_seconds: int = strawberry.field(
        default=0,
        description="For how long what opened it before works on, so that the integration can be "
        "given the new one meanwhile: from 0, which ends it at once, to 604800, which is a week.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.type(description="The token has another secret.")
class ApiTokenRotateSuccess:
    """The token has another secret."""

    api_token: ApiToken = strawberry.field(description="The token, which is otherwise as it was.")
    token: str | None = strawberry.field(description=_SHOWN_ONCE)


ApiTokenRotateResult = Annotated[
    ApiTokenRotateSuccess | ValidationFailed | NotFound | NotAllowed | IdempotencyKeyReused,
    strawberry.union("ApiTokenRotateResult", description="The token, or why it stays as it was."),
]


@strawberry.input(description="What to change of a token. Absent fields stay as they are.")
class ApiTokenUpdateInput:
    """What to change of a token."""

    api_token_id: strawberry.ID = strawberry.field(description="The token.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What it is called, at most 200 characters."
    )
    scopes: list[ApiScope] | None = strawberry.field(
        default=strawberry.UNSET, description="All it may do from now on; at least one scope."
    )
    brand_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All brands it works for from now on, at most 1,000."
    )
    expires_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Until when it is valid; null: until it is revoked."
    )

    def changes(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for wrong ids."""
        wanted = present(self, "name", "scopes", "brand_ids", "expires_at")
        if wanted.get("brand_ids") is not None:
            wanted["brand_ids"] = linked_ids(wanted["brand_ids"], NodeKind.BRAND, "brandIds")
        return wanted


@strawberry.type(description="The token is as wanted.")
class ApiTokenUpdateSuccess:
    """The token is as wanted."""

    api_token: ApiToken = strawberry.field(description="The token as it is now.")
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


ApiTokenUpdateResult = Annotated[
    ApiTokenUpdateSuccess | ValidationFailed | NotFound | NotAllowed | LimitReached | EditConflict,
    strawberry.union("ApiTokenUpdateResult", description="The token, or why it stays as it was."),
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
    """Making, exchanging, editing and revoking API tokens."""

    @strawberry.mutation(description="Make a token for an integration. For admins.")
    async def api_token_create(
        self, info: Info, input: ApiTokenCreateInput
    ) -> ApiTokenCreateResult:
        """Make a token."""
        issued = await api_tokens.create(info.context, input.parsed(), input.idempotency_key)
        return ApiTokenCreateSuccess(api_token=ApiToken.from_row(issued.row), token=issued.token)

    @strawberry.mutation(
        description="Exchange what an integration signs in with for something new. It stays the "
        "same `Integration`, with its name, scopes and brands; connections that were made with "
        "what opened it before are closed when the overlap ends. For admins."
    )
    async def api_token_rotate(
        self, info: Info, input: ApiTokenRotateInput
    ) -> ApiTokenRotateResult:
        """Exchange the secret of a token."""
        issued = await api_tokens.rotate(
            info.context, input.api_token_id, input.overlap_seconds, input.idempotency_key
        )
        return ApiTokenRotateSuccess(api_token=ApiToken.from_row(issued.row), token=issued.token)

    @strawberry.mutation(
        description="Edit a token. Within 5 seconds its open connections have the new rights. For "
        "admins."
    )
    async def api_token_update(
        self, info: Info, input: ApiTokenUpdateInput
    ) -> ApiTokenUpdateResult:
        """Edit a token."""
        row, edit = await api_tokens.edit(
            info.context, input.api_token_id, input.expected_version, input.changes()
        )
        return ApiTokenUpdateSuccess(
            api_token=ApiToken.from_row(row), merged_fields=edit.merged_fields
        )

    @strawberry.mutation(description="Revoke a token, for good. For admins.")
    async def api_token_revoke(
        self, info: Info, input: ApiTokenRevokeInput
    ) -> ApiTokenRevokeResult:
        """Revoke a token."""
        row = await api_tokens.revoke(info.context, input.api_token_id)
        return ApiTokenRevokeSuccess(api_token=ApiToken.from_row(row))

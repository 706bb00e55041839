"""The secrets with which sites of brands vouch for customers."""

from typing import Annotated

import strawberry

from resolvers import identity_tokens
from schema.brands import Brand
from schema.errors import NotAllowed, NotFound, ValidationFailed
from schema.fields import Info


@strawberry.input(description="Which brand gets a new secret.")
class BrandIdentitySecretRotateInput:
    """Which brand gets a new secret."""

    brand_id: strawberry.ID = strawberry.field(description="The brand.")


@strawberry.type(description="The brand has a new secret.")
class BrandIdentitySecretRotateSuccess:
    """The brand has a new secret."""

    secret: str = strawberry.field(
        description="The key of HMAC-SHA-256, all of it as text. It is shown this once: keep it on "
        "the server of the site, never in a page."
    )
    brand: Brand = strawberry.field(description="The brand.")


BrandIdentitySecretRotateResult = Annotated[
    BrandIdentitySecretRotateSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union(
        "BrandIdentitySecretRotateResult",
        description="The secret, or why the brand keeps the one it has.",
    ),
]


@strawberry.type
class IdentityTokenMutation:
    """The secrets with which sites of brands vouch for customers."""

    @strawberry.mutation(
        description="Give a brand a new secret with which its own site signs tokens for "
        "`profileVerify`: JWTs with HS256 whose claims are `aud` (the brand's id), `iat`, `exp` "
        "(at most ten minutes later), `jti` (used once), and `email` or `phone` (with its country "
        "code). The secret before it is void at once. For admins."
    )
    async def brand_identity_secret_rotate(
        self, info: Info, input: BrandIdentitySecretRotateInput
    ) -> BrandIdentitySecretRotateResult:
        """Give a brand a new secret."""
        brand, secret = await identity_tokens.rotate_secret(info.context, input.brand_id)
        return BrandIdentitySecretRotateSuccess(brand=Brand.from_row(brand), secret=secret)

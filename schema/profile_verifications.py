"""Verifying profiles: by a code that is mailed, or by a token of the company's own site."""

from typing import Annotated

import strawberry

from resolvers import channel_profiles, profile_verifications
from schema.channel_profiles import ChannelProfile
from schema.errors import (
    Expired,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from schema.fields import Info, relation
from schema.nodes import FromRow

_PROFILE = "The profile. The customer of a chat leaves it out: it is that of their chat."


@strawberry.input(description="Whose address is to be proven.")
class ProfileVerificationSendInput:
    """Whose address is to be proven."""

    profile_id: strawberry.ID | None = strawberry.field(default=None, description=_PROFILE)
    idempotency_key: str | None = strawberry.field(
        default=None, description="Sent again within 72 hours, no second code is mailed."
    )


@strawberry.type(description="A code is on its way, if there is an address.")
class ProfileVerificationSendSuccess(FromRow):
    """A code is on its way, if there is an address."""

    minutes: int = strawberry.field(description="How long the code is valid.")
    tries: int = strawberry.field(description="How many wrong codes make it void.")
    profile: ChannelProfile | None = relation(
        "The profile.", channel_profiles.by_id, key="profile_id"
    )


ProfileVerificationSendResult = Annotated[
    ProfileVerificationSendSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | LimitReached
    | IdempotencyKeyReused
    | Unavailable,
    strawberry.union(
        "ProfileVerificationSendResult",
        description="What was sent, or why nothing was: `NotAllowed` where no address is known, or "
        "the profile is verified; `LimitReached` after three codes within an hour, for the profile "
        "or to the address; `Unavailable` while the address keeps changing. The customer of a chat "
        "is not told which of this holds.",
    ),
]


@strawberry.input(description="What proves who writes by a profile: a code or a token.")
class ProfileVerifyInput:
    """What proves who writes by a profile: a code or a token."""

    profile_id: strawberry.ID | None = strawberry.field(default=None, description=_PROFILE)
    code: str | None = strawberry.field(
        default=None, description="The six digits of the code that was mailed last."
    )
    token: str | None = strawberry.field(
        default=None,
        description="A JWT by which the company's own site vouches for its user, signed with the "
        "brand's identity secret: see `brandIdentitySecretRotate`. At most 4,096 characters.",
    )


@strawberry.type(description="It is proven who writes by the profile.")
class ProfileVerifySuccess(FromRow):
    """It is proven who writes by the profile."""

    verified: bool = strawberry.field(description="True. All that the customer of a chat is told.")
    profile: ChannelProfile | None = relation(
        "The profile as it is now.", channel_profiles.by_id, key="id"
    )


ProfileVerifyResult = Annotated[
    ProfileVerifySuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | LimitReached
    | Expired
    | Unavailable,
    strawberry.union(
        "ProfileVerifyResult",
        description="The profile, or what is wrong: a code that was mistyped (`WRONG_CODE`), was "
        "so five times (`LimitReached`), or is over (`Expired`). To the customer of a chat all "
        "this is one `WRONG_CODE`.",
    ),
]


@strawberry.type
class ProfileVerificationMutation:
    """Verifying profiles."""

    @strawberry.mutation(
        description="Mail a code of six digits to the customer of a profile: to their e-mail "
        "address, or, where none is known, to the one that was claimed. It is valid for ten "
        "minutes and five tries. The customer of a chat may ask for one, too."
    )
    async def profile_verification_send(
        self, info: Info, input: ProfileVerificationSendInput
    ) -> ProfileVerificationSendResult:
        """Mail a code."""
        sent = await profile_verifications.send(
            info.context, input.profile_id, input.idempotency_key
        )
        return ProfileVerificationSendSuccess(
            row=sent, minutes=profile_verifications.MINUTES, tries=profile_verifications.TRIES
        )

    @strawberry.mutation(
        description="Verify who writes by a profile. It is linked to the customer who has the "
        "address, or the number, that is proven."
    )
    async def profile_verify(self, info: Info, input: ProfileVerifyInput) -> ProfileVerifyResult:
        """Verify a profile."""
        profile = await profile_verifications.verify(
            info.context, input.profile_id, input.code, input.token
        )
        return ProfileVerifySuccess(row=profile, verified=True)

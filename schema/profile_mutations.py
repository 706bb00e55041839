"""Linking profiles to customers, and taking that back."""

from typing import Annotated

import strawberry

from resolvers import channel_profiles
from schema.channel_profiles import ChannelProfile
from schema.errors import (
    NewerLink,
    NewerMerge,
    NotAllowed,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from schema.fields import Info


@strawberry.input(description="Whose profile it is.")
class ProfileLinkInput:
    """Whose profile it is."""

    profile_id: strawberry.ID = strawberry.field(description="The profile.")
    customer_id: strawberry.ID = strawberry.field(description="The customer who writes by it.")


@strawberry.type(description="The profile is the customer's.")
class ProfileLinkSuccess:
    """The profile is the customer's."""

    profile: ChannelProfile = strawberry.field(description="The profile as it is now.")


ProfileLinkResult = Annotated[
    ProfileLinkSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | NewerMerge
    | NewerLink
    | Unavailable,
    strawberry.union(
        "ProfileLinkResult",
        description="The profile, or why it stays where it is: as with `profileUnlink`, or "
        "`Unavailable` while somebody merges the customer.",
    ),
]


@strawberry.input(description="Which profile is not of the customer that it was linked to.")
class ProfileUnlinkInput:
    """Which profile is not of the customer that it was linked to."""

    profile_id: strawberry.ID = strawberry.field(description="The profile.")


@strawberry.type(description="The profile is with the customer that it came with.")
class ProfileUnlinkSuccess:
    """The profile is with the customer that it came with."""

    profile: ChannelProfile = strawberry.field(description="The profile as it is now.")


ProfileUnlinkResult = Annotated[
    ProfileUnlinkSuccess | ValidationFailed | NotFound | NotAllowed | NewerMerge | NewerLink,
    strawberry.union(
        "ProfileUnlinkResult",
        description="The profile, or why it stays where it is: the customer that it came with is "
        "somebody else by now, so that the merge, or the other link, is to be undone first.",
    ),
]


@strawberry.type
class ProfileMutation:
    """Linking profiles to customers, and taking that back."""

    @strawberry.mutation(
        description="Say which known customer writes by a profile. It goes to them, unverified, "
        "with the tickets that came in by it and the interactions about those; where nothing is "
        "left of the customer it came with, their id leads to the other one from then on. Linking "
        "it to whose it is already changes nothing; to the customer that it came with unlinks it."
    )
    async def profile_link(self, info: Info, input: ProfileLinkInput) -> ProfileLinkResult:
        """Link a profile to a customer."""
        profile = await channel_profiles.link(info.context, input.profile_id, input.customer_id)
        return ProfileLinkSuccess(profile=ChannelProfile.from_row(profile))

    @strawberry.mutation(
        description="Take back that a profile was linked: it goes back to the customer that it "
        "came with, and so does what came in by it, before and since. Both customers are as they "
        "were. One that is not linked stays as it is."
    )
    async def profile_unlink(self, info: Info, input: ProfileUnlinkInput) -> ProfileUnlinkResult:
        """Unlink a profile."""
        profile = await channel_profiles.unlink(info.context, input.profile_id)
        return ProfileUnlinkSuccess(profile=ChannelProfile.from_row(profile))

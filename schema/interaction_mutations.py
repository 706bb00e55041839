"""Working with a customer: opening, describing and reopening interactions."""

from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models.channels import Channel
from resolvers import interactions
from resolvers.global_ids import optional_row_id
from schema.errors import (
    EditConflict,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from schema.interactions import Interaction
from services.interactions import NewContact

_INTERACTION = "The interaction."
_TAG = "The tag, at most 50 characters. Case, accents and the dot of an i make no other tag."
_NOW = "The interaction as it is now."


@strawberry.input(
    description="Whom an agent is in touch with: give either `customerId`, `handle` or `ticketId`."
)
class InteractionOpenInput:
    """Whom an agent is in touch with."""

    channel: Channel = strawberry.field(description="The way they are in touch.")
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The customer, where the agent knows who it is."
    )
    handle: str | None = strawberry.field(
        default=None,
        description="By what the channel knows them, such as the number that calls, in whichever "
        "spelling. Whoever it is linked to is the customer, or else the only one who has the "
        "number; if that is nobody, the customer is not known yet. `PHONE` takes numbers only.",
    )
    ticket_id: strawberry.ID | None = strawberry.field(
        default=None, description="The ticket it is about; its customer is the customer."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def parsed(self) -> NewContact:
        """Return the contact. Raises ValidationFailed for wrong ids."""
        return NewContact(
            channel=self.channel,
            customer_id=optional_row_id(self.customer_id, NodeKind.CUSTOMER, "input", "customerId"),
            handle=self.handle,
            ticket_id=optional_row_id(self.ticket_id, NodeKind.TICKET, "input", "ticketId"),
        )


@strawberry.type(description="The interaction stands on the viewer's open list.")
class InteractionOpenSuccess:
    """The interaction stands on the open list."""

    interaction: Interaction = strawberry.field(
        description="The interaction: the same one where the viewer has that contact open already."
    )


InteractionOpenResult = Annotated[
    InteractionOpenSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union(
        "InteractionOpenResult", description="The interaction, or why none was opened."
    ),
]


@strawberry.input(description="Changes of an interaction. Absent leaves a field, null clears it.")
class InteractionUpdateInput:
    """Changes of an interaction."""

    interaction_id: strawberry.ID = strawberry.field(description=_INTERACTION)
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    summary: str | None = strawberry.field(
        default=strawberry.UNSET, description="What it was about, at most 2,000 characters."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The customer, once it is known who it is. The handle is linked to them, "
        "unverified, unless it is somebody else's. Once it was closed, no other can be named.",
    )
    ticket_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The ticket it is about: one of the customer. Where nobody knew who it is, the "
        "ticket's customer is the customer.",
    )

    def changes(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for wrong ids."""
        wanted = present(self, "summary", "customer_id", "ticket_id")
        for name, field, kind in (
            ("customer_id", "customerId", NodeKind.CUSTOMER),
            ("ticket_id", "ticketId", NodeKind.TICKET),
        ):
            if name in wanted:
                wanted[name] = optional_row_id(wanted[name], kind, "input", field)
        return wanted


@strawberry.type(description="The interaction is as you want it.")
class InteractionUpdateSuccess:
    """The interaction is as the editor wants it."""

    interaction: Interaction = strawberry.field(description=_NOW)
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


InteractionUpdateResult = Annotated[
    InteractionUpdateSuccess | ValidationFailed | NotFound | NotAllowed | EditConflict,
    strawberry.union(
        "InteractionUpdateResult",
        description="The interaction, or why nothing was changed: `NotAllowed` where it was closed "
        "and its customer has a newer one, or none, and it was never on a list of the viewer.",
    ),
]


@strawberry.input(description="A tag to put on an interaction.")
class InteractionTagInput:
    """A tag to put on an interaction."""

    interaction_id: strawberry.ID = strawberry.field(description=_INTERACTION)
    tag: str = strawberry.field(description=_TAG)


@strawberry.type(description="The interaction has the tag.")
class InteractionTagSuccess:
    """The interaction has the tag."""

    interaction: Interaction = strawberry.field(description=_NOW)
    tag: str = strawberry.field(description="The tag as it was typed first.")


InteractionTagResult = Annotated[
    InteractionTagSuccess | ValidationFailed | NotFound | NotAllowed | LimitReached,
    strawberry.union(
        "InteractionTagResult",
        description="The interaction, or why it got no tag: `NotAllowed` where it was closed and "
        "its customer has a newer one.",
    ),
]


@strawberry.input(description="A tag to take from an interaction.")
class InteractionUntagInput:
    """A tag to take from an interaction."""

    interaction_id: strawberry.ID = strawberry.field(description=_INTERACTION)
    tag: str = strawberry.field(description=_TAG)


@strawberry.type(description="The interaction does not have the tag.")
class InteractionUntagSuccess:
    """The interaction does not have the tag."""

    interaction: Interaction = strawberry.field(description=_NOW)


InteractionUntagResult = Annotated[
    InteractionUntagSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union(
        "InteractionUntagResult",
        description="The interaction, or why no tag was taken: `NotAllowed` where it was closed "
        "and its customer has a newer one.",
    ),
]


@strawberry.input(
    description="What to put on the open list again: give either `interactionId` or `customerId`."
)
class InteractionReopenInput:
    """What to put on the open list again."""

    interaction_id: strawberry.ID | None = strawberry.field(default=None, description=_INTERACTION)
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The customer, whose newest interaction is reopened."
    )


@strawberry.type(description="The interaction stands on the viewer's open list.")
class InteractionReopenSuccess:
    """The interaction stands on the open list."""

    interaction: Interaction = strawberry.field(description=_NOW)


InteractionReopenResult = Annotated[
    InteractionReopenSuccess | ValidationFailed | NotFound | NotAllowed | LimitReached,
    strawberry.union(
        "InteractionReopenResult",
        description="The interaction, or why it was not reopened: `NotFound` also for a customer "
        "with whom nobody was in touch yet.",
    ),
]


@strawberry.type
class InteractionMutation:
    """Working with a customer."""

    @strawberry.mutation(
        description="Put a customer on the viewer's open list: a chat was accepted, a call "
        "answered, an e-mail opened. For agents."
    )
    async def interaction_open(
        self, info: Info, input: InteractionOpenInput
    ) -> InteractionOpenResult:
        """Open an interaction."""
        opened = await interactions.open_interaction(
            info.context, input.parsed(), input.idempotency_key
        )
        return InteractionOpenSuccess(interaction=Interaction.from_row(opened))

    @strawberry.mutation(
        description="Say with whom an interaction was and what about. One that was closed can only "
        "be changed while it is the newest of its customer. For agents."
    )
    async def interaction_update(
        self, info: Info, input: InteractionUpdateInput
    ) -> InteractionUpdateResult:
        """Edit an interaction."""
        interaction, edit = await interactions.update(
            info.context, input.interaction_id, input.expected_version, input.changes()
        )
        return InteractionUpdateSuccess(
            interaction=Interaction.from_row(interaction), merged_fields=edit.merged_fields
        )

    @strawberry.mutation(
        description="Put a tag on an interaction; it has at most 50. Another spelling of one that "
        "it has is that tag. For agents."
    )
    async def interaction_tag(self, info: Info, input: InteractionTagInput) -> InteractionTagResult:
        """Put a tag on an interaction."""
        interaction, tag = await interactions.tag(info.context, input.interaction_id, input.tag)
        return InteractionTagSuccess(interaction=Interaction.from_row(interaction), tag=tag)

    @strawberry.mutation(
        description="Take a tag from an interaction, in whichever spelling. For agents."
    )
    async def interaction_untag(
        self, info: Info, input: InteractionUntagInput
    ) -> InteractionUntagResult:
        """Take a tag from an interaction."""
        interaction = await interactions.untag(info.context, input.interaction_id, input.tag)
        return InteractionUntagSuccess(interaction=Interaction.from_row(interaction))

    @strawberry.mutation(
        description="Put an interaction on the viewer's open list again, from the recent list or a "
        "search. An older one than the customer's newest can be read there and not be changed; "
        "the customer and the ticket can. For agents."
    )
    async def interaction_reopen(
        self, info: Info, input: InteractionReopenInput
    ) -> InteractionReopenResult:
        """Reopen an interaction."""
        interaction = await interactions.reopen(
            info.context, input.interaction_id, input.customer_id
        )
        return InteractionReopenSuccess(interaction=Interaction.from_row(interaction))

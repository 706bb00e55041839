"""Putting tags on tickets and taking them off."""

from typing import Annotated

import strawberry

from resolvers import ticket_tags
from schema.errors import LimitReached, NotAllowed, NotFound, ValidationFailed
from schema.fields import Info
from schema.tags import Tag
from schema.tickets import Ticket

_TAG_ID = "The tag, one of `tags`. Either this or `name`."
_NAME = "The name of one of `tags`, whatever its case and accents. Either this or `tagId`."


@strawberry.input(description="A tag to put on a ticket, by its id or by its name.")
class TicketTagInput:
    """A tag to put on a ticket."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket.")
    tag_id: strawberry.ID | None = strawberry.field(default=None, description=_TAG_ID)
    name: str | None = strawberry.field(default=None, description=_NAME)


@strawberry.type(description="The ticket has the tag now, and had it perhaps before.")
class TicketTagSuccess:
    """The ticket has the tag now."""

    ticket: Ticket = strawberry.field(description="The ticket.")
    tag: Tag = strawberry.field(description="The tag.")


TicketTagResult = Annotated[
    TicketTagSuccess | ValidationFailed | NotFound | NotAllowed | LimitReached,
    strawberry.union(
        "TicketTagResult",
        description="The ticket with its tags, or why it did not get this one: `LimitReached` at "
        "50 tags, `ValidationFailed` for a tag that does not exist.",
    ),
]


@strawberry.input(description="A tag to take off a ticket, by its id or by its name.")
class TicketUntagInput:
    """A tag to take off a ticket."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket.")
    tag_id: strawberry.ID | None = strawberry.field(default=None, description=_TAG_ID)
    name: str | None = strawberry.field(default=None, description=_NAME)


@strawberry.type(description="The ticket does not have the tag now, and had it perhaps not before.")
class TicketUntagSuccess:
    """The ticket does not have the tag now."""

    ticket: Ticket = strawberry.field(description="The ticket.")
    tag: Tag = strawberry.field(description="The tag.")


TicketUntagResult = Annotated[
    TicketUntagSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union(
        "TicketUntagResult",
        description="The ticket with its tags, or why nothing was done: `ValidationFailed` for a "
        "tag that does not exist.",
    ),
]


@strawberry.type
class TicketTagMutation:
    """Putting tags on tickets and taking them off."""

    @strawberry.mutation(
        description="Put one of the existing tags on a ticket. Twice is once; no version is needed."
    )
    async def ticket_tag(self, info: Info, input: TicketTagInput) -> TicketTagResult:
        """Put a tag on a ticket."""
        ticket, tag = await ticket_tags.add(info.context, input.ticket_id, input.tag_id, input.name)
        return TicketTagSuccess(ticket=Ticket.from_row(ticket), tag=Tag.from_row(tag))

    @strawberry.mutation(
        description="Take a tag off a ticket. Twice is once; no version is needed."
    )
    async def ticket_untag(self, info: Info, input: TicketUntagInput) -> TicketUntagResult:
        """Take a tag off a ticket."""
        ticket, tag = await ticket_tags.remove(
            info.context, input.ticket_id, input.tag_id, input.name
        )
        return TicketUntagSuccess(ticket=Ticket.from_row(ticket), tag=Tag.from_row(tag))

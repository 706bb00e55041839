"""Who is at a ticket, a customer or another resource, and what they are doing there."""

from collections.abc import AsyncIterable
from datetime import datetime
from typing import Annotated, Any

import strawberry

from core.ids import encode_global_id
from models.presence import PresenceChangeKind, PresenceState
from resolvers import actors, presence
from resolvers.audiences import same_for_audience
from schema.actors import Actor, wrap_actor
from schema.errors import NotAllowed, NotFound, ValidationFailed
from schema.fields import Info, column, relation
from schema.live import Live
from schema.nodes import FromRow
from subscriptions.presence.presence import WhoIsHere
from subscriptions.presence.source import PresenceSource

_RESOURCE = "The ticket, customer, company, interaction, note or template."


@strawberry.type(
    description="An agent who is at a resource; at the ticket of a chat also its customer. All "
    "their tabs and devices are one: the one that says most counts. Who may not read private notes "
    "sees of agents only that they are there."
)
class Presence(FromRow):
    """Somebody who is at a resource."""

    who: Actor = relation(
        "Who is there.", actors.by_key, key=("actor_kind", "actor_id"), wrap=wrap_actor
    )
    state: PresenceState = column("What they are doing.")
    field: str | None = column(
        "The field they are editing, as their app names it, such as `phone`; while they are "
        "typing `reply` or `note`. Null for customers."
    )
    since: datetime = column("Since when they have been doing that.")


@strawberry.type(description="What changed about somebody's presence.")
class PresenceChange(FromRow):
    """What changed about somebody's presence."""

    kind: PresenceChangeKind = column("What changed.")
    who: Actor = relation(
        "Whom it is about.", actors.by_key, key=("actor_kind", "actor_id"), wrap=wrap_actor
    )


@strawberry.type(description="Who is at a resource at one moment.")
class PresenceList:
    """Who is at a resource at one moment."""

    told: strawberry.Private[WhoIsHere]
    resource_id: strawberry.ID = strawberry.field(description=_RESOURCE)

    @strawberry.field(
        description="Who is there, in the order in which they began what they are doing. You are "
        "among them."
    )
    @same_for_audience
    def present(self, info: Info) -> list[Presence]:
        """Return who is there, as far as the viewer may know."""
        viewer = info.context.viewer
        return [Presence.from_row(one.as_seen_by(viewer)) for one in self.told.present]

    @strawberry.field(
        description="What changed since the list before: each arrival, change and leaving once. "
        "Empty at first."
    )
    @same_for_audience
    def changes(self, info: Info) -> list[PresenceChange]:
        """Return what changed, as far as the viewer may know."""
        viewer = info.context.viewer
        return [
            PresenceChange.from_row(change)
            for change in self.told.changes
            if change.is_seen_by(viewer)
        ]


@strawberry.input(description="Where you are, and what you are doing there.")
class PresenceSetInput:
    """Where somebody is, and what they are doing there."""

    resource_id: strawberry.ID = strawberry.field(description=_RESOURCE)
    state: PresenceState = strawberry.field(
        description="What you are doing. Send TYPING again every few seconds while keys are "
        "pressed, and EDITING at least every 20 seconds while the field has the focus. AWAY: it is "
        "open, but you are not looking."
    )
    field: str | None = strawberry.field(
        default=None,
        description="The field you are editing, such as `phone`; while typing `reply` or `note`. "
        "The customer of a chat is told of TYPING in `reply`, written exactly so, and of nothing "
        "else. At most 50 characters. Not kept for VIEWING and AWAY.",
    )


@strawberry.type(description="Your colleagues see what you are doing.")
class PresenceSetSuccess:
    """Colleagues see what the viewer is doing."""

    presence: PresenceList = strawberry.field(description="Who is there now.")


PresenceSetResult = Annotated[
    PresenceSetSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union(
        "PresenceSetResult", description="Who is there, or why nothing was said. For agents."
    ),
]


@strawberry.type
class PresenceMutation:
    """Saying what one is doing."""

    @strawberry.mutation(
        description="Say what you are doing at a resource. It stands for 30 seconds, or as long as "
        "you subscribe to `presence` of the resource: over the same socket if it is said by one, "
        "and over any of your session if it is said by an HTTP request. TYPING fades to VIEWING "
        "after 6 seconds, EDITING after 30. It is kept in no history."
    )
    async def presence_set(self, info: Info, input: PresenceSetInput) -> PresenceSetResult:
        """Say what the viewer is doing."""
        told = await presence.say(info.context, input.resource_id, input.state, input.field)
        return PresenceSetSuccess(presence=PresenceList(told=told, resource_id=input.resource_id))


@strawberry.type
class PresenceSubscription:
    """Presence, live."""

    @strawberry.subscription(
        name="presence",
        description="Who is at a resource: at once, then at each change. While it lasts, an agent "
        "who subscribes is VIEWING, unless `presenceSet` says otherwise; an integration does not "
        "show. Who loses the connection is gone after 35 seconds at the latest.",
    )
    async def presence_list(
        self,
        info: Info,
        resource_id: Annotated[strawberry.ID, strawberry.argument(description=_RESOURCE)],
    ) -> AsyncIterable[PresenceList]:
        """Follow who is at a resource."""
        viewer, streams = info.context.viewer, info.context.resources.streams
        kind, row_id = presence.resource_of(resource_id, "resourceId")
        await streams.access.require(viewer, kind, row_id)
        attend = streams.presence.attendance(encode_global_id(kind, row_id), viewer)

        def show(item: Any) -> PresenceList:
            return PresenceList(told=item.value, resource_id=resource_id)

        return Live(PresenceSource(streams, kind, row_id), show, attend=attend)

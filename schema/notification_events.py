"""What the viewer is told, live."""

from collections.abc import AsyncIterable
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.ids import NodeKind, encode_global_id
from resolvers import notifications
from schema.events import EventFields, EventRow, StreamReady, StreamReset, stream_signal
from schema.fields import Info, derived, relation
from schema.live import Live
from schema.notifications import UNREAD_COUNT, Notification
from schema.scalars import EventCursor
from subscriptions.log.following import Happened
from subscriptions.notifications import NotificationSource


def _unread_count() -> Any:
    return relation(UNREAD_COUNT, notifications.unread_counts, key="agent_id", wrap=int)


@strawberry.type(description="The viewer is told something.")
class NotificationAdded(EventFields):
    """The viewer is told something."""

    notification: Notification = relation(
        "What they are told.", notifications.by_id, key="notification_id"
    )
    unread_count: int = _unread_count()


@strawberry.type(description="The viewer has marked notifications as read, on any screen.")
class NotificationsRead(EventFields):
    """The viewer has marked notifications as read."""

    notification_ids: list[strawberry.ID] = derived(
        "Those that were not read before; at most 500. More come in further events.",
        lambda row: [
            encode_global_id(NodeKind.NOTIFICATION, UUID(row_id))
            for row_id in row.payload["notification_ids"]
        ],
        needs=("payload",),
    )
    unread_count: int = _unread_count()


NotificationEvent = Annotated[
    StreamReady | StreamReset | NotificationAdded | NotificationsRead,
    strawberry.union(
        "NotificationEvent", description="What can happen to the viewer's notifications."
    ),
]

_TYPES: dict[str, Any] = {
    "NotificationAdded": NotificationAdded,
    "NotificationsRead": NotificationsRead,
}


@strawberry.type
class NotificationSubscription:
    """Notifications, live."""

    @strawberry.subscription(
        description="What the viewer is told and has read, in order and once. For agents. Begins "
        "with StreamReady, or with what has happened since `after`."
    )
    async def notification_events(
        self,
        info: Info,
        after: Annotated[
            EventCursor | None,
            strawberry.argument(description="Where to go on: the last cursor you got."),
        ] = None,
    ) -> AsyncIterable[NotificationEvent]:
        """Follow the viewer's notifications."""
        agent_id = notifications.require_agent(info.context.viewer)

        def show(item: Any) -> Any:
            if not isinstance(item, Happened):
                return stream_signal(item)
            # A process of a newer version may write events of other types.
            shape = _TYPES.get(item.record.type)
            return shape and shape(row=EventRow.of(item, agent_id=agent_id))

        source = NotificationSource(info.context.resources.streams, agent_id)
        return Live(source, show, after)

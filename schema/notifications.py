"""Notifications: what the viewer is told because it concerns them."""

from datetime import datetime
from typing import Annotated

import strawberry

from core.ids import NodeKind
from models import notifications as rows
from models.notifications import NotificationKind
from resolvers import (
    actors,
    companies,
    customers,
    notes,
    notifications,
    rules,
    tickets,
    webhooks,
)
from schema.actors import Actor, wrap_actor
from schema.companies import Company
from schema.customers import Customer
from schema.errors import LimitReached, NotAllowed, NotFound, ValidationFailed
from schema.fields import Info, column, connection_columns, relation
from schema.nodes import FromRow, Node, node_id
from schema.notes import Note
from schema.pages import (
    After,
    Before,
    Connection,
    First,
    Last,
    connection_of,
    page_arguments,
)
from schema.registry import register
from schema.rules import Rule
from schema.scalars import EventCursor
from schema.tickets import Ticket
from schema.webhooks import Webhook
from subscriptions.log.cursors import encode_cursor

strawberry.enum(
    NotificationKind,
    description="Why an agent is told: a note mentions or reminds them, or they were given a "
    "ticket.",
)

UNREAD_COUNT = "How many notifications the viewer has not read, as of now."
_OR_HIDDEN = "Null also where the viewer does not see it any more."


@strawberry.type(
    description="What an agent is told, once, because it concerns them. Nobody is told of what "
    "they did themselves. Kept for 90 days."
)
class Notification(FromRow, Node):
    """What an agent is told because it concerns them."""

    id: strawberry.ID = node_id(NodeKind.NOTIFICATION)
    kind: NotificationKind = column("Why the viewer is told.")
    ticket: Ticket | None = relation(
        f"The ticket it is about, if any. {_OR_HIDDEN}", tickets.by_id, key="ticket_id"
    )
    customer: Customer | None = relation(
        f"The customer whom the note is about, if any. {_OR_HIDDEN}",
        customers.by_id,
        key="customer_id",
    )
    company: Company | None = relation(
        f"The company that the note is about, if any. {_OR_HIDDEN}",
        companies.by_id,
        key="company_id",
    )
    note: Note | None = relation(
        f"The note that mentions or reminds the viewer, if one does. {_OR_HIDDEN}",
        notes.by_id,
        key="note_id",
    )
    webhook: Webhook | None = relation(
        "The webhook that is paused, if it is about one.", webhooks.by_id, key="webhook_id"
    )
    rule: Rule | None = relation(
        f"The rule that tells the viewer something, or was paused, if any. {_OR_HIDDEN}",
        rules.by_id,
        key="rule_id",
    )
    body: str | None = column("What the rule says, if it is one that tells the viewer something.")
    actor: Actor = relation(
        "Who caused it.", actors.by_key, key=("actor_kind", "actor_id"), wrap=wrap_actor
    )
    created_at: datetime = column("When it happened.")
    read_at: datetime | None = column("When the viewer marked it as read, if they did.")


@strawberry.type(description="How the viewer's notifications stand.")
class NotificationState:
    """How the viewer's notifications stand."""

    unread_count: int = strawberry.field(description=UNREAD_COUNT)
    event_cursor: EventCursor = strawberry.field(
        description="Where their events stand now: give it to `notificationEvents` as `after` to "
        "miss nothing of what happens after this query."
    )


@strawberry.type
class NotificationQuery:
    """Reading notifications."""

    @strawberry.field(description="What the viewer was told, newest first. For agents.")
    async def notifications(
        self,
        info: Info,
        unread_only: Annotated[
            bool, strawberry.argument(description="Only those that the viewer has not read.")
        ] = False,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Notification]:
        """Load a page of the viewer's notifications."""
        arguments = page_arguments(info, first, after, last, before)
        columns = connection_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        page = await notifications.page(info.context, arguments, columns, unread_only=unread_only)
        return connection_of(page, Notification.from_row)

    @strawberry.field(description="How the viewer's notifications stand. For agents.")
    async def notification_state(self, info: Info) -> NotificationState:
        """Load how the viewer's notifications stand."""
        found = await notifications.state(info.context)
        epoch = info.context.resources.epoch
        return NotificationState(
            unread_count=found.unread_count,
            event_cursor=EventCursor(encode_cursor(epoch, {found.topic: found.position})),
        )


@strawberry.input(
    description="Which notifications the viewer has read: either some, or all up to one."
)
class NotificationsMarkReadInput:
    """Which notifications the viewer has read."""

    notification_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="These; at most 100."
    )
    up_to_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="This one and all before it. Send the newest that the screen shows: what "
        "comes meanwhile stays unread.",
    )


@strawberry.type(description="They are read now, and were perhaps before.")
class NotificationsMarkReadSuccess:
    """They are read now."""

    unread_count: int = strawberry.field(description=UNREAD_COUNT)


NotificationsMarkReadResult = Annotated[
    NotificationsMarkReadSuccess | ValidationFailed | NotFound | NotAllowed | LimitReached,
    strawberry.union(
        "NotificationsMarkReadResult",
        description="How many are left, or why none was marked: `NotFound` where one of them is "
        "not the viewer's.",
    ),
]


@strawberry.type
class NotificationMutation:
    """Reading notifications."""

    @strawberry.mutation(description="Mark notifications as read, on all the viewer's screens.")
    async def notifications_mark_read(
        self, info: Info, input: NotificationsMarkReadInput
    ) -> NotificationsMarkReadResult:
        """Mark notifications as read."""
        unread = await notifications.mark_read(info.context, input.notification_ids, input.up_to_id)
        return NotificationsMarkReadSuccess(unread_count=unread)


register(NodeKind.NOTIFICATION, Notification, rows.Notification, notifications.by_id)

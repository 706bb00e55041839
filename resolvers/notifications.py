"""The viewer's notifications: the list, how it stands, and reading them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from core.errors import NotAllowed
from core.ids import NodeKind
from core.pages import Page, by_moment, select_page, to_page
from models.base import Columns, project
from models.event_topics import notifications_topic
from models.events import read_heads
from models.notifications import Notification, visible_to
from models.viewers import Viewer
from resolvers.access import require_signed_in
from resolvers.audiences import personal
from resolvers.batches import PageArguments, rows_by_id
from resolvers.global_ids import optional_row_id
from resolvers.links import linked_ids
from resolvers.scope import Scope
from services import notifications

NEWEST_FIRST = by_moment("created_at", Notification.created_at, Notification.id, descending=True)

by_id = personal(rows_by_id(Notification, visible_to))


@dataclass(frozen=True, slots=True)
class NotificationState:
    """How many are unread, and the position in `topic` that this is true of."""

    unread_count: int
    topic: str
    position: int


def require_agent(viewer: Viewer) -> UUID:
    """Return which agent is looking.

    Raises Unauthenticated for strangers, and NotAllowed for others who have no notifications.
    """
    require_signed_in(viewer)
    if viewer.agent_id is None:
        raise NotAllowed
    return viewer.agent_id


async def page(
    scope: Scope, arguments: PageArguments, columns: Columns, *, unread_only: bool
) -> Page:
    """Return one page of the viewer's notifications, newest first."""
    require_agent(scope.viewer)
    wanted = None if columns is None else columns | NEWEST_FIRST.columns
    mine = select(*project(Notification, wanted)).where(visible_to(scope.viewer))
    if unread_only:
        mine = mine.where(Notification.read_at.is_(None))
    rows = await scope.fetch(select_page(mine, NEWEST_FIRST, arguments.request))
    total = None
    if arguments.with_total:
        total = (await scope.fetch(mine.with_only_columns(func.count())))[0][0]
    return to_page(rows, NEWEST_FIRST, arguments.request, total=total)


async def state(scope: Scope) -> NotificationState:
    """Return how the viewer's notifications stand."""
    agent_id = require_agent(scope.viewer)
    topic = notifications_topic(agent_id)
    heads = await read_heads(await scope.connection(), [topic])
    counts = await unread_counts(scope, [agent_id], None, None)
    return NotificationState(counts[agent_id], topic, heads[topic].sequence)


@personal
async def unread_counts(
    scope: Scope, agent_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, int]:
    """Return how many notifications agents have not read; the viewer learns of their own only."""
    rows = await scope.fetch(
        select(Notification.agent_id, func.count().label("unread"))
        .where(
            visible_to(scope.viewer),
            Notification.agent_id.in_(agent_ids),
            Notification.read_at.is_(None),
        )
        .group_by(Notification.agent_id)
    )
    return dict.fromkeys(agent_ids, 0) | {row.agent_id: row.unread for row in rows}


async def mark_read(
    scope: Scope, notification_ids: Sequence[str] | None, up_to_id: str | None
) -> int:
    """Mark notifications as read; return how many are left."""
    require_signed_in(scope.viewer)
    ids = (
        None
        if notification_ids is None
        else linked_ids(notification_ids, NodeKind.NOTIFICATION, "notificationIds")
    )
    last = optional_row_id(up_to_id, NodeKind.NOTIFICATION, "input", "upToId")
    async with scope.unit_of_work() as work:
        return await notifications.mark_read(
            work, scope.viewer, notification_ids=ids, up_to_id=last
        )

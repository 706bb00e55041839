"""What connectors deliver: the answers that wait for it, and what becomes of them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from core.errors import NotAllowed
from core.pages import Page, select_page, to_page
from models.base import Columns, project
from models.channels import Channel
from models.delivery_requests import delivered_by, is_connector
from models.messages import DeliveryState, Message
from models.viewers import Viewer
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import PageArguments, rows_by_id
from resolvers.messages import OLDEST_FIRST
from resolvers.scope import Scope
from services import delivery_confirmations
from services.delivery_confirmations import Confirmation

# A connector sees what it delivers, and need not see the tickets.
message_by_id = rows_by_id(Message, delivered_by)


def require_connector(viewer: Viewer) -> None:
    """Raise Unauthenticated for strangers, and NotAllowed for others who deliver nothing."""
    require_signed_in(viewer)
    if not is_connector(viewer):
        raise NotAllowed


@same_for_audience
async def recipients(
    scope: Scope, message_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, str]:
    """Return to whom messages go."""
    rows = await scope.fetch(
        select(Message.id, Message.recipient).where(
            delivered_by(scope.viewer), Message.id.in_(message_ids)
        )
    )
    return {row.id: row.recipient for row in rows}


async def pending(
    scope: Scope, channel: Channel, arguments: PageArguments, columns: Columns
) -> Page:
    """Return one page of what is still to be delivered on a channel, oldest first."""
    require_connector(scope.viewer)
    wanted = None if columns is None else columns | OLDEST_FIRST.columns
    waiting = select(*project(Message, wanted)).where(
        delivered_by(scope.viewer), *_is_pending(channel)
    )
    rows = await scope.fetch(select_page(waiting, OLDEST_FIRST, arguments.request))
    total = None
    if arguments.with_total:
        total = (await scope.fetch(waiting.with_only_columns(func.count())))[0][0]
    return to_page(rows, OLDEST_FIRST, arguments.request, total=total)


async def confirm(scope: Scope, confirmation: Confirmation) -> Message:
    """Write down what has become of a message."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await delivery_confirmations.confirm(work, scope.viewer, confirmation)


def _is_pending(channel: Channel) -> tuple[ColumnElement[bool], ...]:
    return (Message.channel == channel, Message.delivery_state == DeliveryState.QUEUED)

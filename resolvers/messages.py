"""Messages of the tickets that the viewer sees: reading, sending and taking them in."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from core.ids import NodeKind
from core.pages import by_moment
from models import chats
from models.base import Columns
from models.first_contacts import is_first_of_customer
from models.messages import Message
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import pages_by_parent, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from services import chats as chat_services
from services import incoming_messages, messages, posting
from services.incoming_messages import IncomingMessage
from services.messages import OutgoingMessage

OLDEST_FIRST = by_moment("created_at", Message.created_at, Message.id)

# The parents of these pages are tickets that the viewer has come to see already.
by_ticket = pages_by_parent(
    Message, Message.ticket_id, OLDEST_FIRST, limits=lambda _viewer, _only: ()
)


def _is_visible(viewer: Viewer) -> ColumnElement[bool]:
    return exists(
        select(Ticket.id).where(Ticket.id == Message.ticket_id, chats.shows_ticket(viewer))
    )


by_id = rows_by_id(Message, _is_visible)


@same_for_audience
async def first_contacts(
    scope: Scope, message_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, bool]:
    """Return which messages, that the viewer has come to see, are the first of their customer.

    Who reads no customers is told of the handle alone: a claim shows nothing of somebody else.
    """
    is_first = is_first_of_customer(of_profile=not scope.viewer.may(ApiScope.CUSTOMERS_READ))
    rows = await scope.fetch(select(Message.id).where(Message.id.in_(message_ids), is_first))
    return {row.id: True for row in rows}


async def send(scope: Scope, outgoing: OutgoingMessage, idempotency_key: str | None) -> Message:
    """Write to the customer of a ticket; or, as the customer of a chat, to those who answer."""
    require_signed_in(scope.viewer)
    send_as = chat_services.write if scope.viewer.is_customer else messages.send
    async with scope.unit_of_work() as work:
        return await send_as(work, scope.viewer, outgoing, idempotency_key=idempotency_key)


async def undo(scope: Scope, message_id: str) -> Message:
    """Take back a message that has not gone out."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(message_id, NodeKind.MESSAGE, "input", "messageId")
    async with scope.unit_of_work() as work:
        return await posting.undo(work, scope.viewer, row_id)


async def retry(scope: Scope, message_id: str) -> Message:
    """Send a message that has failed."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(message_id, NodeKind.MESSAGE, "input", "messageId")
    async with scope.unit_of_work() as work:
        return await posting.retry(work, scope.viewer, row_id)


async def receive(scope: Scope, incoming: IncomingMessage, idempotency_key: str | None) -> Message:
    """Take in a customer's message."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await incoming_messages.receive(
            work, scope.viewer, incoming, idempotency_key=idempotency_key
        )

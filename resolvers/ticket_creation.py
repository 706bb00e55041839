"""Opening tickets for customers."""

from resolvers.access import require_signed_in
from resolvers.scope import Scope
from services import ticket_creation
from services.ticket_creation import CreatedTicket, TicketForm


async def create(scope: Scope, form: TicketForm, idempotency_key: str | None) -> CreatedTicket:
    """Open a ticket."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await ticket_creation.create(
            work, scope.viewer, form, idempotency_key=idempotency_key
        )

"""Which brands' tickets can ever show in the viewer's inbox."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select

from models import brands
from models.brands import Brand
from models.tickets import Ticket
from resolvers.access import require_signed_in
from resolvers.scope import Scope


async def brand_ids(scope: Scope) -> Sequence[UUID]:
    """Return the brands the viewer works for, and those of tickets assigned to them."""
    require_signed_in(scope.viewer)
    assigned = select(Ticket.brand_id).where(Ticket.assignee_id == scope.viewer.agent_id)
    rows = await scope.fetch(
        select(Brand.id)
        .where(or_(brands.visible_to(scope.viewer), Brand.id.in_(assigned)))
        .order_by(Brand.id)
    )
    return [row.id for row in rows]

"""The secrets with which sites of brands vouch for customers."""

from core.ids import NodeKind
from models.brands import Brand
from resolvers.access import require_signed_in
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from services import identity_tokens


async def rotate_secret(scope: Scope, brand_id: str) -> tuple[Brand, str]:
    """Give a brand a new secret; return it this once."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(brand_id, NodeKind.BRAND, "input", "brandId")
    box = scope.resources.secrets
    async with scope.unit_of_work() as work:
        return await identity_tokens.rotate_secret(work, scope.viewer, box, row_id)

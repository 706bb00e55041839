"""Installing the rules that ask who is writing."""

from collections.abc import Sequence

from core.ids import NodeKind
from models.channels import Channel
from resolvers.access import require_signed_in
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from services import identity_rules
from services.identity_rules import InstalledIdentityRules, WantedIdentityRules


async def install(
    scope: Scope,
    brand_id: str,
    channels: Sequence[Channel],
    language: str | None,
    max_reminders: int,
) -> InstalledIdentityRules:
    """Install the rules, or bring them up to date."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(brand_id, NodeKind.BRAND, "input", "brandId")
    wanted = WantedIdentityRules(row_id, channels, language, max_reminders)
    async with scope.unit_of_work() as work:
        return await identity_rules.install(work, scope.viewer, wanted)

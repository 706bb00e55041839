"""The files that the desk takes: the formats, how many, how large."""

from collections.abc import Sequence

from resolvers.access import require_signed_in
from resolvers.scope import Scope
from services import file_formats
from services.file_formats import ListedFormat


async def listed(scope: Scope) -> Sequence[ListedFormat]:
    """Return all formats that the desk can check, by extension."""
    require_signed_in(scope.viewer)
    return await file_formats.listed(await scope.connection())


async def update(
    scope: Scope, allow: Sequence[str], refuse: Sequence[str]
) -> Sequence[ListedFormat]:
    """Change the allow-list; return all formats as they are now."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        await file_formats.update(work, scope.viewer, allow, refuse)
        return await file_formats.listed(work.session)

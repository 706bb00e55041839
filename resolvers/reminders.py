"""Ticking off reminders."""

from core.ids import NodeKind
from models.notes import Note
from resolvers.access import require_signed_in
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from services import reminders


async def complete(scope: Scope, note_id: str, *, is_done: bool) -> Note:
    """Tick a reminder off, or take that back; return its note."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(note_id, NodeKind.NOTE, "input", "noteId")
    async with scope.unit_of_work() as work:
        return await reminders.complete(work, scope.viewer, row_id, is_done=is_done)

"""Edits of two people that exclude each other: what whoever came second is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.errors import DomainError


@dataclass(frozen=True, slots=True)
class ConflictingField:
    """A field that two people changed: what it was, what they and you made of it."""

    field: str
    base: str | None
    theirs: str | None
    yours: str | None


class EditConflict(DomainError):
    """Somebody else changed the same fields since the version the editor had loaded.

    With `by_editor` it was the editor, in another window.
    """

    code = "EDIT_CONFLICT"

    def __init__(
        self,
        *,
        current: object,
        current_version: int,
        changed_by: tuple[str, UUID | None],
        changed_at: datetime,
        fields: Sequence[ConflictingField],
        by_editor: bool,
    ) -> None:
        super().__init__("Somebody else changed the same fields.")
        if by_editor:
            self.wording = "EDIT_CONFLICT_WITH_ONESELF"  # type: ignore[misc]  # other words
        self.current = current
        self.current_version = current_version
        self.changed_by = changed_by
        self.changed_at = changed_at
        self.fields = fields

"""Edits of fields: what changed, and how two people's edits are merged or refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, Self, runtime_checkable
from uuid import UUID

from core.edit_conflicts import ConflictingField, EditConflict
from models.base import Base, Versioned
from models.event_records import EventRecord
from models.event_topics import topic_of
from models.events import read_events
from models.notes import Note
from services.unit_of_work import UnitOfWork
from services.versions import check_expected_version

EVENTS_PER_READ = 500


@runtime_checkable
class RowSet(Protocol):
    """A field's value that is a set of rows; as text, their names."""

    @property
    def ids(self) -> frozenset[UUID]:
        """The ids of the rows."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a row before and after, as people read it; references carry their ids too."""

    field: str
    before: str | None
    after: str | None
    before_id: UUID | None = None
    after_id: UUID | None = None
    before_ids: frozenset[UUID] | None = None
    after_ids: frozenset[UUID] | None = None

    @classmethod
    def between(
        cls, field: str, before: object, after: object, labels: Mapping[UUID, str] | None = None
    ) -> Self:
        """Return the change from one value to another; `labels` names references."""
        return cls(
            field,
            readable(before, labels),
            readable(after, labels),
            before if isinstance(before, UUID) else None,
            after if isinstance(after, UUID) else None,
            before.ids if isinstance(before, RowSet) else None,
            after.ids if isinstance(after, RowSet) else None,
        )

    def as_payload(self) -> dict[str, Any]:
        """Return the shape kept in the event log."""
        payload: dict[str, Any] = {
            "field": self.field,
            "before": self.before,
            "after": self.after,
        }
        if self.before_id or self.after_id:
            payload["before_id"] = self.before_id.hex if self.before_id else None
            payload["after_id"] = self.after_id.hex if self.after_id else None
        if self.before_ids is not None and self.after_ids is not None:
            payload["before_ids"] = _hexes(self.before_ids)
            payload["after_ids"] = _hexes(self.after_ids)
        return payload


@dataclass(frozen=True, slots=True)
class Edit:
    """The outcome of an edit: what it changed, and which fields others had changed meanwhile."""

    changes: list[FieldChange]
    merged_fields: list[str]


def readable(value: object, labels: Mapping[UUID, str] | None = None) -> str | None:
    """Return a field's value as the log and the screen show it; `labels` names references."""
    if isinstance(value, UUID):
        return (labels or {}).get(value, str(value))
    if value is None or isinstance(value, StrEnum):
        return value.value if value is not None else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")  # as the API writes moments
    if isinstance(value, list | tuple):
        return ", ".join(value)
    return str(value)


async def apply_edit(
    work: UnitOfWork,
    row: Base,
    expected_version: int,
    wanted: Mapping[str, Any],
    *,
    field_names: Mapping[str, str] | None = None,
    labels: Mapping[UUID, str] | None = None,
    fields: object | None = None,
) -> Edit:
    """Set the attributes of `row` to the wanted values, merged with what others changed.

    `expected_version` is what the editor had loaded. A field that somebody else has changed since
    then, and to something else, is a conflict; then nothing is changed at all. A value that is
    still what the editor had loaded is no edit: it leaves the other's change alone. References are
    compared by their ids: two rows may have one name, and a row another name than it had.

    `field_names` gives the public name of an attribute where it is another one; `labels` gives the
    names of the rows that the old and new values refer to; `fields` is given where some values are
    kept in other rows: an object that has all, whose attributes are set instead of those of `row`.

    Raises EditConflict, and ValidationFailed for a version that does not exist yet.
    """
    names = field_names or {}
    edited = row if fields is None else fields
    theirs = await _changes_since(work, row, expected_version)
    edits: dict[str, FieldChange] = {}
    conflicts: list[ConflictingField] = []
    for attribute, value in wanted.items():
        name = names.get(attribute, attribute)
        now = getattr(edited, attribute)
        change = FieldChange.between(name, now, value, labels)
        their = theirs.get(name)
        if not _is_edit(now, value, their):
            continue
        if their is None:
            edits[attribute] = change
        else:
            conflicts.append(ConflictingField(name, their.base, change.before, change.after))
    if conflicts:
        raise _conflict(work, row, theirs, conflicts)
    for attribute in edits:
        setattr(edited, attribute, wanted[attribute])
    return Edit(list(edits.values()), sorted(theirs))


async def edited_fields(
    work: UnitOfWork,
    row: Base,
    expected_version: int,
    wanted: Mapping[str, Any],
    *,
    field_names: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the fields that `apply_edit` would change, or find in conflict, by public names."""
    names = field_names or {}
    theirs = await _changes_since(work, row, expected_version)
    public = {attribute: names.get(attribute, attribute) for attribute in wanted}
    return [
        public[attribute]
        for attribute, value in wanted.items()
        if _is_edit(getattr(row, attribute), value, theirs.get(public[attribute]))
    ]


async def refuse_if_changed(
    work: UnitOfWork,
    row: Base,
    expected_version: int,
    field: str,
    *,
    attribute: str | None = None,
) -> None:
    """Refuse to take away a value that is another one than the editor had loaded.

    `attribute` is where it stands on the row, if it has another name there.

    Raises EditConflict, whose `yours` is null, and ValidationFailed as `apply_edit` does.
    """
    theirs = await _changes_since(work, row, expected_version)
    now = getattr(row, attribute or field)
    their = theirs.get(field)
    if their is not None and their.base_key != _key(now):
        conflict = ConflictingField(field, their.base, readable(now), None)
        raise _conflict(work, row, theirs, [conflict])


def changes_told_by(event: EventRecord, note_id: UUID | None = None) -> Sequence[Mapping[str, Any]]:
    """Return the fields that an event has changed, in the shape of `FieldChange.as_payload`.

    They are those of the row whose topic it stands in; with `note_id` those of that note, whose
    events stand in the topic of what it belongs to.
    """
    moved = {one["note_id"]: one["changes"] for one in event.payload.get("notes", ())}
    if note_id is not None and note_id.hex in moved:
        of_moved: Sequence[Mapping[str, Any]] = moved[note_id.hex]
        return of_moved
    if event.payload.get("note_id") != (note_id.hex if note_id else None):
        return ()
    changes: Sequence[Mapping[str, Any]] = event.payload.get("changes", ())
    return changes


def _hexes(ids: frozenset[UUID]) -> list[str]:
    return sorted(row_id.hex for row_id in ids)


def _key(value: object) -> Any:
    """Return what tells a value apart from others of its field."""
    if isinstance(value, UUID):
        return value.hex
    return _hexes(value.ids) if isinstance(value, RowSet) else readable(value)


def _key_before(change: Mapping[str, Any]) -> Any:
    """Return `_key` of the value that a change in the log has replaced."""
    of_references = (change[name] for name in ("before_ids", "before_id") if name in change)
    return next(of_references, change["before"])


@dataclass(frozen=True, slots=True)
class _TheirChange:
    base: str | None
    base_key: Any
    changed_by: tuple[str, UUID | None]
    changed_at: datetime
    position: int


def _is_edit(now: object, value: object, their: _TheirChange | None) -> bool:
    """Tell whether a value is neither what the editor had loaded nor what the field is now."""
    return value != now and (their is None or their.base_key != _key(value))


def _conflict(
    work: UnitOfWork,
    row: Base,
    theirs: Mapping[str, _TheirChange],
    conflicts: Sequence[ConflictingField],
) -> EditConflict:
    last = max((theirs[conflict.field] for conflict in conflicts), key=lambda one: one.position)
    return EditConflict(
        current=row,
        current_version=_version(row),
        changed_by=last.changed_by,
        changed_at=last.changed_at,
        fields=conflicts,
        by_editor=last.changed_by == (work.actor.kind, work.actor.id),
    )


def _version(row: Base) -> int:
    if not isinstance(row, Versioned):
        raise TypeError(row)
    return row.version


async def _changes_since(
    work: UnitOfWork, row: Base, expected_version: int
) -> dict[str, _TheirChange]:
    """Return, for each field changed since, its value then and who changed it last."""
    topic, note_id = topic_of(row), row.id if isinstance(row, Note) else None
    version = _version(row)
    check_expected_version(expected_version, version)
    theirs: dict[str, _TheirChange] = {}
    position = expected_version
    while position < version:
        events = await read_events(work.session, topic, position, EVENTS_PER_READ)
        if not events:
            break
        for event in events:
            for change in changes_told_by(event, note_id):
                field = change["field"]
                first = theirs.get(field)
                theirs[field] = _TheirChange(
                    first.base if first else change["before"],
                    first.base_key if first else _key_before(change),
                    (event.actor_kind, event.actor_id),
                    event.occurred_at,
                    event.sequence,
                )
        position = events[-1].sequence
    return theirs

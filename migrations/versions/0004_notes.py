"""Corrections of inline notes, and what else keeps notes as evidence of what was said."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KIND_CHANGED = "the kind of a note never changes"
NOTE_REPLACED = "an inline note never changes"
WRONG_CORRECTION = "a correction is an inline note that corrects the first one of its ticket"
FILE_ADDED = "an inline note gets no file later"
FILE_REPLACED = "a file on an inline note never changes"
MENTION_CHANGED = "a mention of an inline note never changes"
TODO_CHANGED = "a to-do item of an inline note is ticked off and never changes otherwise"
REVISION_CHANGED = "a revision of a note never changes"

# A correction of a correction points to the first note, so that none is more than a step away.
IS_WRONG_CORRECTION = """
    NEW.corrects_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM note AS corrected
        WHERE corrected.id = NEW.corrects_id
            AND corrected.kind = 'INLINE'
            AND corrected.corrects_id IS NULL
            AND corrected.ticket_id = NEW.ticket_id
            AND NEW.kind = 'INLINE'
    )
"""
# Its files come with a note, which says how many: one more comes later.
IS_LATER_FILE = """
    EXISTS (
        SELECT 1 FROM note
        WHERE note.id = NEW.note_id AND note.kind = 'INLINE'
            AND COALESCE(note.attachment_count, 0) <= (
                SELECT count(*) FROM attachment AS earlier
                WHERE earlier.note_id = NEW.note_id AND earlier.id <> NEW.id
            )
    )
"""
IS_OF_INLINE_NOTE = "EXISTS (SELECT 1 FROM note WHERE id = {row}.note_id AND kind = 'INLINE')"
# No item comes to an inline note from another one, either.
IS_MORE_THAN_A_TICK = f"""
    ({IS_OF_INLINE_NOTE.format(row="OLD")} OR {IS_OF_INLINE_NOTE.format(row="NEW")})
    AND (
        NEW.removed_at IS NOT NULL
        OR (NEW.id, NEW.note_id, NEW.position, NEW.text)
            <> (OLD.id, OLD.note_id, OLD.position, OLD.text)
    )
"""

# Each: its table, its name, when it looks, what it refuses, and what it says.
_GUARDS = (
    ("note", "kind_kept", "UPDATE", "OLD.kind <> 'INLINE' AND NEW.kind <> OLD.kind", KIND_CHANGED),
    ("note", "correction", "INSERT OR UPDATE", IS_WRONG_CORRECTION, WRONG_CORRECTION),
    ("attachment", "on_time", "INSERT OR UPDATE", IS_LATER_FILE, FILE_ADDED),
    (
        "note_mention",
        "immutable",
        "UPDATE OR DELETE",
        IS_OF_INLINE_NOTE.format(row="OLD"),
        MENTION_CHANGED,
    ),
    ("note_todo", "ticked_only", "UPDATE", IS_MORE_THAN_A_TICK, TODO_CHANGED),
    ("note_todo", "stays", "DELETE", IS_OF_INLINE_NOTE.format(row="OLD"), TODO_CHANGED),
    ("note_revision", "immutable", "UPDATE OR DELETE", "TRUE", REVISION_CHANGED),
)
_NEVER_EMPTIED = (
    ("note_mention", MENTION_CHANGED),
    ("note_todo", TODO_CHANGED),
    ("note_revision", REVISION_CHANGED),
)

# REPLACE removes the row with the same key or rowid, and no DELETE trigger sees it. In a new row
# that does not name its rowid, NEW.rowid is none that a row has. Migration 0001 looks at the keys
# of notes and files.
_SAME_PLACE = "kept.rowid = NEW.rowid"
_SAME_ID = f"({_SAME_PLACE} OR kept.id = NEW.id)"
_SAME_MENTION = f"""
    ({_SAME_PLACE} OR (kept.note_id, kept.agent_id) = (NEW.note_id, NEW.agent_id))
"""
_IS_OF_INLINE_NOTE = IS_OF_INLINE_NOTE.format(row="kept")
# Each: a table, when a new row would be in the way of a kept one, which are kept, what it says.
_REPLACEABLE = (
    ("note", _SAME_PLACE, "kept.kind = 'INLINE'", NOTE_REPLACED),
    ("attachment", _SAME_PLACE, _IS_OF_INLINE_NOTE, FILE_REPLACED),
    ("note_mention", _SAME_MENTION, _IS_OF_INLINE_NOTE, MENTION_CHANGED),
    ("note_todo", _SAME_ID, _IS_OF_INLINE_NOTE, TODO_CHANGED),
    ("note_revision", _SAME_ID, "TRUE", REVISION_CHANGED),
)


def upgrade() -> None:
    """Add the columns, the index of corrections, and the triggers."""
    op.add_column("note", sa.Column("corrects_id", sa.Uuid(), nullable=True))
    op.add_column("note", sa.Column("attachment_count", sa.Integer(), nullable=True))
    for table in ("note_mention", "note_todo"):
        op.add_column(table, sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        op.f("ix_note_corrects_id_created_at_id"),
        "note",
        ["corrects_id", "created_at", "id"],
        unique=False,
    )
    guard = _guard_postgresql if _is_postgresql() else _guard_sqlite
    for table, name, moments, condition, message in _GUARDS:
        guard(table, name, moments, condition, message)
    if _is_postgresql():
        for table, message in _NEVER_EMPTIED:
            _keep_from_truncate(table, message)
    else:
        _keep_from_replace()


def downgrade() -> None:
    """Drop them, with the mentions and the items that were removed."""
    _drop_guards()
    for table in ("note_mention", "note_todo"):
        op.execute(f"DELETE FROM {table} WHERE removed_at IS NOT NULL")  # noqa: S608  # constants
        op.drop_column(table, "removed_at")
    op.drop_index(op.f("ix_note_corrects_id_created_at_id"), "note")
    op.drop_column("note", "attachment_count")
    op.drop_column("note", "corrects_id")


def _drop_guards() -> None:
    if _is_postgresql():
        for table, _ in _NEVER_EMPTIED:
            op.execute(f"DROP TRIGGER {table}_kept ON {table}")
            op.execute(f"DROP FUNCTION refuse_{table}_truncate()")
        for table, name, *_ in _GUARDS:
            op.execute(f"DROP TRIGGER {table}_{name} ON {table}")
            op.execute(f"DROP FUNCTION refuse_{table}_{name}()")
    else:
        for table, *_ in _REPLACEABLE:
            for act in ("insert", "update"):
                op.execute(f"DROP TRIGGER {table}_replaced_by_{act}")
        for table, name, moments, *_ in _GUARDS:
            for moment in moments.split(" OR "):
                op.execute(f"DROP TRIGGER {table}_{name}_{moment.lower()}")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _guard_postgresql(table: str, name: str, moments: str, condition: str, message: str) -> None:
    op.execute(
        f"""
        CREATE FUNCTION refuse_{table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {condition} THEN
                RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN COALESCE(NEW, OLD);
        END $$
        """
    )
    op.execute(
        f"""
        CREATE TRIGGER {table}_{name} BEFORE {moments} ON {table}
        FOR EACH ROW EXECUTE FUNCTION refuse_{table}_{name}()
        """
    )


def _keep_from_truncate(table: str, message: str) -> None:
    op.execute(
        f"""
        CREATE FUNCTION refuse_{table}_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        f"""
        CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_{table}_truncate()
        """
    )


def _guard_sqlite(table: str, name: str, moments: str, condition: str, message: str) -> None:
    for moment in moments.split(" OR "):
        _create_trigger(f"{table}_{name}_{moment.lower()}", moment, table, condition, message)


def _keep_from_replace() -> None:
    for table, in_its_way, is_kept, message in _REPLACEABLE:
        replaced = f"SELECT 1 FROM {table} AS kept WHERE {in_its_way} AND {is_kept}"  # noqa: S608
        inserted = f"EXISTS ({replaced})"
        _create_trigger(f"{table}_replaced_by_insert", "INSERT", table, inserted, message)
        moved = f"EXISTS ({replaced} AND kept.rowid <> OLD.rowid)"
        _create_trigger(f"{table}_replaced_by_update", "UPDATE", table, moved, message)


def _create_trigger(name: str, moment: str, table: str, condition: str, message: str) -> None:
    op.execute(
        f"""
        CREATE TRIGGER {name} BEFORE {moment} ON {table}
        WHEN {condition}
        BEGIN
            SELECT RAISE(ABORT, '{message}');
        END
        """
    )

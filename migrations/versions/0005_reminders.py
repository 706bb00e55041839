"""Reminders that are told once, when they are due."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core import clock

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Who comes back from a week away is told what they missed. Older reminders stand in the list, as
# they did before anybody was told; an upgrade is no reason to tell years of them in one minute.
_TOLD_LATE = timedelta(days=7)
_BEFORE = ("MENTIONED", "ASSIGNED")
_KIND = "ck_notification_notificationkind"

_reminder = sa.table(
    "note_reminder",
    sa.column("note_id", sa.Uuid()),
    sa.column("due_at", sa.DateTime(timezone=True)),
    sa.column("done_at", sa.DateTime(timezone=True)),
)
_job = sa.table(
    "job",
    sa.column("id", sa.Uuid()),
    sa.column("kind", sa.String()),
    sa.column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
    sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("run_at", sa.DateTime(timezone=True)),
    sa.column("attempts", sa.Integer()),
)


def upgrade() -> None:
    """Add the moment, and ask for a job for each reminder to come, or that was due of late."""
    op.add_column("note_reminder", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    _allow_kinds(*_BEFORE, "REMINDER_DUE")
    op.bulk_insert(_job, [_job_of(row) for row in _reminders_to_tell()])


def downgrade() -> None:
    """Drop it, with what was told."""
    op.execute("DELETE FROM job WHERE kind = 'remind'")
    op.execute("DELETE FROM notification WHERE kind = 'REMINDER_DUE'")
    _allow_kinds(*_BEFORE)
    op.drop_column("note_reminder", "told_at")


def _allow_kinds(*kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("notification") as notification:
        notification.drop_constraint(op.f(_KIND), type_="check")
        notification.create_check_constraint(op.f(_KIND), f"kind IN ({listed})")


def _reminders_to_tell() -> list[sa.Row[tuple[object, datetime]]]:
    statement = sa.select(_reminder.c.note_id, _reminder.c.due_at).where(
        _reminder.c.done_at.is_(None), _reminder.c.due_at >= clock.now() - _TOLD_LATE
    )
    return list(op.get_bind().execute(statement))


def _job_of(reminder: sa.Row[tuple[object, datetime]]) -> dict[str, object]:
    due_at = reminder.due_at
    if due_at.tzinfo is None:  # SQLite keeps none
        due_at = due_at.replace(tzinfo=UTC)
    return {
        "id": uuid4(),
        "kind": "remind",
        "payload": {"note_id": reminder.note_id.hex, "due_at": due_at.isoformat()},
        "created_at": clock.now(),
        "run_at": due_at,
        "attempts": 0,
    }

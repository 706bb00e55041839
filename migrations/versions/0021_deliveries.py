"""Keep what connectors confirm of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_STATES = "'QUEUED', 'SENT', 'FAILED', 'UNDONE'"
_STATES_NOW = "'QUEUED', 'SENT', 'DELIVERED', 'READ', 'FAILED', 'UNDONE'"
_FAILURES = (
    "'NO_ADDRESS', 'ADDRESS_REFUSED', 'ADDRESS_NOT_SUPPORTED', 'SENDER_REFUSED', 'CONTENT_REFUSED',"
    " 'TOO_LARGE', 'FILE_MISSING', 'SERVER_BUSY', 'SERVER_UNREACHABLE', 'SERVER_NOT_TRUSTED',"
    " 'SIGN_IN_FAILED', 'BOUNCED', 'INTERNAL'"
)
_FAILURES_NOW = _FAILURES.replace("'INTERNAL'", "'REJECTED', 'NOT_CONFIRMED', 'INTERNAL'")
_MOMENTS = ("delivery_requested_at", "delivery_delivered_at", "delivery_read_at")
_QUEUED = sa.text("delivery_state = 'QUEUED'")


def upgrade() -> None:
    """Add the states, the reasons, the columns, and the index of what is still to be delivered."""
    _allow("delivery_state", _STATES, _STATES_NOW)
    _allow("delivery_failure", _FAILURES, _FAILURES_NOW)
    for column in _MOMENTS:
        op.add_column("message", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_message_queued",
        "message",
        ["channel", "created_at", "id"],
        postgresql_where=_QUEUED,
        sqlite_where=_QUEUED,
    )


def downgrade() -> None:
    """Drop them. What had arrived counts as sent, and what a connector refused as an error here."""
    op.drop_index("ix_message_queued", "message")
    for column in _MOMENTS:
        op.drop_column("message", column)
    op.execute(
        "UPDATE message SET delivery_state = 'SENT' WHERE delivery_state IN ('DELIVERED', 'READ')"
    )
    op.execute(
        "UPDATE message SET delivery_failure = 'INTERNAL'"
        " WHERE delivery_failure IN ('REJECTED', 'NOT_CONFIRMED')"
    )
    _allow("delivery_failure", _FAILURES_NOW, _FAILURES)
    _allow("delivery_state", _STATES_NOW, _STATES)


def _allow(column: str, before: str, after: str) -> None:
    """Change which values a column of the table of messages takes.

    SQLite would copy the table, which it cannot while others refer to its rows. Nothing that is
    stored depends on the constraint, so its words are replaced where they stand, as SQLite's manual
    says (lang_altertable.html, "Making Other Kinds Of Table Schema Changes").

    PostgreSQL goes through all messages, which nobody reads meanwhile. To validate the constraint
    later would not help: all migrations are one transaction, which keeps its locks to the end.
    """
    if op.get_bind().dialect.name != "sqlite":
        name = op.f(f"ck_message_{column.replace('_', '')}")
        op.drop_constraint(name, "message", type_="check")
        op.create_check_constraint(name, "message", f"{column} IN ({after})")
        return
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    words, instead = f"{column} IN ({before})", f"{column} IN ({after})"
    changed = connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?)"
        " WHERE type = 'table' AND name = 'message' AND instr(sql, ?) > 0",
        (words, instead, words),
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"The table of messages has no constraint {words!r}.")
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")

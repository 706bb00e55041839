"""Keep what sending mail needs: how far each mail has come, and the dev mailbox."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_STATES = "'QUEUED', 'SENT', 'FAILED'"
_STATES_NOW = f"{_STATES}, 'UNDONE'"
_FAILURES = (
    "'NO_ADDRESS', 'ADDRESS_REFUSED', 'ADDRESS_NOT_SUPPORTED', 'SENDER_REFUSED', 'CONTENT_REFUSED',"
    " 'TOO_LARGE', 'FILE_MISSING', 'SERVER_BUSY', 'SERVER_UNREACHABLE', 'SERVER_NOT_TRUSTED',"
    " 'SIGN_IN_FAILED', 'BOUNCED', 'INTERNAL'"
)
_KINDS = "'MENTIONED', 'ASSIGNED', 'REMINDER_DUE'"
_KIND = "ck_notification_notificationkind"
_MOMENTS = ("delivery_next_try_at", "delivery_sent_at", "delivery_undo_until")
_COUNTS = ("delivery_attempts", "delivery_begun")


def upgrade() -> None:
    """Add the columns and the mailbox."""
    _allow_states(_STATES, _STATES_NOW)
    # SQLite adds a column together with its constraint in no other way, but for copying the table.
    op.execute(
        "ALTER TABLE message ADD COLUMN delivery_failure VARCHAR(24) CONSTRAINT"
        f" ck_message_deliveryfailure CHECK (delivery_failure IN ({_FAILURES}))"
    )
    op.add_column("message", sa.Column("delivery_detail", sa.String(length=500), nullable=True))
    for column in _COUNTS:
        op.add_column(
            "message", sa.Column(column, sa.Integer(), server_default="0", nullable=False)
        )
    for column in _MOMENTS:
        op.add_column("message", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "ALTER TABLE brand ADD COLUMN undo_seconds INTEGER DEFAULT '0' NOT NULL CONSTRAINT"
        " ck_brand_undo_seconds CHECK (undo_seconds BETWEEN 0 AND 30)"
    )
    _allow_kinds(f"{_KINDS}, 'DELIVERY_FAILED'")
    op.create_table(
        "dev_mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dev_mail")),
    )


def downgrade() -> None:
    """Drop them. What was taken back counts as not sent."""
    op.drop_table("dev_mail")
    op.execute("DELETE FROM notification WHERE kind = 'DELIVERY_FAILED'")
    _allow_kinds(_KINDS)
    op.drop_column("brand", "undo_seconds")
    for column in (*_MOMENTS, *_COUNTS, "delivery_detail", "delivery_failure"):
        op.drop_column("message", column)
    op.execute("UPDATE message SET delivery_state = 'FAILED' WHERE delivery_state = 'UNDONE'")
    _allow_states(_STATES_NOW, _STATES)


def _allow_states(before: str, after: str) -> None:
    """Change which states the table of messages takes.

    SQLite would copy the table, which it cannot while others refer to its rows. Nothing that is
    stored depends on the constraint, so its words are replaced where they stand, as SQLite's manual
    says (lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
    """
    if op.get_bind().dialect.name != "sqlite":
        name = op.f("ck_message_deliverystate")
        op.drop_constraint(name, "message", type_="check")
        op.create_check_constraint(name, "message", f"delivery_state IN ({after})")
        return
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
        (f"delivery_state IN ({before})", f"delivery_state IN ({after})", "message"),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")


def _allow_kinds(kinds: str) -> None:
    with op.batch_alter_table("notification") as notification:
        notification.drop_constraint(op.f(_KIND), type_="check")
        notification.create_check_constraint(op.f(_KIND), f"kind IN ({kinds})")

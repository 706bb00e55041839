"""Let files be uploaded: by whom, how long their bytes are awaited, and what they may stand on."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ONE_OF_TWO = "message_id IS NULL OR note_id IS NULL"
ONE_OF_FOUR = (
    "(message_id IS NULL OR note_id IS NULL)"
    " AND (message_id IS NULL OR draft_id IS NULL)"
    " AND (message_id IS NULL OR template_id IS NULL)"
    " AND (note_id IS NULL OR draft_id IS NULL)"
    " AND (note_id IS NULL OR template_id IS NULL)"
    " AND (draft_id IS NULL OR template_id IS NULL)"
)
STANDS_NOWHERE = sa.text(
    "message_id IS NULL AND note_id IS NULL AND draft_id IS NULL AND template_id IS NULL"
)
ONE_OWNER = "ck_attachment_one_owner"
KNOWN_UPLOADER = "ck_attachment_actorkind"
OWNERS = {"draft_id": "ticket_draft", "template_id": "ticket_template"}


def upgrade() -> None:
    """Add the columns. The files that are there are stored, and came with mail."""
    with _triggers_kept(), op.batch_alter_table("attachment") as table:
        table.add_column(sa.Column("draft_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("template_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("position", sa.Integer(), nullable=True))
        table.add_column(sa.Column("uploader_kind", sa.String(length=24), nullable=True))
        table.add_column(sa.Column("uploader_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("awaited_until", sa.DateTime(timezone=True), nullable=True))
        for column, target in OWNERS.items():
            table.create_foreign_key(op.f(f"fk_attachment_{column}"), target, [column], ["id"])
        table.drop_constraint(op.f(ONE_OWNER), type_="check")
        table.create_check_constraint(op.f(ONE_OWNER), ONE_OF_FOUR)
        table.create_check_constraint(
            op.f(KNOWN_UPLOADER),
            "uploader_kind IN ('AGENT', 'CUSTOMER', 'INTEGRATION', 'AUTOMATION')",
        )
    for column in (*OWNERS, "storage_key"):
        op.create_index(op.f(f"ix_attachment_{column}"), "attachment", [column], unique=False)
    op.create_index(
        "ix_attachment_unattached",
        "attachment",
        ["uploader_id", "created_at"],
        unique=False,
        sqlite_where=STANDS_NOWHERE,
        postgresql_where=STANDS_NOWHERE,
    )


def downgrade() -> None:
    """Drop them, with the files that stand on drafts, on templates or nowhere."""
    op.execute("DELETE FROM attachment WHERE message_id IS NULL AND note_id IS NULL")
    for name in ("unattached", "storage_key", *OWNERS):
        op.drop_index(op.f(f"ix_attachment_{name}"), table_name="attachment")
    with _triggers_kept(), op.batch_alter_table("attachment") as table:
        table.drop_constraint(op.f(KNOWN_UPLOADER), type_="check")
        table.drop_constraint(op.f(ONE_OWNER), type_="check")
        table.create_check_constraint(op.f(ONE_OWNER), ONE_OF_TWO)
        for column in OWNERS:
            table.drop_constraint(op.f(f"fk_attachment_{column}"), type_="foreignkey")
        for column in (*OWNERS, "position", "uploader_kind", "uploader_id", "awaited_until"):
            table.drop_column(column)


@contextmanager
def _triggers_kept() -> Iterator[None]:
    """Make the triggers of files again: SQLite changes a table by making another in its place."""
    triggers: list[str] = []
    if op.get_bind().dialect.name == "sqlite":
        of_files = (
            "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'attachment'"
        )
        triggers = list(op.get_bind().execute(sa.text(of_files)).scalars())
    yield
    for trigger in triggers:
        op.get_bind().exec_driver_sql(trigger)

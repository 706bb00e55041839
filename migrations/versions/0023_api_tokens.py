"""Let the secret of an API token be exchanged, and the token be edited."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_HASH = sa.LargeBinary(length=32)
_MOMENT = sa.DateTime(timezone=True)
_token = sa.table(
    "api_token",
    sa.column("id", sa.Uuid()),
    sa.column("token_hash", _HASH),
    sa.column("created_at", _MOMENT),
    sa.column("last_used_at", _MOMENT),
    sa.column("version", sa.Integer()),
)
_secret = sa.table(
    "api_token_secret",
    sa.column("id", sa.Uuid()),
    sa.column("api_token_id", sa.Uuid()),
    sa.column("token_hash", _HASH),
    sa.column("created_at", _MOMENT),
    sa.column("last_used_at", _MOMENT),
)
_brand = sa.table(
    "api_token_brand", sa.column("api_token_id", sa.Uuid()), sa.column("brand_id", sa.Uuid())
)
_head = sa.table("topic_head", sa.column("topic", sa.String()), sa.column("seq", sa.BigInteger()))


def upgrade() -> None:
    """Give secrets a table of their own. What opened the desk goes on opening it."""
    known = (_token.c.id, _token.c.token_hash, _token.c.created_at, _token.c.last_used_at)
    tokens = _all(sa.select(*known))
    with _brands_kept():
        with op.batch_alter_table("api_token") as table:
            table.drop_constraint(op.f("uq_api_token_token_hash"), type_="unique")
            table.drop_column("token_hash")
            table.drop_column("last_used_at")
            table.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
        with op.batch_alter_table("api_token") as table:
            table.alter_column("version", server_default=None)
    op.create_table(
        "api_token_secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("api_token_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", _HASH, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=True),
        sa.Column("last_used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["api_token_id"], ["api_token.id"], name=op.f("fk_api_token_secret_api_token_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token_secret")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_secret_token_hash")),
    )
    op.create_index(op.f("ix_api_token_secret_api_token_id"), "api_token_secret", ["api_token_id"])
    # The first secret has the id of its token: the idempotency keys of the past name that.
    op.bulk_insert(_secret, [{**token, "api_token_id": token["id"]} for token in tokens])
    _set_versions(tokens)


def downgrade() -> None:
    """Keep the newest secret of each token; those before it open nothing any more."""
    secrets = _all(sa.select(_secret).order_by(_secret.c.created_at, _secret.c.id))
    newest = {secret["api_token_id"]: secret for secret in secrets}
    op.drop_table("api_token_secret")
    with _brands_kept():
        with op.batch_alter_table("api_token") as table:
            table.drop_column("version")
            table.add_column(sa.Column("token_hash", _HASH, nullable=True))
            table.add_column(sa.Column("last_used_at", _MOMENT, nullable=True))
        for token_id, secret in newest.items():
            kept = {name: secret[name] for name in ("token_hash", "last_used_at")}
            op.execute(_token.update().where(_token.c.id == token_id).values(kept))
        with op.batch_alter_table("api_token") as table:
            table.alter_column("token_hash", existing_type=_HASH, nullable=False)
            table.create_unique_constraint(op.f("uq_api_token_token_hash"), ["token_hash"])


def _all(statement: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in op.get_bind().execute(statement).mappings()]


def _set_versions(tokens: Sequence[dict[str, Any]]) -> None:
    """Let versions begin where the log of each token stands."""
    of_tokens = sa.select(_head).where(_head.c.topic.like("api_token:%"))
    positions = {row["topic"]: row["seq"] for row in _all(of_tokens)}
    for token in tokens:
        position = positions.get(f"api_token:{token['id'].hex}", 0)
        op.execute(_token.update().where(_token.c.id == token["id"]).values(version=position))


@contextmanager
def _brands_kept() -> Iterator[None]:
    """Take what refers to tokens away meanwhile: SQLite makes another table in their place."""
    brands = _all(sa.select(_brand))
    op.execute(_brand.delete())
    yield
    op.bulk_insert(_brand, brands)

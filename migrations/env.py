"""Alembic's entry: runs the migrations on the connection that `app.migrations` hands over."""

from alembic import context

import models.base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=models.base.Base.metadata,
    # SQLite cannot alter constraints in place; Alembic then copies the table.
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()

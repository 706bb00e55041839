"""Finding customers by their company, by ends of numbers, by handles and by mistyped words.

What rows are found by is worked out by `core.text`, as it is whenever they are written: terms that
are not those of the running release would not be found. It is worked out before the table of terms
is altered, which keeps all others from it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

from core.text import contact_terms, is_spelled, search_terms, spelling_variants

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FOLDED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TERMS_PER_TEXT = 500
ROWS_AT_ONCE = 5_000

CUSTOMER = sa.table(
    "customer",
    sa.column("id", sa.Uuid()),
    sa.column("phone", sa.String()),
    sa.column("company_id", sa.Uuid()),
)
CHANNEL_PROFILE = sa.table(
    "channel_profile",
    sa.column("id", sa.Uuid()),
    sa.column("customer_id", sa.Uuid()),
    sa.column("handle", sa.String()),
)
COMPANY = sa.table("company", sa.column("id", sa.Uuid()), sa.column("name", sa.String()))
CUSTOMER_TERM = sa.table(
    "customer_term", sa.column("term", FOLDED_TEXT), sa.column("customer_id", sa.Uuid())
)
# Lives until the session ends, which runs nothing but migrations.
COMPANY_TERM = sa.table(
    "company_term_0007", sa.column("company_id", sa.Uuid()), sa.column("term", FOLDED_TEXT)
)


def upgrade() -> None:
    """Make room for the words of companies and for mistyped ones, and fill it."""
    spelling_variant = op.create_table(
        "spelling_variant",
        sa.Column("variant", FOLDED_TEXT, nullable=False),
        sa.Column("word", FOLDED_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("variant", "word", name=op.f("pk_spelling_variant")),
    )
    _add_numbers_and_handles()
    _prepare_company_terms()
    for term in (CUSTOMER_TERM.c.term, COMPANY_TERM.c.term):
        _learn_words(spelling_variant, term)
    with op.batch_alter_table("customer_term") as table:
        table.drop_constraint(op.f("pk_customer_term"), type_="primary")
        table.add_column(
            sa.Column("of_company", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        table.create_primary_key(op.f("pk_customer_term"), ["term", "customer_id", "of_company"])
    op.create_index(
        op.f("ix_customer_term_customer_id_term"),
        "customer_term",
        ["customer_id", "term"],
        unique=False,
    )
    op.drop_index(op.f("ix_customer_term_customer_id"), "customer_term")
    _add_company_terms()


def downgrade() -> None:
    """Drop them. The terms that customers have gained stay: they find nobody else."""
    op.drop_table("spelling_variant")
    op.execute("DELETE FROM customer_term WHERE of_company")
    op.create_index(
        op.f("ix_customer_term_customer_id"), "customer_term", ["customer_id"], unique=False
    )
    op.drop_index(op.f("ix_customer_term_customer_id_term"), "customer_term")
    with op.batch_alter_table("customer_term") as table:
        table.drop_constraint(op.f("pk_customer_term"), type_="primary")
        table.drop_column("of_company")
        table.create_primary_key(op.f("pk_customer_term"), ["term", "customer_id"])


def _add_numbers_and_handles() -> None:
    phones = sa.select(
        CUSTOMER.c.id, CUSTOMER.c.id.label("customer_id"), CUSTOMER.c.phone.label("contact")
    )
    handles = sa.select(
        CHANNEL_PROFILE.c.id,
        CHANNEL_PROFILE.c.customer_id,
        CHANNEL_PROFILE.c.handle.label("contact"),
    )
    for statement, key in (
        (phones.where(CUSTOMER.c.phone.is_not(None)), CUSTOMER.c.id),
        (handles, CHANNEL_PROFILE.c.id),
    ):
        for page in _pages(statement, key):
            terms = (
                {"customer_id": row.customer_id, "term": term}
                for row in page
                for term in contact_terms(row.contact, TERMS_PER_TEXT)
            )
            _insert(CUSTOMER_TERM, terms)


def _prepare_company_terms() -> None:
    """Work out the words of each company, and not of each of its people."""
    op.create_table(
        COMPANY_TERM.name,
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("term", FOLDED_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "term"),
        prefixes=["TEMPORARY"],
    )
    for page in _pages(sa.select(COMPANY.c.id, COMPANY.c.name), COMPANY.c.id):
        terms = (
            {"company_id": row.id, "term": term}
            for row in page
            for term in search_terms(row.name, TERMS_PER_TEXT)
        )
        _insert(COMPANY_TERM, terms)


def _add_company_terms() -> None:
    op.execute("""
        INSERT INTO customer_term (term, customer_id, of_company)
        SELECT company_term_0007.term, customer.id, true
        FROM customer JOIN company_term_0007 ON company_term_0007.company_id = customer.company_id
    """)
    op.drop_table(COMPANY_TERM.name)


def _learn_words(spelling_variant: sa.TableClause, term: sa.ColumnClause[str]) -> None:
    for page in _pages(sa.select(term).distinct(), term):
        words = (row.term for row in page if is_spelled(row.term))
        variants = (
            {"variant": variant, "word": word}
            for word in words
            for variant in spelling_variants(word)
        )
        _insert(spelling_variant, variants)


def _pages(statement: sa.Select[Any], key: sa.ColumnClause[Any]) -> Iterator[Sequence[sa.Row[Any]]]:
    """Give the rows in the order of their key, some at a time: all of them fill the memory."""
    connection = op.get_bind()
    ordered = statement.order_by(key).limit(ROWS_AT_ONCE)
    page = connection.execute(ordered).all()
    while page:
        yield page
        last = getattr(page[-1], key.name)
        page = connection.execute(ordered.where(key > last)).all()


def _insert(table: sa.TableClause, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows, but for those that are there."""
    connection = op.get_bind()
    dialect = connection.dialect.name
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    statement = insert.on_conflict_do_nothing()
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == ROWS_AT_ONCE:
            connection.execute(statement, waiting)
            waiting = []
    if waiting:
        connection.execute(statement, waiting)

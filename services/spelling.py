"""Guessing what somebody meant to type, from the words that customers and companies are named."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.text import is_near, is_spelled, query_words, spelling_variants
from models.customers import SpellingVariant

# A word is near a dozen others at most, unless somebody types what half a country is called.
NEAR_WORDS = 50
# Words that share a key with what was typed; nine of ten turn out not to be near.
_CANDIDATES = 1_000

Fetch = Callable[[Select[Any]], Awaitable[Sequence[Row[Any]]]]
# Of what was typed, what may have been meant.
NearWords = Mapping[str, frozenset[str]]


async def learn(session: AsyncSession, terms: Iterable[str]) -> None:
    """Make the words among `terms` known, so that they are recognised when they are mistyped.

    A word stays known when nobody has it any more: then it finds nobody.
    """
    rows = spelling_rows(terms)
    # Most words are known already, and two acts that learn the same one wait for each other.
    known = await session.scalars(
        select(SpellingVariant.word)
        .where(SpellingVariant.word.in_({row["word"] for row in rows}))
        .where(SpellingVariant.variant.in_({row["variant"] for row in rows}))
    )
    already = set(known)
    new = [row for row in rows if row["word"] not in already]
    if not new:
        return
    dialect = session.get_bind().dialect.name
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(SpellingVariant)
    await session.execute(insert.on_conflict_do_nothing(), new)


def spelling_rows(terms: Iterable[str]) -> list[dict[str, str]]:
    """Return what is stored of the words among `terms`, in the order of the table's key."""
    words = {term for term in terms if is_spelled(term)}
    pairs = {(variant, word) for word in words for variant in spelling_variants(word)}
    return [{"variant": variant, "word": word} for variant, word in sorted(pairs)]


async def words_near(fetch: Fetch, search: str) -> NearWords:
    """Return, for each word of a search, the known ones that it may have been meant to be.

    Whatever is no word of four letters or more has none.
    """
    typed = {word.spelling for word in query_words(search) if word.spelling is not None}
    keys = {key for word in typed for key in spelling_variants(word)}
    if not keys:
        return {}
    candidates = await fetch(
        select(SpellingVariant.word)
        .where(SpellingVariant.variant.in_(keys))
        .distinct()
        .order_by(SpellingVariant.word)
        .limit(_CANDIDATES)
    )
    known = [candidate.word for candidate in candidates]
    return {word: _nearest(other for other in known if is_near(word, other)) for word in typed}


def _nearest(near: Iterable[str]) -> frozenset[str]:
    # The shorter ones are whole words, the longer ones only begin with what was typed.
    return frozenset(sorted(near, key=lambda word: (len(word), word))[:NEAR_WORDS])

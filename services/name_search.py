"""Finding rows of short lists by their names."""

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from core.text import fold
from services.search import check_search


def words_begin(search: str | None, *keys: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Limit rows to those where each word of `search` begins a word of one of the folded keys.

    No search matches everything. Raises ValidationFailed for a search of over 200 characters.
    """
    words = fold(check_search(search) or "").split()
    conditions = [
        or_(
            *(key.startswith(word, autoescape=True) for key in keys),
            *(key.contains(f" {word}", autoescape=True) for key in keys),
        )
        for word in words
    ]
    return and_(True, *conditions)  # noqa: FBT003  # no word matches everything

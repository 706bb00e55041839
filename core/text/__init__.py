"""Text: how it is stored, compared and found, in Turkish, Greek, English and everything else."""

from core.text.address_keys import address_key
from core.text.folding import fold
from core.text.normalisation import character_count, is_far_over, normalise
from core.text.search import QueryWord, contact_terms, query_terms, query_words, search_terms
from core.text.single_line import single_line, stored_line
from core.text.spelling import is_near, is_spelled, spelling_variants

__all__ = [
    "QueryWord",
    "address_key",
    "character_count",
    "contact_terms",
    "fold",
    "is_far_over",
    "is_near",
    "is_spelled",
    "normalise",
    "query_terms",
    "query_words",
    "search_terms",
    "single_line",
    "spelling_variants",
    "stored_line",
]

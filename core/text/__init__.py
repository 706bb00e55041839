"""Text: how it is stored, compared and found, in Turkish, Greek, English and everything else."""

from core.text.address_keys import address_key
from core.text.folding import fold
from core.text.normalisation import character_count, is_far_over, normalise
from core.text.search import query_terms, search_terms
from core.text.single_line import single_line

__all__ = [
    "address_key",
    "character_count",
    "fold",
    "is_far_over",
    "normalise",
    "query_terms",
    "search_terms",
    "single_line",
]

"""Names, subjects and tags: text that is shown within a line of something else."""

import re

from core.text.folding import fold
from core.text.normalisation import normalise

# Embeddings (LRE, RLE, PDF) and isolates (LRI, RLI, FSI, PDI). One left open in a name would
# reorder whatever is shown beside it. The marks LRM, RLM and ALM stay: they act like one letter.
_DIRECTION_SPAN = re.compile(r"[\u202a-\u202c\u2066-\u2069]")


def single_line(text: str) -> str:
    """Return a name, subject or tag as it is stored: normalised, on one line, without outer space.

    Every run of white space becomes one space. Text of which nothing can be seen (joiners,
    fillers, stray accents) becomes empty, so that a required name is a visible one.
    """
    line = " ".join(normalise(_DIRECTION_SPAN.sub("", text)).split())
    return line if fold(line) else ""


def stored_line(text: str, limit: int) -> str:
    """Return text that others wrote, of any length, as one line of at most `limit` characters."""
    # Cutting comes first as well: what will not be kept costs no time.
    folded = " ".join(text.split())[:limit]
    return single_line(folded)[:limit].rstrip()

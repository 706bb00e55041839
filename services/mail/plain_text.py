"""Short text of a mail in the form in which it is stored."""

from core.text import single_line


def stored_line(text: str, limit: int) -> str:
    """Return `text` as one line of at most `limit` characters, its white space folded."""
    # Cutting comes first as well: what will not be kept costs no time.
    folded = " ".join(text.split())[:limit]
    return single_line(folded)[:limit].rstrip()

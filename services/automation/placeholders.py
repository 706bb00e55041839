"""What the texts of rules may leave open: `{{ticket.number}}` and its like.

Nothing of the customer is among them. A chat may be linked to a customer on somebody's word alone,
and an automatic message that names them would tell a stranger whom the desk knows.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

# Blanks are stripped afterwards: matched besides, braces that nothing closes take cubic time.
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


class Placeholder(StrEnum):
    """What may stand between two pairs of braces."""

    BRAND_NAME = "brand.name"
    TICKET_NUMBER = "ticket.number"


def unknown_in(text: str) -> Sequence[str]:
    """Return the names in double braces that stand for nothing."""
    known = set(Placeholder)
    names = (found.strip() for found in _PLACEHOLDER.findall(text))
    return [name for name in names if name not in known]


def fill(text: str, values: Mapping[Placeholder, str]) -> str:
    """Return a text whose placeholders, all of which are known, are filled in."""
    return _PLACEHOLDER.sub(lambda found: values[Placeholder(found[1].strip())], text)

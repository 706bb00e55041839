"""The key by which e-mail addresses and handles are compared."""

import unicodedata

from core.text.single_line import single_line


def address_key(address: str) -> str:
    """Return the key that is equal for spellings of one address or handle: only case is folded.

    Accents and the dotless i tell people apart here: example.com and exampłe.com are two owners.
    """
    return unicodedata.normalize("NFC", single_line(address).casefold())

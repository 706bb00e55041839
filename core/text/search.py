"""Terms by which texts are found: what a text is stored under, and what a query looks for.

A text matches a query if for every set of `query_terms` it has a term in `search_terms` that
*begins with* one of the alternatives. Because matching is by prefix, a text stores only its
longest terms and a query asks only for its shortest ones: the others decide nothing.

People are found by more: by a handle however it is punctuated, and by either end of a telephone
number. That stands in `contact_terms`, and is asked for with `QueryWord.contact_terms`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, pairwise

from core.text.folding import fold
from core.text.spelling import is_spelled
from core.text.stemming import stems

# Longer words are data (keys, encoded files); their beginning is enough to find them.
_TERM_CHARACTERS = 64
# Each word costs the database a condition; a pasted page must not become a slow query.
_QUERY_WORDS = 16

# A number in Turkey has seven digits without its area code; shorter ones are found as words.
_PHONE_DIGITS_MINIMUM = 7
# The most that ITU-T E.164 allows, country code included.
_PHONE_DIGITS_MAXIMUM = 15
# A national number has ten digits in Turkey and in Greece, without country code or leading 0.
_NATIONAL_DIGITS = 10
# Three digits are an area code, the least that begins a number; one in a thousand ends in them.
_NUMBER_BEGINNING_DIGITS = 3
# The last four are what people say; fewer are the end of too many numbers.
_NUMBER_ENDING_DIGITS = 4
# Begins the terms that hold a number backwards. No other term has this character.
_BACKWARDS = "<"

# Lookbehinds, possessive quantifiers and bounds keep each scan linear in hostile text.
_WORD = r"[^\W_]++"
# RFC 5321 allows 64 octets before the @.
_ADDRESS = r"(?<!\w)(?<!\w[.+-])(?:\w[\w.+-]{0,63}+)?+@[\w-]++(?:\.[\w-]++)*+"
# Groups of digits as people write telephone numbers: only the last one is long.
_NUMBER = r"(?<!\w)(?:\d{1,4}(?:\)[ ./-]{0,3}|[ ./-]{1,3})\(?)*\d{1,15}(?!\w)"
_CODE = r"(?<![^\W_])[^\W_]++(?:[-_/][^\W_]++)++"

_WORDS = re.compile(_WORD)
_ADDRESSES = re.compile(_ADDRESS)
_NUMBERS = re.compile(_NUMBER)
_CODES = re.compile(_CODE)
_NUMBERS_AND_WORDS = re.compile(f"(?P<number>{_NUMBER})|{_WORD}")
_DIGITS = re.compile(r"\d+")
_CODE_SEPARATORS = str.maketrans("", "", "-_/")
# İstanbul'da, customer's: a suffix follows the apostrophe. In O'Brien it is the name.
_SUFFIX = re.compile(r"(?<=[^\W_]{3})['’ʼ][^\W_]++")


def search_terms(text: str, limit: int) -> set[str]:
    """Return the folded terms, at most `limit`, under which `text` is stored to be found.

    E-mail addresses, telephone numbers and codes come before words, and earlier words before
    later ones: of a text with too many terms it is the end that cannot be found.
    """
    folded = fold(text)
    terms: set[str] = set()
    for term in chain(
        _address_terms(folded), _number_terms(folded), _code_terms(folded), _word_terms(folded)
    ):
        if len(terms) == limit:
            break
        terms.add(term[:_TERM_CHARACTERS])
    return _longest(terms)


def contact_terms(text: str, limit: int) -> set[str]:
    """Return the terms of a name, an address, a number or a handle, by which a person is found.

    They are the `search_terms`, a handle as one word, and the numbers backwards.
    """
    folded = fold(text)
    numbers = ("".join(_DIGITS.findall(number)) for number in _NUMBERS.findall(folded))
    backwards = {_backwards(digits) for digits in numbers if len(digits) >= _PHONE_DIGITS_MINIMUM}
    handle = set() if " " in folded else {folded.lstrip("@+")[:_TERM_CHARACTERS]}
    return _longest(search_terms(text, limit) | handle | backwards)


@dataclass(frozen=True, slots=True)
class QueryWord:
    """What is looked for instead of one word of a query.

    A text has one of `terms`. A person has one of `contact_terms`, which hold no stems: of a name
    these are other names (Muhammed, Muhammet: Muham). `spelling` is the word as it was typed, if it
    can be recognised although it is mistyped.
    """

    terms: frozenset[str]
    contact_terms: frozenset[str]
    spelling: str | None = None


def query_words(query: str) -> list[QueryWord]:
    """Return what to look for, for each word of `query`.

    An e-mail address is one word, and so are digits in groups, such as a telephone number. Only
    the first 16 words count. A query without letters and digits has no words.
    """
    return list(islice(_query_words(_SUFFIX.sub("", fold(query))), _QUERY_WORDS))


def query_terms(query: str) -> list[frozenset[str]]:
    """Return, for each word of `query`, the alternatives one of which a text must have."""
    return [word.terms for word in query_words(query)]


def _address_terms(folded: str) -> Iterator[str]:
    for address in _ADDRESSES.findall(folded):
        yield address
        yield address.partition("@")[2]


def _number_terms(folded: str) -> Iterator[str]:
    for number in _NUMBERS.findall(folded):
        groups = _DIGITS.findall(number)
        # Beginning at each group finds the number with and without its country and area code.
        for start in range(len(groups)):
            yield from _phone_numbers(groups[start : start + _PHONE_DIGITS_MAXIMUM])


def _phone_numbers(groups: list[str]) -> set[str]:
    """Return the digits with and without country code, or nothing if they are too few."""
    digits = "".join(groups).lstrip("0")[:_PHONE_DIGITS_MAXIMUM]
    if len(digits) < _PHONE_DIGITS_MINIMUM:
        return set()
    return {digits, digits[-_NATIONAL_DIGITS:]}


def _code_terms(folded: str) -> Iterator[str]:
    """Give "TCK-2024-0001" also as it is written in one word."""
    for code in _CODES.findall(folded):
        joined = code.translate(_CODE_SEPARATORS)
        if not joined.isalpha():
            yield joined


def _word_terms(folded: str) -> Iterator[str]:
    for word in dict.fromkeys(_WORDS.findall(folded)):
        yield word
        yield from stems(word)


def _query_words(folded: str) -> Iterator[QueryWord]:
    for address in _ADDRESSES.findall(folded):
        alternatives = _shortest({address.lstrip("@")})
        yield QueryWord(alternatives, alternatives)
    # A newline is no part of a number: digits around an address stay apart.
    for token in _NUMBERS_AND_WORDS.finditer(_ADDRESSES.sub("\n", folded)):
        if token["number"]:
            yield from _number_words(_DIGITS.findall(token[0]))
        else:
            word = token[0]
            yield QueryWord(
                _shortest({word, *stems(word)}),
                _shortest({word}),
                word if is_spelled(word) else None,
            )


def _number_words(groups: list[str]) -> Iterator[QueryWord]:
    """Look for a telephone number, or where digits are few for each group or a part of a number."""
    digits = "".join(groups)
    parts = set()
    if len(digits.lstrip("0")) >= _NUMBER_BEGINNING_DIGITS:
        parts.add(digits.lstrip("0"))
    if len(digits) >= _NUMBER_ENDING_DIGITS:
        # An area code begins with 0 only where no country code stands before it.
        parts.add(_backwards(digits[-_NATIONAL_DIGITS:]))
    numbers = _phone_numbers(groups)
    for alternatives in [numbers] if numbers else [{group} for group in groups]:
        yield QueryWord(_shortest(alternatives), _shortest(alternatives | parts))


def _backwards(digits: str) -> str:
    return _BACKWARDS + digits[: -_PHONE_DIGITS_MAXIMUM - 1 : -1]


def _shortest(alternatives: set[str]) -> frozenset[str]:
    """Cut terms, and leave out what begins with another alternative: that one finds all of it."""
    cut = {term[:_TERM_CHARACTERS] for term in alternatives}
    return frozenset(
        term for term in cut if not any(term != other and term.startswith(other) for other in cut)
    )


def _longest(terms: set[str]) -> set[str]:
    """Leave out what another term begins with: whatever finds it finds the other."""
    # In sorted order a term is followed by one that it begins, if there is any.
    following = pairwise([*sorted(terms), ""])
    return {term for term, next_term in following if not next_term.startswith(term)}

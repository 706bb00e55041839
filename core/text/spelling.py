"""Words that are one typing error apart, found without reading all words there are.

Each word is stored under its variants: itself, and itself without one of its letters. Two words
that differ by one letter too many, too few, wrong or swapped with its neighbour have a variant in
common, in any script; whether they really differ by one error is then checked. The method is
known as symmetric deletion, or SymSpell (Garbe, 2012).
"""

# Shorter words are too like each other: of four letters, three must be right.
SPELLED_LETTERS_MINIMUM = 4
# Only the beginning is varied, as SymSpell does: an error further on leaves it as it is.
_VARIED_LETTERS = 7


def is_spelled(term: str) -> bool:
    """Tell whether a term is a word that can be recognised although it is mistyped."""
    return len(term) >= SPELLED_LETTERS_MINIMUM and term.isalpha()


def spelling_variants(word: str) -> set[str]:
    """Return at most eight keys, one of which a word has in common with any mistyping of it."""
    beginning = word[:_VARIED_LETTERS]
    return {beginning} | {
        beginning[:place] + beginning[place + 1 :] for place in range(len(beginning))
    }


def is_near(typed: str, word: str) -> bool:
    """Tell whether `typed` is `word`, or a beginning of it, with one typing error at most.

    An error is a letter too many, too few or wrong, or two neighbours swapped.
    """
    place = 0
    while place < min(len(typed), len(word)) and typed[place] == word[place]:
        place += 1
    typed_rest, word_rest = typed[place:], word[place:]
    swapped = typed_rest[1:2] + typed_rest[:1] + typed_rest[2:]
    corrected = (
        typed_rest[1:],  # has a letter too many
        word_rest[:1] + typed_rest,  # lacks a letter
        word_rest[:1] + typed_rest[1:],  # has a wrong letter
        swapped,
    )
    return word_rest.startswith(corrected)

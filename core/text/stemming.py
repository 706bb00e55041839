"""Stems of words whose language is not known, so that inflected forms find each other."""

import re
from functools import lru_cache
from threading import Lock

import snowballstemmer

# The stemmers are pure Python and take some 100 µs a word; the words of a help desk repeat.
_CACHED_WORDS = 32_768

_GREEK = snowballstemmer.stemmer("greek")
_TURKISH = snowballstemmer.stemmer("turkish")
_ENGLISH = snowballstemmer.stemmer("english")
# A stemmer keeps the word it works on in itself, so two threads would mix up their words.
_STEMMERS_IN_USE = Lock()

# Longer "words" are data, and the time the stemmers take grows with the length.
_STEMMED_MAXIMUM = 64

# A shorter stem is the beginning of too many other words.
_STEM_MINIMUM = 3
# Turkish roots are cut too short now and then (kartım → kar). The first letters of a word do
# nearly as well as its stem: Can et al., "Information Retrieval on Turkish Texts", 2008.
_TURKISH_STEM_MINIMUM = 4

# Nouns like προϊόν have a τ in every other form (προϊόντα, προϊόντος).
_GREEK_T_OF_INFLECTION = re.compile("(?<=ον)τ$")

_FRONT_VOWELS = {"o": "ö", "u": "ü"}
_BACK_VOWELS = {"i": "ı"}
_SOFT_G = re.compile("(?<=[aeıioöuü])g")
_FOLD_TURKISH = str.maketrans("çğıöü", "cgiou")
_POSSESSIVE_S = re.compile("(?<=[aeiou])s$")


def stems(word: str) -> frozenset[str]:
    """Return the stems of a folded word: Greek, or both Turkish and English, by its script.

    The result is folded and may hold the word itself. Words with digits and words of other
    scripts have no stems.
    """
    if not _STEM_MINIMUM <= len(word) <= _STEMMED_MAXIMUM or not word.isalpha():
        return frozenset()
    if word.isascii():
        return _latin_stems(word)
    if "α" <= word[0] <= "ω":
        return _greek_stems(word)
    return frozenset()


@lru_cache(_CACHED_WORDS)
def _greek_stems(word: str) -> frozenset[str]:
    with _STEMMERS_IN_USE:
        greek: str = _GREEK.stemWord(word)
    return _long_enough(_GREEK_T_OF_INFLECTION.sub("", greek))


@lru_cache(_CACHED_WORDS)
def _latin_stems(word: str) -> frozenset[str]:
    with _STEMMERS_IN_USE:
        english: str = _ENGLISH.stemWord(word)
        turkish: str = _TURKISH.stemWord(_spell_turkish(word)).translate(_FOLD_TURKISH)
    return _long_enough(english, _correct_turkish(turkish, word))


def _long_enough(*found: str) -> frozenset[str]:
    return frozenset(stem for stem in found if len(stem) >= _STEM_MINIMUM)


def _spell_turkish(word: str) -> str:
    """Give a folded word the vowels of Turkish vowel harmony, without which no suffix is found.

    From the end of the word to its beginning a vowel follows the next `e` (front) or `a` (back),
    since a suffix agrees with what stands before it. Whether somebody wrote "şifrenizi" or, on a
    foreign keyboard, "sifrenizi" thus makes no difference.
    """
    harmony = _FRONT_VOWELS if word.rfind("e") > word.rfind("a") else _BACK_VOWELS
    letters = []
    for letter in reversed(word):
        if letter == "e":
            harmony = _FRONT_VOWELS
        elif letter == "a":
            harmony = _BACK_VOWELS
        letters.append(harmony.get(letter, letter))
    return _SOFT_G.sub("ğ", "".join(reversed(letters)))


def _correct_turkish(stem: str, word: str) -> str:
    """Return the stem with two habits of the Turkish stemmer put right."""
    if len(stem) < _TURKISH_STEM_MINIMUM:
        return word[:_TURKISH_STEM_MINIMUM]
    # Of the possessive -sı it takes the vowel only (faturası → faturas).
    if word in (f"{stem}i", f"{stem}u"):
        return _POSSESSIVE_S.sub("", stem)
    return stem

"""Words in the language of the person who reads them."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from fluent.runtime import FluentBundle, FluentResource

DEFAULT_LANGUAGE: Final = "en"
LANGUAGES: Final = (DEFAULT_LANGUAGE, "tr", "el")

_LOCALES = Path(__file__).resolve().parent.parent / "locales"

# RFC 9110, section 12.5.4: a language range of RFC 4647 (or *), with a weight from 0 to 1 of at
# most three decimals.
_WEIGHTED_RANGE = re.compile(
    r"""
    \s*+ (?P<language> [a-z]{1,8} | \* ) (?: -[a-z0-9]{1,8} )*+ \s*+
    (?: ; \s*+ q= (?P<weight> 0(?:\.[0-9]{0,3})? | 1(?:\.0{0,3})? ) \s*+ )?
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


def translate(language: str, message_id: str, **arguments: str | int | None) -> str:
    """Return the message in `language`, or in English if Starling does not speak it.

    Numbers are written as the language writes them (2,000 or 2.000). Arguments that the message
    does not mention are ignored. Raises KeyError for an unknown message, and ValueError if the
    message mentions an argument that is missing or None.
    """
    bundle = _bundle(language if language in LANGUAGES else DEFAULT_LANGUAGE)
    pattern = bundle.get_message(message_id).value
    if pattern is None:
        raise KeyError(message_id)
    known = {name: value for name, value in arguments.items() if value is not None}
    text, errors = bundle.format_pattern(pattern, known)
    if errors:
        raise ValueError(f"{message_id} in {language}: {errors[0]}")
    return str(text)


def negotiate(accept_language: str | None) -> str:
    """Return the language that suits an Accept-Language header best; English if none does.

    A regional variety counts as its language (tr-CY as tr). Parts that are not well-formed are
    ignored, so any header is safe to pass.
    """
    weights: dict[str, float] = {}
    for element in (accept_language or "").split(","):
        if match := _WEIGHTED_RANGE.fullmatch(element):
            language = match["language"].lower()
            weights[language] = max(float(match["weight"] or 1), weights.get(language, 0))

    others = weights.get("*", 0)
    # Of equal weights the first one named wins, then the order of LANGUAGES.
    candidates = [*(named for named in weights if named in LANGUAGES), *LANGUAGES]
    best = max(candidates, key=lambda language: weights.get(language, others))
    return best if weights.get(best, others) > 0 else DEFAULT_LANGUAGE


@cache
def _bundle(language: str) -> FluentBundle:
    # Isolation marks protect arguments in text of mixed directions; all languages here agree.
    bundle = FluentBundle([language], use_isolating=False)
    for path in sorted((_LOCALES / language).glob("*.ftl")):
        bundle.add_resource(FluentResource(path.read_text(encoding="utf-8")))
    return bundle

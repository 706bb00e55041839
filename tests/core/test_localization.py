from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor
from hypothesis import given
from hypothesis import strategies as st

from core import localization
from core.localization import LANGUAGES, negotiate, translate

LOCALES = Path(localization.__file__).parents[1] / "locales"

WITHOUT_ARGUMENTS = {
    "REQUIRED",
    "TOO_SHORT",
    "INVALID_FORMAT",
    "INVALID_EMAIL",
    "INVALID_PHONE",
    "INVALID_ID",
    "INVALID_DATE",
    "NOT_ALLOWED_VALUE",
    "INVALID_CURSOR",
    "ALREADY_TAKEN",
    "UNKNOWN_REFERENCE",
    "IMMUTABLE",
    "VERSION_IN_FUTURE",
    "PUBLIC_MAIL_DOMAIN",
    "MOMENT_IN_PAST",
    "VALIDATION_FAILED",
    "NOT_FOUND",
    "NOT_ALLOWED",
    "INLINE_NOTE_KEPT",
    "INTERACTION_READ_ONLY",
    "INTERACTION_NOT_OPEN",
    "EDIT_CONFLICT",
    "EDIT_CONFLICT_WITH_ONESELF",
    "STILL_IN_USE",
    "CANNOT_DELETE_ONESELF",
    "ALREADY_EXISTS",
    "ALREADY_MERGED",
    "NEWER_MERGE",
    "NEWER_LINK",
    "NOTHING_TO_VERIFY",
    "EXPIRED",
    "WRONG_CODE",
    "WRONG_TOKEN",
    "TOKEN_ENDED",
    "UNSAVED_CHANGES",
    "IDEMPOTENCY_KEY_REUSED",
    "NEW_ACTIVITY",
    "UNAVAILABLE",
    "UNAUTHENTICATED",
    "WRONG_CREDENTIALS",
    "RATE_LIMITED",
    "INTERNAL",
    "FORBIDDEN_SCOPE",
    "CALLBACK_TIMEOUT",
    "CALLBACK_CONNECTION",
    "CALLBACK_TLS",
    "CALLBACK_REFUSED_ADDRESS",
    "CALLBACK_REDIRECTED",
    "CALLBACK_TOO_LARGE",
    "CALLBACK_ENCODED",
    "CALLBACK_NOT_JSON",
    "CALLBACK_SECRET_UNREADABLE",
    "FILE_EMPTY",
    "FILE_NO_EXTENSION",
    "FILE_FORMAT_NOT_ALLOWED",
    "FILE_DOUBLE_EXTENSION",
    "FILE_PROGRAM",
    "FILE_WEB_PAGE",
    "FILE_MACROS",
    "FILE_CONTENT_MISMATCH",
    "FILE_SEVERAL_FORMATS",
    "TOO_LATE",
    "UPLOAD_INVALID_LINK",
    "UPLOAD_NOT_FOUND",
    "UPLOAD_METHOD_NOT_ALLOWED",
    "UPLOAD_ALREADY_UPLOADED",
    "UPLOAD_STORAGE_FULL",
    "UPLOAD_UNAVAILABLE",
    "reply-marker",
    "default-email-subject",
    "chat-visitor",
    "identity-tag",
    "identity-rule-ask",
    "identity-rule-known",
    "identity-rule-found-out",
    "identity-rule-link",
    "identity-rule-link-at-once",
    "identity-rule-ask-again",
    "identity-rule-hand-over",
    "identity-ask",
    "identity-ask-again",
    "identity-thanks",
}
ARGUMENTS = dict.fromkeys(WITHOUT_ARGUMENTS, frozenset[str]()) | {
    "TOO_LONG": frozenset({"limit", "actual"}),
    "OUT_OF_RANGE": frozenset({"limit", "actual"}),
    "PAGE_TOO_LARGE": frozenset({"limit", "actual"}),
    "LIMIT_REACHED": frozenset({"limit"}),
    "UPLOAD_TOO_LARGE": frozenset({"limit"}),
    "UPLOAD_INCOMPLETE": frozenset({"limit", "actual"}),
    "UPLOAD_STALLED": frozenset({"limit", "actual"}),
    "CALLBACK_HTTP_STATUS": frozenset({"status"}),
    "CODE_TRIES_USED_UP": frozenset({"limit"}),
    "CHAT_FILES_OF_DAY": frozenset({"limit"}),
    "UNSENT_CHAT_FILES": frozenset({"limit"}),
    "VERIFICATIONS_SENT": frozenset({"limit"}),
    "verification-subject": frozenset({"brand", "code"}),
    "verification-text": frozenset({"brand", "code", "minutes"}),
    "transcript-subject": frozenset({"brand"}),
    "transcript-reason": frozenset({"brand"}),
    "transcript-heading": frozenset({"brand"}),
    "transcript-begin": frozenset({"date", "zone"}),
    "transcript-file": frozenset({"name"}),
    "transcript-left-out": frozenset({"count"}),
    "chat-title": frozenset({"name"}),
    "identity-note": frozenset({"count"}),
}

# These are mails, and have lines.
LETTERS = {"transcript-reason", "verification-text"}


class MentionedArguments(Visitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802
        self.names.add(node.id.name)


def entries_of(language: str) -> list[ast.EntryType]:
    paths = sorted((LOCALES / language).glob("*.ftl"))
    return [entry for path in paths for entry in FluentParser().parse(path.read_text("utf-8")).body]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_each_message_once_with_the_same_arguments(language: str) -> None:
    found = []
    for entry in entries_of(language):
        if isinstance(entry, ast.Message):
            mentioned = MentionedArguments()
            mentioned.visit(entry)
            found.append((entry.id.name, frozenset(mentioned.names)))
    assert sorted(found) == sorted(ARGUMENTS.items())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_entry_has_a_syntax_error(language: str) -> None:
    assert [entry for entry in entries_of(language) if isinstance(entry, ast.Junk)] == []


def test_every_directory_of_messages_is_a_language() -> None:
    assert {path.name for path in LOCALES.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("message_id", sorted(ARGUMENTS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_message_is_one_line_that_names_its_numbers(language: str, message_id: str) -> None:
    given: dict[str, str | int | None] = {
        "limit": 2000,
        "actual": 3001,
        "name": "Elif",
        "status": 503,
        "count": 3,
        "brand": "Acme",
        "code": "123456",
        "minutes": 10,
        "date": "22.11.2026",
        "zone": "Europe/Istanbul",
    }
    names = ARGUMENTS[message_id]
    text = translate(language, message_id, **{name: given[name] for name in names})
    written = {"en": {"2,000", "3,001"}}.get(language, {"2.000", "3.001"})
    if message_id not in LETTERS:
        assert text == " ".join(text.split())
    assert {number for number in written if number in text} == {
        number for number in written if ("limit" if number[0] == "2" else "actual") in names
    }
    assert not {"{", "\u2068", "\u2069"} & set(text)


def test_a_message_is_in_the_language_asked_for() -> None:
    assert translate("en", "TOO_LONG", limit=2000, actual=2001) == (
        "Please use at most 2,000 characters; this has 2,001."
    )
    assert translate("tr", "TOO_LONG", limit=2000, actual=2001) == (
        "Lütfen en fazla 2.000 karakter yazın; bu metin 2.001 karakter."
    )
    assert translate("el", "TOO_LONG", limit=2000, actual=2001) == (
        "Παρακαλούμε γράψτε το πολύ 2.000 χαρακτήρες· το κείμενο έχει 2.001."
    )


def test_default_subjects_are_those_of_the_product() -> None:
    assert {language: translate(language, "default-email-subject") for language in LANGUAGES} == {
        "en": "About your support request",
        "tr": "Destek Talebiniz Hakkında",
        "el": "Σχετικά με το αίτημά σας",
    }


def test_a_limit_of_one_is_in_the_singular() -> None:
    assert translate("en", "TOO_LONG", limit=1, actual=2) == (
        "Please use at most 1 character; this has 2."
    )
    assert translate("el", "PAGE_TOO_LARGE", limit=1, actual=2) == (
        "Μια σελίδα έχει το πολύ 1 εγγραφή· ζητήθηκαν 2."
    )


@pytest.mark.parametrize("language", ["de", "", "tr-TR", "../en"])
def test_an_unknown_language_gets_english(language: str) -> None:
    assert translate(language, "UNAUTHENTICATED") == "Please sign in."


def test_arguments_that_a_message_does_not_mention_are_ignored() -> None:
    assert translate("en", "REQUIRED", limit=None, actual=5) == "Please fill this in."


def test_an_unknown_message_is_an_error() -> None:
    with pytest.raises(KeyError, match="NO_SUCH_MESSAGE"):
        translate("en", "NO_SUCH_MESSAGE")


@pytest.mark.parametrize("arguments", [{}, {"limit": None}])
def test_a_missing_argument_is_an_error(arguments: dict[str, None]) -> None:
    with pytest.raises(ValueError, match="LIMIT_REACHED in tr: Unknown external: limit"):
        translate("tr", "LIMIT_REACHED", **arguments)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("tr", "tr"),
        ("EL", "el"),
        ("tr-TR,tr;q=0.9,en-US;q=0.8,en;q=0.7", "tr"),
        ("en;q=0.2, el;q=0.8", "el"),
        ("el-CY", "el"),
        ("zh-Hant-TW, el;q=0.1", "el"),
        ("de, fr;q=0.9", "en"),
        ("de, tr;q=0.1, *;q=0.05", "tr"),
        ("*", "en"),
        ("*, en;q=0", "tr"),
        ("en;q=0, tr;q=0, *", "el"),
        ("en;q=0, tr;q=0, el;q=0", "en"),
        ("tr;q=0", "en"),
        ("el, tr", "el"),
        ("tr;q=0.5, el;q=0.5", "tr"),
        ("el;q=0.3, tr;q=0.2, el-GR;q=0.9", "el"),
        (" tr ; q=0.8 , en ; q=0.9 ", "en"),
        ("tr;Q=1.000, en;q=0.999", "tr"),
    ],
)
def test_the_language_that_suits_best_is_chosen(header: str | None, language: str) -> None:
    assert negotiate(header) == language


@pytest.mark.parametrize(
    "element",
    ["el;q=2", "el;q=-1", "el;q=0.1234", "el;q=nan", "el;q=", "el;level=1", "e l", "el_GR", "ελ"],
)
def test_a_part_that_is_not_well_formed_is_ignored(element: str) -> None:
    assert negotiate(f"{element}, tr;q=0.1") == "tr"


@given(st.text())
def test_any_header_gives_a_language(header: str) -> None:
    assert negotiate(header) in LANGUAGES


def test_a_huge_header_is_read_in_linear_time() -> None:
    assert negotiate("tr;q=0." * 50_000 + ",el" + " " * 50_000 + "-a" * 50_000) == "en"

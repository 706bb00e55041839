"""What can go wrong in a way that somebody outside is told about.

Services raise these. The schema turns domain errors into members of result unions; where a field
has no such union they become top-level errors with their code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

# More than any form has fields: an input of a million bytes must not get an answer of ten.
PROBLEMS_SHOWN = 100


class PublicError(Exception):
    """An error whose code and English message may be shown to the client's developer."""

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = extensions


class Unauthenticated(PublicError):
    """Nobody is signed in, or the token is unknown, expired or revoked."""

    code = "UNAUTHENTICATED"

    def __init__(self, message: str = "Sign in first: no valid token was sent.") -> None:
        super().__init__(message)


class FieldErrorCode(StrEnum):
    """Why a value was refused."""

    REQUIRED = "REQUIRED"
    TOO_LONG = "TOO_LONG"
    TOO_SHORT = "TOO_SHORT"
    INVALID_FORMAT = "INVALID_FORMAT"
    INVALID_EMAIL = "INVALID_EMAIL"
    INVALID_PHONE = "INVALID_PHONE"
    INVALID_ID = "INVALID_ID"
    INVALID_CURSOR = "INVALID_CURSOR"
    NOT_ALLOWED_VALUE = "NOT_ALLOWED_VALUE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    PAGE_TOO_LARGE = "PAGE_TOO_LARGE"
    ALREADY_TAKEN = "ALREADY_TAKEN"
    UNKNOWN_REFERENCE = "UNKNOWN_REFERENCE"
    VERSION_IN_FUTURE = "VERSION_IN_FUTURE"
    PUBLIC_MAIL_DOMAIN = "PUBLIC_MAIL_DOMAIN"
    MOMENT_IN_PAST = "MOMENT_IN_PAST"
    WRONG_CODE = "WRONG_CODE"
    WRONG_TOKEN = "WRONG_TOKEN"  # noqa: S105  # a reason, not a password


class FileRefusal(StrEnum):
    """Why the desk does not take a file (docs/files-hostile.md)."""

    EMPTY = "EMPTY"
    NO_EXTENSION = "NO_EXTENSION"
    FORMAT_NOT_ALLOWED = "FORMAT_NOT_ALLOWED"
    DOUBLE_EXTENSION = "DOUBLE_EXTENSION"
    PROGRAM = "PROGRAM"
    WEB_PAGE = "WEB_PAGE"
    MACROS = "MACROS"
    CONTENT_MISMATCH = "CONTENT_MISMATCH"
    SEVERAL_FORMATS = "SEVERAL_FORMATS"


class CallbackFailure(StrEnum):
    """Why a callback brought no values."""

    TIMEOUT = "TIMEOUT"
    CONNECTION = "CONNECTION"
    TLS = "TLS"
    REFUSED_ADDRESS = "REFUSED_ADDRESS"
    REDIRECTED = "REDIRECTED"
    HTTP_STATUS = "HTTP_STATUS"
    TOO_LARGE = "TOO_LARGE"
    ENCODED = "ENCODED"
    NOT_JSON = "NOT_JSON"
    SECRET_UNREADABLE = "SECRET_UNREADABLE"  # noqa: S105  # a reason, not a password


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One refused value: where it stands in the input, why, and the limit it broke."""

    path: tuple[str, ...]
    code: FieldErrorCode
    limit: int | None = None
    actual: int | None = None

    def as_extension(self) -> dict[str, Any]:
        """Return the shape shown in top-level errors."""
        return {
            "path": list(self.path),
            "code": self.code.value,
            "limit": self.limit,
            "actual": self.actual,
        }


class DomainError(PublicError):
    """An error the person at the screen can understand and act on.

    `wording` names the message in locales/ that tells them, where it is not that of the code.
    """

    wording: ClassVar[str | None] = None


class ValidationFailed(DomainError):
    """Values of the input break a rule; `problems` are the first 100 of them."""

    code = "VALIDATION_FAILED"

    def __init__(self, *problems: FieldProblem) -> None:
        self.problems = problems[:PROBLEMS_SHOWN]
        places = ", ".join(f"{'.'.join(p.path)}: {p.code}" for p in self.problems)
        super().__init__(
            f"The input was refused ({places}).", fields=[p.as_extension() for p in self.problems]
        )


class NotFound(DomainError):
    """The thing does not exist, or the viewer may not know that it does."""

    code = "NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such object, or you may not see it.")


class NotAllowed(DomainError):
    """The viewer sees the thing but has no right to do this."""

    code = "NOT_ALLOWED"

    def __init__(self, message: str = "You have no right to do this.", **extensions: Any) -> None:
        super().__init__(message, **extensions)


class InlineNoteKept(NotAllowed):
    """An inline note is evidence: nobody changes or deletes it."""

    wording = "INLINE_NOTE_KEPT"


class InteractionReadOnly(NotAllowed):
    """The interaction was closed, and is not the newest of its customer: it is history."""

    wording = "INTERACTION_READ_ONLY"


class TokenEnded(NotAllowed):
    """The API token was revoked, or has expired: nothing is exchanged for what opens nothing."""

    wording = "TOKEN_ENDED"


class ScopeMissing(NotAllowed):
    """The API token lacks the scope that this needs."""

    wording = "FORBIDDEN_SCOPE"

    def __init__(self, scope: str) -> None:
        super().__init__(f"The token lacks the scope {scope}.", scope=scope)


class CannotDeleteOneself(NotAllowed):
    """Nobody deletes themselves: another admin does."""

    wording = "CANNOT_DELETE_ONESELF"


class InteractionNotOpen(NotAllowed):
    """The interaction is not on the viewer's open list."""

    wording = "INTERACTION_NOT_OPEN"


class NothingToVerify(NotAllowed):
    """The profile is verified already, or there is no address to which a code could go."""

    wording = "NOTHING_TO_VERIFY"


class FileRefused(DomainError):
    """The desk does not take the file; `refusal` says why."""

    code = "FILE_REFUSED"

    def __init__(self, refusal: FileRefusal) -> None:
        super().__init__(f"The file was refused ({refusal}).", refusal=refusal.value)
        self.refusal = refusal
        self.wording = f"FILE_{refusal}"  # type: ignore[misc]  # each reason has its own words


class WrongCredentials(DomainError):
    """The e-mail address or the password is wrong; which one is not told."""

    code = "WRONG_CREDENTIALS"

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class LimitReached(DomainError):
    """A set is full."""

    code = "LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The limit of {limit} is reached.", limit=limit)
        self.limit = limit


class CodeTriesUsedUp(LimitReached):
    """A code was mistyped too often: it is void."""

    wording = "CODE_TRIES_USED_UP"


class VerificationsSent(LimitReached):
    """So many codes were sent within an hour that no more are for now."""

    wording = "VERIFICATIONS_SENT"


class UnsentChatFiles(LimitReached):
    """The customer of a chat has uploaded so many files that they send some first."""

    wording = "UNSENT_CHAT_FILES"


class ChatFilesOfDay(LimitReached):
    """The customer of a chat has uploaded so many files within a day that no more are for now."""

    wording = "CHAT_FILES_OF_DAY"


class Expired(DomainError):
    """What was to be used is over: its time has passed, or it was used."""

    code = "EXPIRED"

    def __init__(self) -> None:
        super().__init__("This is not valid any more.")


class StillInUse(DomainError):
    """What is to be deleted has so many tickets, which would belong to nothing."""

    code = "STILL_IN_USE"

    def __init__(self, tickets: int, open_tickets: int) -> None:
        super().__init__("There are tickets of it.")
        self.tickets, self.open_tickets = tickets, open_tickets


class AlreadyExists(DomainError):
    """A unique value is taken; `existing` is the row that has it, where the viewer may see it."""

    code = "ALREADY_EXISTS"

    def __init__(self, existing: object | None) -> None:
        super().__init__("This exists already.")
        self.existing = existing


class AlreadyMerged(DomainError):
    """The customer is somebody else since they were merged; `merge` is the row that says so."""

    code = "ALREADY_MERGED"

    def __init__(self, merge: object) -> None:
        super().__init__("The customer was merged already.")
        self.merge = merge


class NewerMerge(DomainError):
    """Something is undone only after a newer merge, which `merge` is, where the viewer sees it."""

    code = "NEWER_MERGE"

    def __init__(self, merge: object | None) -> None:
        super().__init__("Undo the newer merge first.")
        self.merge = merge


class NewerLink(DomainError):
    """Something is undone only after a newer link of `profile`, which is None if not visible."""

    code = "NEWER_LINK"

    def __init__(self, profile: object | None) -> None:
        super().__init__("Unlink the profile first.")
        self.profile = profile


class UnsavedChanges(DomainError):
    """Something typed into a form would be lost; `fields` are where it stands."""

    code = "UNSAVED_CHANGES"

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__("There are unsaved changes: save or discard them.", fields=list(fields))
        self.fields = fields


class IdempotencyKeyReused(DomainError):
    """The key was used before with another input."""

    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("The idempotency key was used with another input.")


class TooLate(DomainError):
    """What was to be taken back has begun, or is done."""

    code = "TOO_LATE"

    def __init__(self) -> None:
        super().__init__("It is too late to take this back.")


class NewActivity(DomainError):
    """Somebody wrote since the version the sender had seen; `items` are the new rows."""

    code = "NEW_ACTIVITY"

    def __init__(self, items: Sequence[object]) -> None:
        super().__init__("There are new messages or notes since the version you have seen.")
        self.items = items


class Unavailable(DomainError):
    """A part this needs is busy or down; trying again later is safe."""

    code = "UNAVAILABLE"

    def __init__(self, retry_after_seconds: int | None = None) -> None:
        super().__init__("Not available now; try again.", retryAfterSeconds=retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class CallbackFailed(DomainError):
    """The company's own system gave no answer that can be shown; `reason` says why."""

    code = "CALLBACK_FAILED"

    def __init__(self, reason: CallbackFailure, status: int | None = None) -> None:
        super().__init__(f"The callback failed ({reason}).", reason=reason.value, status=status)
        self.reason = reason
        self.status = status
        self.wording = f"CALLBACK_{reason}"  # type: ignore[misc]  # each reason has its own words

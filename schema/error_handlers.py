"""How what services raise becomes a member of a result union, in the viewer's language."""

from collections.abc import Iterable
from typing import Any

from strawberry.types.field import StrawberryField

from core import edit_conflicts, errors
from core.localization import translate
from schema.actors import actor_of
from schema.errors import (
    AlreadyExists,
    AlreadyMerged,
    CallbackFailed,
    ConflictingField,
    EditConflict,
    ErrorCode,
    Expired,
    FieldError,
    FileRefused,
    IdempotencyKeyReused,
    LimitReached,
    NewActivity,
    NewerLink,
    NewerMerge,
    NotAllowed,
    NotFound,
    StillInUse,
    TooLate,
    Unavailable,
    UnsavedChanges,
    UserError,
    ValidationFailed,
    WrongCredentials,
)
from schema.fields import Info
from schema.registry import object_of


def _words(error: errors.DomainError, info: Info, **arguments: Any) -> dict[str, Any]:
    language = info.context.viewer.language
    return {
        "code": ErrorCode(error.code),
        "message": translate(language, error.wording or error.code, **arguments),
    }


class _Handler:
    """Turns one kind of domain error into its member of the union."""

    def __init__(self, exception: type[errors.DomainError], member: type[UserError]) -> None:
        self.exception_type = exception
        self.error_type = member

    def handle(
        self, exception: errors.DomainError, *, field: StrawberryField, info: Any
    ) -> UserError:
        """Return the union member that tells of `exception`."""
        return self.error_type(**_words(exception, info), **self.details(exception, info))

    def details(self, exception: Any, info: Info) -> dict[str, Any]:
        """Return the member's own fields."""
        return {}


class _ValidationFailedHandler(_Handler):
    def details(self, exception: errors.ValidationFailed, info: Info) -> dict[str, Any]:
        language = info.context.viewer.language
        return {
            "fields": [
                FieldError(
                    path=list(problem.path),
                    code=problem.code,
                    message=translate(
                        language, problem.code, limit=problem.limit, actual=problem.actual
                    ),
                    limit=problem.limit,
                    actual=problem.actual,
                )
                for problem in exception.problems
            ]
        }


class _LimitReachedHandler(_Handler):
    def handle(
        self, exception: errors.DomainError, *, field: StrawberryField, info: Any
    ) -> UserError:
        """Return the error with its limit in words, too."""
        limit = exception.extensions["limit"]
        return LimitReached(**_words(exception, info, limit=limit), limit=limit)


class _StillInUseHandler(_Handler):
    def details(self, exception: errors.StillInUse, info: Info) -> dict[str, Any]:
        return {"ticket_count": exception.tickets, "open_ticket_count": exception.open_tickets}


class _FileRefusedHandler(_Handler):
    def details(self, exception: errors.FileRefused, info: Info) -> dict[str, Any]:
        return {"reason": exception.refusal}


class _AlreadyExistsHandler(_Handler):
    def details(self, exception: errors.AlreadyExists, info: Info) -> dict[str, Any]:
        return {"existing": object_of(exception.existing) if exception.existing else None}


class _AlreadyMergedHandler(_Handler):
    def details(self, exception: errors.AlreadyMerged, info: Info) -> dict[str, Any]:
        return {"standing_merge": object_of(exception.merge)}


class _NewerMergeHandler(_Handler):
    def details(self, exception: errors.NewerMerge, info: Info) -> dict[str, Any]:
        return {"newer_merge": object_of(exception.merge) if exception.merge else None}


class _NewerLinkHandler(_Handler):
    def details(self, exception: errors.NewerLink, info: Info) -> dict[str, Any]:
        return {"linked_profile": object_of(exception.profile) if exception.profile else None}


class _UnsavedChangesHandler(_Handler):
    def details(self, exception: errors.UnsavedChanges, info: Info) -> dict[str, Any]:
        return {"fields": list(exception.fields)}


class _UnavailableHandler(_Handler):
    def details(self, exception: errors.Unavailable, info: Info) -> dict[str, Any]:
        return {"retry_after_seconds": exception.retry_after_seconds}


class _CallbackFailedHandler(_Handler):
    def handle(
        self, exception: errors.DomainError, *, field: StrawberryField, info: Any
    ) -> UserError:
        """Return the failure in the words of its reason."""
        status = exception.extensions["status"]
        reason = errors.CallbackFailure(exception.extensions["reason"])
        return CallbackFailed(
            **_words(exception, info, status=status), reason=reason, status=status
        )


class _EditConflictHandler(_Handler):
    async def handle(  # type: ignore[override]  # the library awaits it
        self, exception: edit_conflicts.EditConflict, *, field: StrawberryField, info: Any
    ) -> UserError:
        """Return the conflict, with who caused it."""
        return EditConflict(
            **_words(exception, info),
            current_version=exception.current_version,
            changed_by=await actor_of(info.context, exception.changed_by),
            changed_at=exception.changed_at,
            fields=[
                ConflictingField(
                    field=conflict.field,
                    base=conflict.base,
                    theirs=conflict.theirs,
                    yours=conflict.yours,
                )
                for conflict in exception.fields
            ],
            current=object_of(exception.current),
        )


class _NewActivityHandler(_Handler):
    def details(self, exception: errors.NewActivity, info: Info) -> dict[str, Any]:
        return {"items": [object_of(row) for row in exception.items]}


EXCEPTION_HANDLERS: Iterable[_Handler] = (
    _ValidationFailedHandler(errors.ValidationFailed, ValidationFailed),
    _Handler(errors.NotFound, NotFound),
    _Handler(errors.NotAllowed, NotAllowed),
    _Handler(errors.WrongCredentials, WrongCredentials),
    _FileRefusedHandler(errors.FileRefused, FileRefused),
    _LimitReachedHandler(errors.LimitReached, LimitReached),
    _StillInUseHandler(errors.StillInUse, StillInUse),
    _AlreadyExistsHandler(errors.AlreadyExists, AlreadyExists),
    _AlreadyMergedHandler(errors.AlreadyMerged, AlreadyMerged),
    _NewerMergeHandler(errors.NewerMerge, NewerMerge),
    _NewerLinkHandler(errors.NewerLink, NewerLink),
    _UnsavedChangesHandler(errors.UnsavedChanges, UnsavedChanges),
    _Handler(errors.IdempotencyKeyReused, IdempotencyKeyReused),
    _Handler(errors.TooLate, TooLate),
    _Handler(errors.Expired, Expired),
    _UnavailableHandler(errors.Unavailable, Unavailable),
    _CallbackFailedHandler(errors.CallbackFailed, CallbackFailed),
    _EditConflictHandler(edit_conflicts.EditConflict, EditConflict),
    _NewActivityHandler(errors.NewActivity, NewActivity),
)

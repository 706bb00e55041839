"""The errors that mutations answer with: members of their result unions."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from core import errors
from schema.actors import Actor
from schema.nodes import Node

if TYPE_CHECKING:
    from schema.channel_profiles import ChannelProfile
    from schema.customer_merges import CustomerMerge
    from schema.timeline import TimelineItem


class ErrorCode(StrEnum):
    """What went wrong. Codes never change; messages are in the viewer's language."""

    VALIDATION_FAILED = "VALIDATION_FAILED"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    EDIT_CONFLICT = "EDIT_CONFLICT"
    LIMIT_REACHED = "LIMIT_REACHED"
    STILL_IN_USE = "STILL_IN_USE"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    ALREADY_MERGED = "ALREADY_MERGED"
    NEWER_MERGE = "NEWER_MERGE"
    NEWER_LINK = "NEWER_LINK"
    UNSAVED_CHANGES = "UNSAVED_CHANGES"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    NEW_ACTIVITY = "NEW_ACTIVITY"
    TOO_LATE = "TOO_LATE"
    EXPIRED = "EXPIRED"
    UNAVAILABLE = "UNAVAILABLE"
    WRONG_CREDENTIALS = "WRONG_CREDENTIALS"
    CALLBACK_FAILED = "CALLBACK_FAILED"
    FILE_REFUSED = "FILE_REFUSED"


strawberry.enum(ErrorCode, description="What went wrong. Codes never change.")
strawberry.enum(errors.FieldErrorCode, description="Why a value was refused.")
strawberry.enum(errors.CallbackFailure, description="Why a callback brought no values.")
strawberry.enum(errors.FileRefusal, description="Why a file is not taken.")

_CODE = "What went wrong, for programs."
_MESSAGE = "What went wrong, for the person at the screen, in their language."


@strawberry.interface(description="An error that the person at the screen can act on.")
class UserError:
    """An error that the person at the screen can act on."""

    code: ErrorCode = strawberry.field(description=_CODE)
    message: str = strawberry.field(description=_MESSAGE)


@strawberry.type(description="One refused value.")
class FieldError:
    """One refused value."""

    path: list[str] = strawberry.field(description="Where the value stands in the arguments.")
    code: errors.FieldErrorCode = strawberry.field(description="Why it was refused.")
    message: str = strawberry.field(description=_MESSAGE)
    limit: int | None = strawberry.field(description="The limit it broke.")
    actual: int | None = strawberry.field(description="What it measured instead.")


@strawberry.type(description="Values of the input break a rule. Nothing was changed.")
class ValidationFailed(UserError):
    """Values of the input break a rule."""

    fields: list[FieldError] = strawberry.field(
        description="The refused values; of more than 100 the first 100."
    )


@strawberry.type(description="There is no such object, or the viewer may not see it.")
class NotFound(UserError):
    """No such object, or a hidden one: the answer is the same."""


@strawberry.type(description="The viewer has no right to do this.")
class NotAllowed(UserError):
    """The viewer has no right to do this."""


@strawberry.type(description="The e-mail address or the password is wrong.")
class WrongCredentials(UserError):
    """The e-mail address or the password is wrong."""


@strawberry.type(description="The desk does not take this file.")
class FileRefused(UserError):
    """The desk does not take this file."""

    reason: errors.FileRefusal = strawberry.field(description="Why, for programs.")


@strawberry.type(description="A set is full.")
class LimitReached(UserError):
    """A set is full."""

    limit: int = strawberry.field(description="How many there can be.")


@strawberry.type(
    description="It has tickets, which stay for good, so it cannot be deleted. To retire it, let "
    "nobody work for it any more."
)
class StillInUse(UserError):
    """It has tickets, so it cannot be deleted."""

    ticket_count: int = strawberry.field(description="How many tickets it has.")
    open_ticket_count: int = strawberry.field(
        description="How many of them are neither resolved nor closed."
    )


@strawberry.type(description="A unique value is taken.")
class AlreadyExists(UserError):
    """A unique value is taken."""

    existing: Node | None = strawberry.field(
        description="What has the value already, where the viewer may see it."
    )


@strawberry.type(description="One of the customers is somebody else since they were merged.")
class AlreadyMerged(UserError):
    """One of the customers is somebody else since they were merged."""

    standing_merge: Annotated["CustomerMerge", strawberry.lazy("schema.customer_merges")] = (
        strawberry.field(description="The merge that says so.")
    )


@strawberry.type(
    description="One of the customers was merged since. That merge is to be undone first."
)
class NewerMerge(UserError):
    """One of the customers was merged since. That merge is to be undone first."""

    newer_merge: Annotated["CustomerMerge", strawberry.lazy("schema.customer_merges")] | None = (
        strawberry.field(
            description="The merge that is to be undone first, where the viewer may see it."
        )
    )


@strawberry.type(
    description="A profile that belongs to it was linked to somebody else since. It is to be "
    "unlinked first."
)
class NewerLink(UserError):
    """A profile that belongs to it was linked to somebody else since."""

    linked_profile: (
        Annotated["ChannelProfile", strawberry.lazy("schema.channel_profiles")] | None
    ) = strawberry.field(
        description="The profile that is to be unlinked first, where the viewer may see it."
    )


@strawberry.type(
    description="Something was typed and not saved. Nothing was closed: ask whether to keep it."
)
class UnsavedChanges(UserError):
    """Something was typed and not saved."""

    fields: list[str] = strawberry.field(
        description="Where it stands: fields of the customer's form, by their names in `Customer`; "
        "or `customer` alone where nobody is known and nothing was typed."
    )


@strawberry.type(description="The idempotency key was used with another input.")
class IdempotencyKeyReused(UserError):
    """The idempotency key was used with another input."""


@strawberry.type(description="What was to be taken back has begun, or is done.")
class TooLate(UserError):
    """What was to be taken back has begun, or is done."""


@strawberry.type(description="What was to be used is over: its time has passed, or it was used.")
class Expired(UserError):
    """What was to be used is over."""


@strawberry.type(description="A part this needs is busy or down. Trying again is safe.")
class Unavailable(UserError):
    """A part this needs is busy or down."""

    retry_after_seconds: int | None = strawberry.field(description="When to try again.")


@strawberry.type(description="The company's own system gave no answer that can be shown.")
class CallbackFailed(UserError):
    """The company's own system gave no answer that can be shown."""

    reason: errors.CallbackFailure = strawberry.field(description="Why there are no values.")
    status: int | None = strawberry.field(
        description="The HTTP status of the answer, with `HTTP_STATUS` and `REDIRECTED`."
    )


@strawberry.type(description="A field that two people changed.")
class ConflictingField:
    """A field that two people changed."""

    field: str = strawberry.field(description="The field's name.")
    base: str | None = strawberry.field(description="What it was when you loaded it.")
    theirs: str | None = strawberry.field(description="What it is now.")
    yours: str | None = strawberry.field(description="What you wanted it to be.")


@strawberry.type(description="Somebody else changed the same fields. Nothing was changed by you.")
class EditConflict(UserError):
    """Somebody else changed the same fields."""

    current_version: int = strawberry.field(description="The version to send next.")
    changed_by: Actor = strawberry.field(description="Who changed them last.")
    changed_at: datetime = strawberry.field(description="When they were changed last.")
    fields: list[ConflictingField] = strawberry.field(description="Each field in conflict.")
    current: Node = strawberry.field(description="The object as it is now.")


@strawberry.type(description="Somebody wrote since the version you had seen. Nothing was sent.")
class NewActivity(UserError):
    """Somebody wrote since the version the sender had seen."""

    items: list[Annotated["TimelineItem", strawberry.lazy("schema.timeline")]] = strawberry.field(
        description="What is new, oldest first."
    )

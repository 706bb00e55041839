# A message is named by the error code that clients see.

## One field

REQUIRED = Please fill this in.
TOO_LONG =
    Please use at most { $limit ->
        [one] { $limit } character
       *[other] { $limit } characters
    }; this has { $actual }.
TOO_SHORT = This is too short. Please write a little more.
INVALID_FORMAT = This does not have the expected format.
INVALID_EMAIL = This is not a valid e-mail address. Please check it.
INVALID_PHONE = This is not a valid telephone number. Please check it, with its country code.
INVALID_ID = This id is not valid here.
INVALID_DATE = This is not a valid date.
NOT_ALLOWED_VALUE = This is not one of the allowed values.
OUT_OF_RANGE = { $actual } is out of range: the limit is { $limit }.
PAGE_TOO_LARGE =
    A page has at most { $limit ->
        [one] { $limit } entry
       *[other] { $limit } entries
    }; { $actual } were asked for.
INVALID_CURSOR = This cursor is not valid. Please start again with the first page.
ALREADY_TAKEN = This is taken already. Please choose something else.
UNKNOWN_REFERENCE = What this refers to does not exist, or you may not see it.
IMMUTABLE = This cannot be changed.
VERSION_IN_FUTURE = There is no such version yet. Please reload and try again.
PUBLIC_MAIL_DOMAIN = Anybody can have an address at this domain, so it cannot stand for a company.
MOMENT_IN_PAST = This moment is over. Please choose a later one.

## The whole request

VALIDATION_FAILED = Please check the marked fields.
NOT_FOUND = This does not exist, or you may not see it.
NOT_ALLOWED = You have no right to do this.
INLINE_NOTE_KEPT = An inline note is never changed or deleted. Please write a correction instead.
INTERACTION_READ_ONLY =
    This interaction is over, and the customer has a newer one: it can only be read.
TOKEN_ENDED = This token was revoked or has expired. Please make a new one.
INTERACTION_NOT_OPEN = This is not on your open list. Please reopen it first.
CANNOT_DELETE_ONESELF = Nobody deletes themselves. Please ask another admin.
EDIT_CONFLICT =
    Somebody else changed this in the meantime. Nothing was saved: please compare both versions.
EDIT_CONFLICT_WITH_ONESELF =
    You changed this in another window. Nothing was saved: please compare both versions.
LIMIT_REACHED = The limit is reached: at most { $limit }.
STILL_IN_USE = It has tickets, which stay for good: it cannot be deleted.
ALREADY_EXISTS = This exists already.
ALREADY_MERGED = This customer was merged already.
NEWER_MERGE =
    One of the customers was merged later. Please undo that merge first.
NEWER_LINK =
    A profile of this customer was linked to somebody else later. Please unlink it first.
UNSAVED_CHANGES = There are unsaved changes. Please save or discard them first.
IDEMPOTENCY_KEY_REUSED =
    This idempotency key was used before with another input. Please use a new one.
EXPIRED = This is not valid any more. Please ask for a new one.
WRONG_CODE = This code is wrong. Please check it.
WRONG_TOKEN = This token proves nothing: it is wrong, over, or was used already.
NOTHING_TO_VERIFY = There is nothing to verify: it is verified already, or no e-mail address is known.
CODE_TRIES_USED_UP = This code was mistyped { $limit } times and is void. Please send a new one.
VERIFICATIONS_SENT = At most { $limit } codes can be sent in an hour. Please try again later.
UNSENT_CHAT_FILES = { $limit } files that were not sent are here already. Please send some of them first.
CHAT_FILES_OF_DAY = At most { $limit } files can be uploaded in a chat within 24 hours.
TOO_LATE = It is too late to take this back: it is on its way.
NEW_ACTIVITY = Somebody wrote in the meantime. Nothing was sent: please read that first.
UNAVAILABLE = This is not available at the moment. Please try again shortly.
UNAUTHENTICATED = Please sign in.
WRONG_CREDENTIALS = The e-mail address or the password is wrong.
RATE_LIMITED = There were too many requests. Please wait a moment and try again.
INTERNAL = Something went wrong on our side. Please try again later.
FORBIDDEN_SCOPE = This access token lacks the scope that this needs.

# Why a callback brought no values: the code of the reason, after CALLBACK_.

CALLBACK_TIMEOUT = The other system took too long. Please try again, or go on without it.
CALLBACK_CONNECTION = The other system cannot be reached. Please go on without it.
CALLBACK_TLS = The other system could not prove who it is. Please tell an admin.
CALLBACK_REFUSED_ADDRESS = This address may not be called. Please tell an admin.
CALLBACK_REDIRECTED = The other system sent us to another address. Please tell an admin.
CALLBACK_HTTP_STATUS = The other system answered with the error { NUMBER($status, useGrouping: 0) }.
CALLBACK_TOO_LARGE = The answer of the other system is too large. Please tell an admin.
CALLBACK_ENCODED = The other system compressed its answer. Please tell an admin.
CALLBACK_NOT_JSON = The answer of the other system cannot be read. Please tell an admin.
CALLBACK_SECRET_UNREADABLE = The stored secret cannot be read any more. An admin must enter it again.

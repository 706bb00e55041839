"""What is secret about a callback, encrypted: it opens for the row that it was sealed for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row

from core.errors import CallbackFailed, CallbackFailure
from core.secrets import SecretBox, SecretUnreadable
from models.callbacks import (
    Callback,
    CallbackMethod,
    CallbackParameterPlace,
    CallbackParameterSource,
)
from services.lookups.definitions import (
    AnswerField,
    Concealed,
    Definition,
    Header,
    Listed,
    Parameter,
)

Stored = Callback | Row[Any]


def stored_columns(box: SecretBox, row_id: UUID, definition: Definition) -> dict[str, Any]:
    """Return the columns that hold a definition, its secrets sealed."""
    secrets = _Secrets(
        None if definition.secret is None else definition.secret.text,
        {
            header.name.lower(): header.value or ""
            for header in definition.headers.items
            if header.is_secret
        },
    )
    return {
        "url": definition.url,
        "method": definition.method,
        "allows_http": definition.allows_http,
        "timeout_milliseconds": definition.timeout_milliseconds,
        "headers": [
            {"name": header.name, "value": None if header.is_secret else header.value}
            for header in definition.headers.items
        ],
        "parameters": definition.parameters.as_json(),
        "fields": definition.fields.as_json(),
        "has_secret": secrets.signing is not None,
        "sealed_secrets": secrets.sealed(box, row_id),
    }


def readable_definition(box: SecretBox, row: Stored) -> Definition:
    """Return the definition that a row holds. Raises CallbackFailed where no key opens it."""
    try:
        return _definition(box, row)
    except SecretUnreadable:
        raise CallbackFailed(CallbackFailure.SECRET_UNREADABLE) from None


def definition_to_edit(box: SecretBox, row: Stored) -> tuple[Definition, bool]:
    """Return the definition that a row holds, and whether a key opens its secrets.

    Where none does, empty secrets stand in place of those that it has.
    """
    try:
        return _definition(box, row), True
    except SecretUnreadable:
        return _definition_without_secrets(row), False


def _definition(box: SecretBox, row: Stored) -> Definition:
    return _read(row, _Secrets.opened(box, row.id, row.sealed_secrets))


def _definition_without_secrets(row: Stored) -> Definition:
    names = [header["name"].lower() for header in row.headers if header["value"] is None]
    return _read(row, _Secrets("" if row.has_secret else None, dict.fromkeys(names, "")))


@dataclass(frozen=True, slots=True)
class _Secrets:
    """The key of the signature, if there is one, and the values of secret headers."""

    signing: str | None
    headers: Mapping[str, str]

    def sealed(self, box: SecretBox, row_id: UUID) -> bytes | None:
        """Return them encrypted, or None where there are none."""
        if self.signing is None and not self.headers:
            return None
        plain = orjson.dumps({"signing": self.signing, "headers": self.headers})
        return box.seal(plain, context=_context(row_id))

    @classmethod
    def opened(cls, box: SecretBox, row_id: UUID, sealed: bytes | None) -> "_Secrets":
        """Return what was sealed for this row. Raises SecretUnreadable."""
        if sealed is None:
            return cls(None, {})
        return cls(**orjson.loads(box.open(sealed, context=_context(row_id))))


def _context(row_id: UUID) -> bytes:
    return b"callback:" + row_id.bytes


def _read(row: Stored, secrets: _Secrets) -> Definition:
    return Definition(
        url=row.url,
        method=CallbackMethod(row.method),
        allows_http=row.allows_http,
        timeout_milliseconds=row.timeout_milliseconds,
        headers=Listed(tuple(_header(stored, secrets) for stored in row.headers)),
        secret=None if secrets.signing is None else Concealed(secrets.signing),
        parameters=Listed(tuple(map(_parameter, row.parameters))),
        fields=Listed(tuple(AnswerField(**stored) for stored in row.fields)),
    )


def _header(stored: Mapping[str, Any], secrets: _Secrets) -> Header:
    name, value = stored["name"], stored["value"]
    if value is None:
        return Header(name, secrets.headers[name.lower()], is_secret=True)
    return Header(name, value)


def _parameter(stored: Mapping[str, Any]) -> Parameter:
    source = stored["source"]
    return Parameter(
        stored["name"],
        stored["label"],
        CallbackParameterPlace(stored["place"]),
        stored["is_required"],
        CallbackParameterSource(source) if source else None,
    )

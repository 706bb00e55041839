"""Checks of what admins say a callback is to be."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from core.errors import FieldErrorCode
from core.text import fold
from models.base import NAME_CHARACTERS
from models.callbacks import (
    TIMEOUT_MILLISECONDS_MAXIMUM,
    TIMEOUT_MILLISECONDS_MINIMUM,
    URL_CHARACTERS,
    CallbackMethod,
    CallbackParameterPlace,
)
from services.calls.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER
from services.lookups.definitions import (
    AnswerField,
    Concealed,
    Definition,
    Header,
    Listed,
    Parameter,
)
from services.lookups.pointers import is_pointer
from services.lookups.urls import CallbackUrl, InvalidUrl
from services.validation import InputCheck

HEADERS_MAXIMUM = 20
PARAMETERS_MAXIMUM = 20
FIELDS_MAXIMUM = 30  # more than a panel beside a form can show
HEADER_VALUE_CHARACTERS = 2_000  # a signed token has about a thousand
SECRET_CHARACTERS_MINIMUM = 16  # shorter keys can be guessed from one signed request
SECRET_CHARACTERS = 500
PARAMETER_NAME_CHARACTERS = 64
POINTER_CHARACTERS = 500

_PARAMETER_NAME = re.compile(rf"[A-Za-z_][A-Za-z0-9_-]{{0,{PARAMETER_NAME_CHARACTERS - 1}}}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # a token of RFC 9110
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
# What the client says by itself, and what changes how a request is framed or routed.
_RESERVED_HEADERS = {
    *("accept-encoding", "connection", "content-length", "content-type", "expect", "host"),
    *("keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer"),
    *("transfer-encoding", "upgrade", "user-agent", "x-http-method-override"),
    *(TIMESTAMP_HEADER.lower(), SIGNATURE_HEADER.lower()),
}
ItemT = TypeVar("ItemT")


def clean(check: InputCheck, wanted: Mapping[str, Any], kept: Iterable[Header]) -> dict[str, Any]:
    """Return the wanted parts of a Definition, each checked by itself; others are left out.

    `kept` are the stored headers, whose secret values are taken where none is given.
    """
    cleaners: dict[str, Callable[[InputCheck, Any], Any]] = {
        "url": _url,
        "method": partial(_required, "method"),
        "allows_http": partial(_required, "allowsHttp"),
        "timeout_milliseconds": _timeout,
        "headers": partial(_headers, kept),
        "secret": _secret,
        "parameters": _parameters,
        "fields": _fields,
    }
    return {name: cleaners[name](check, wanted[name]) for name in cleaners if name in wanted}


def check_whole(check: InputCheck, definition: Definition) -> None:
    """Refuse what does not fit together: the URL, the method and the parameters."""
    url = CallbackUrl.parse(definition.url)
    if url.scheme == "http" and not definition.allows_http:
        check.refuse("url", FieldErrorCode.NOT_ALLOWED_VALUE)
    in_path = {
        parameter.name
        for parameter in definition.parameters.items
        if parameter.place is CallbackParameterPlace.PATH
    }
    if not in_path.issuperset(url.placeholders):
        check.refuse("url", FieldErrorCode.UNKNOWN_REFERENCE)
    for place, parameter in enumerate(definition.parameters.items):
        where = f"parameters.{place}"
        match parameter.place:
            case CallbackParameterPlace.PATH:
                _check_path_parameter(check, where, parameter, url)
            case CallbackParameterPlace.HEADER:
                _check_header_parameter(check, where, parameter, definition)
            case CallbackParameterPlace.BODY if definition.method is CallbackMethod.GET:
                check.refuse(f"{where}.place", FieldErrorCode.NOT_ALLOWED_VALUE)


def _check_path_parameter(
    check: InputCheck, where: str, parameter: Parameter, url: CallbackUrl
) -> None:
    if not parameter.is_required:
        check.refuse(f"{where}.isRequired", FieldErrorCode.NOT_ALLOWED_VALUE)
    if parameter.name not in url.placeholders:
        check.refuse(f"{where}.name", FieldErrorCode.UNKNOWN_REFERENCE)


def _check_header_parameter(
    check: InputCheck, where: str, parameter: Parameter, definition: Definition
) -> None:
    name = parameter.name.lower()
    if name in _RESERVED_HEADERS:
        check.refuse(f"{where}.name", FieldErrorCode.NOT_ALLOWED_VALUE)
    elif name in {header.name.lower() for header in definition.headers.items}:
        check.refuse(f"{where}.name", FieldErrorCode.ALREADY_TAKEN)


def require_secrets_anew(
    check: InputCheck, definition: Definition, wanted: Mapping[str, Any]
) -> None:
    """Refuse secrets that would be taken over from before: whoever gets them is another one now."""
    if definition.secret is not None and "secret" not in wanted:
        check.refuse("secret", FieldErrorCode.REQUIRED)
    for place, header in enumerate(definition.headers.items):
        if header.is_secret and not header.is_new:
            is_listed = "headers" in wanted
            where = f"headers.{place}.value" if is_listed else "headers"
            check.refuse(where, FieldErrorCode.REQUIRED)


def _required(field: str, check: InputCheck, value: Any) -> Any:
    if value is None:
        check.refuse(field, FieldErrorCode.REQUIRED)
    return value


def _url(check: InputCheck, value: str | None) -> str:
    url = check.line("url", value, URL_CHARACTERS)
    if url:
        try:
            CallbackUrl.parse(url)
        except InvalidUrl:
            check.refuse("url", FieldErrorCode.INVALID_FORMAT)
    return url


def _timeout(check: InputCheck, value: int | None) -> int | None:
    if value is None:
        check.refuse("timeoutMilliseconds", FieldErrorCode.REQUIRED)
        return None
    nearest = min(max(value, TIMEOUT_MILLISECONDS_MINIMUM), TIMEOUT_MILLISECONDS_MAXIMUM)
    if value != nearest:
        check.refuse("timeoutMilliseconds", FieldErrorCode.OUT_OF_RANGE, nearest, value)
    return value


def _secret(check: InputCheck, value: str | None) -> Concealed | None:
    if value is None:
        return None
    if len(value) < SECRET_CHARACTERS_MINIMUM:
        limit = SECRET_CHARACTERS_MINIMUM
        check.refuse("secret", FieldErrorCode.TOO_SHORT, limit, len(value))
    elif len(value) > SECRET_CHARACTERS:
        check.refuse("secret", FieldErrorCode.TOO_LONG, SECRET_CHARACTERS, len(value))
    elif not value.isprintable():
        check.refuse("secret", FieldErrorCode.INVALID_FORMAT)
    return Concealed(value, is_new=True)


def _headers(
    kept: Iterable[Header], check: InputCheck, given: Sequence[Header] | None
) -> Listed[Header]:
    stored = {header.name.lower(): header.value for header in kept if header.is_secret}
    headers: dict[str, Header] = {}
    for place, header in enumerate(_few(check, "headers", given, HEADERS_MAXIMUM)):
        where, key = f"headers.{place}", header.name.lower()
        if not _HEADER_NAME.fullmatch(header.name):
            check.refuse(f"{where}.name", FieldErrorCode.INVALID_FORMAT)
        elif key in _RESERVED_HEADERS:
            check.refuse(f"{where}.name", FieldErrorCode.NOT_ALLOWED_VALUE)
        elif key in headers:
            check.refuse(f"{where}.name", FieldErrorCode.ALREADY_TAKEN)
        is_kept = header.is_secret and header.value is None
        value = stored.get(key) if is_kept else header.value
        _check_header_value(check, f"{where}.value", value)
        headers[key] = Header(header.name, value, header.is_secret, is_new=not is_kept)
    return Listed(tuple(headers.values()))


def _check_header_value(check: InputCheck, where: str, value: str | None) -> None:
    if not value:
        check.refuse(where, FieldErrorCode.REQUIRED)
    elif len(value) > HEADER_VALUE_CHARACTERS:
        check.refuse(where, FieldErrorCode.TOO_LONG, HEADER_VALUE_CHARACTERS, len(value))
    elif not _HEADER_VALUE.fullmatch(value):
        check.refuse(where, FieldErrorCode.INVALID_FORMAT)


def _parameters(check: InputCheck, given: Sequence[Parameter] | None) -> Listed[Parameter]:
    parameters: dict[str, Parameter] = {}
    for place, parameter in enumerate(_few(check, "parameters", given, PARAMETERS_MAXIMUM)):
        where = f"parameters.{place}"
        if not _PARAMETER_NAME.fullmatch(parameter.name):
            check.refuse(f"{where}.name", FieldErrorCode.INVALID_FORMAT)
        elif parameter.name in parameters:
            check.refuse(f"{where}.name", FieldErrorCode.ALREADY_TAKEN)
        parameters[parameter.name] = Parameter(
            parameter.name,
            check.line(f"{where}.label", parameter.label, NAME_CHARACTERS),
            parameter.place,
            parameter.is_required,
            parameter.source,
        )
    return Listed(tuple(parameters.values()))


def _fields(check: InputCheck, given: Sequence[AnswerField] | None) -> Listed[AnswerField]:
    if not given:
        check.refuse("fields", FieldErrorCode.REQUIRED)
    fields: dict[str, AnswerField] = {}
    for place, shown in enumerate(_few(check, "fields", given or (), FIELDS_MAXIMUM)):
        where, actual = f"fields.{place}", len(shown.pointer)
        if actual > POINTER_CHARACTERS:
            check.refuse(f"{where}.pointer", FieldErrorCode.TOO_LONG, POINTER_CHARACTERS, actual)
        elif not is_pointer(shown.pointer) or not shown.pointer.isprintable():
            check.refuse(f"{where}.pointer", FieldErrorCode.INVALID_FORMAT)
        label = check.line(f"{where}.label", shown.label, NAME_CHARACTERS)
        if label and fold(label) in fields:
            check.refuse(f"{where}.label", FieldErrorCode.ALREADY_TAKEN)
        fields[fold(label)] = AnswerField(label, shown.pointer)
    return Listed(tuple(fields.values()))


def _few(
    check: InputCheck, name: str, given: Sequence[ItemT] | None, maximum: int
) -> Sequence[ItemT]:
    """Return the items of a list that is not too long."""
    if given is None:
        check.refuse(name, FieldErrorCode.REQUIRED)
        return ()
    if len(given) > maximum:
        check.refuse(name, FieldErrorCode.TOO_LONG, maximum, len(given))
        return ()
    return given

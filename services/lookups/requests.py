"""From a definition and the values that an agent gave to the request that is sent."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import orjson

from core.errors import FieldErrorCode
from core.text import normalise
from models.callbacks import CallbackMethod, CallbackParameterPlace
from services.calls.client import Call
from services.calls.signing import signature_headers
from services.lookups.checks import PARAMETERS_MAXIMUM
from services.lookups.definitions import Definition, Parameter
from services.lookups.urls import CallbackUrl
from services.validation import InputCheck

PARAMETER_CHARACTERS = 500  # longer than any address, number or name

_MILLISECONDS_PER_SECOND = 1_000
_HEADER_VALUE = re.compile(r"[ -~]*")  # what all servers read alike
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_SLASHES = re.compile(r"[/\\]")


@dataclass(frozen=True, slots=True)
class GivenParameter:
    """A value for a parameter, by its name."""

    name: str
    value: str | None = field(repr=False)


def clean_parameters(definition: Definition, given: Sequence[GivenParameter]) -> Mapping[str, str]:
    """Return the values by name, without empty ones.

    Raises ValidationFailed, at `input.parameters.NAME` for a required one that is missing.
    """
    check = InputCheck()
    if len(given) > PARAMETERS_MAXIMUM:
        check.refuse("parameters", FieldErrorCode.TOO_LONG, PARAMETERS_MAXIMUM, len(given))
        check.raise_problems()
    known = {parameter.name: parameter for parameter in definition.parameters.items}
    values: dict[str, str] = {}
    for place, each in enumerate(given):
        where = f"parameters.{place}"
        parameter = known.get(each.name)
        if parameter is None:
            check.refuse(f"{where}.name", FieldErrorCode.UNKNOWN_REFERENCE)
        elif each.name in values:
            check.refuse(f"{where}.name", FieldErrorCode.ALREADY_TAKEN)
        else:
            values[each.name] = _clean(check, f"{where}.value", parameter, each.value or "")
    refused = {problem.path for problem in check.problems}
    for parameter in known.values():
        if parameter.is_required and not values.get(parameter.name) and not refused:
            check.refuse(f"parameters.{parameter.name}", FieldErrorCode.REQUIRED)
    check.raise_problems()
    return {name: value for name, value in values.items() if value}


def request_for(definition: Definition, values: Mapping[str, str], timestamp: int) -> Call:
    """Return the request, signed at a moment in seconds since 1970 where there is a secret."""
    url = CallbackUrl.parse(definition.url)
    method = definition.method
    target = _target(definition, url, values)
    body = None
    headers = [(header.name, header.value or "") for header in definition.headers.items]
    headers += _placed(definition, CallbackParameterPlace.HEADER, values)
    if method is CallbackMethod.POST:
        body = orjson.dumps(dict(_placed(definition, CallbackParameterPlace.BODY, values)))
        headers += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    if definition.secret is not None:
        secret = definition.secret.text
        headers += signature_headers(secret, timestamp, method, target, body or b"")
    return Call(
        scheme=url.scheme,
        host=url.host,
        port=url.port,
        method=method,
        target=target,
        headers=headers,
        body=body,
        timeout_seconds=definition.timeout_milliseconds / _MILLISECONDS_PER_SECOND,
    )


def _clean(check: InputCheck, where: str, parameter: Parameter, value: str) -> str:
    if len(value) > PARAMETER_CHARACTERS:
        check.refuse(where, FieldErrorCode.TOO_LONG, PARAMETER_CHARACTERS, len(value))
        return ""
    if _UNPRINTABLE.search(value):
        check.refuse(where, FieldErrorCode.INVALID_FORMAT)
        return ""
    clean = normalise(value).strip()
    is_header = parameter.place is CallbackParameterPlace.HEADER
    is_path = parameter.place is CallbackParameterPlace.PATH
    if (is_header and not _HEADER_VALUE.fullmatch(clean)) or (is_path and _climbs(clean)):
        check.refuse(where, FieldErrorCode.INVALID_FORMAT)
    return clean


def _climbs(value: str) -> bool:
    """Tell whether a value leads to another path: many servers take %2E%2E and %2F apart first."""
    return not {".", ".."}.isdisjoint(_SLASHES.split(value))


def _target(definition: Definition, url: CallbackUrl, values: Mapping[str, str]) -> str:
    path = url.path
    for name, value in _placed(definition, CallbackParameterPlace.PATH, values):
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    added = urlencode(_placed(definition, CallbackParameterPlace.QUERY, values), quote_via=quote)
    query = "&".join(part for part in (url.query, added) if part)
    return f"{path}?{query}" if query else path


def _placed(
    definition: Definition, place: CallbackParameterPlace, values: Mapping[str, str]
) -> list[tuple[str, str]]:
    parameters: Iterable[Parameter] = definition.parameters.items
    return [
        (parameter.name, values[parameter.name])
        for parameter in parameters
        if parameter.place is place and parameter.name in values
    ]

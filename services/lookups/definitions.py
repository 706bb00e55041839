"""What a callback is: whom it asks, with what, and what is shown of the answer."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

from core.text import normalise
from models.callbacks import (
    TIMEOUT_MILLISECONDS_MAXIMUM,
    CallbackMethod,
    CallbackParameterPlace,
    CallbackParameterSource,
)

CONCEALED = "••••••"
_CONCEALED_NEW = f"{CONCEALED} (new)"
# Shorter words, such as `Bearer`, are no secrets, and stand in other texts as well.
SECRET_CHARACTERS_TO_HIDE = 8

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Header:
    """A header that each request carries.

    The value of a secret one is None where the stored one is to be kept; `is_new` tells that it was
    given anew.
    """

    name: str
    value: str | None = field(repr=False)
    is_secret: bool = False
    is_new: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        if not self.is_secret:
            return f"{self.name}: {self.value}"
        return f"{self.name}: {_CONCEALED_NEW if self.is_new else CONCEALED}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that the agent gives: its name in the request, its label in the form."""

    name: str
    label: str
    place: CallbackParameterPlace
    is_required: bool = True
    source: CallbackParameterSource | None = None

    def __str__(self) -> str:
        need = "required" if self.is_required else "optional"
        source = f", from {self.source}" if self.source else ""
        return f"{self.name} ({self.label}): {self.place}, {need}{source}"


@dataclass(frozen=True, slots=True)
class AnswerField:
    """A value of the answer that is shown, and under which label."""

    label: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.label}: {self.pointer}"


@dataclass(frozen=True, slots=True)
class Concealed:
    """The key of the signature: compared like any other value, but shown to nobody."""

    text: str = field(repr=False)
    is_new: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return _CONCEALED_NEW if self.is_new else CONCEALED


@dataclass(frozen=True, slots=True)
class Listed(Generic[ItemT]):
    """A list that is edited as one field; as text, its items."""

    items: tuple[ItemT, ...] = ()

    def __str__(self) -> str:
        return "; ".join(map(str, self.items))

    def as_json(self) -> list[dict[str, Any]]:
        """Return the shape in which a list without secrets is stored."""
        return [asdict(item) for item in self.items]  # type: ignore[call-overload]


@dataclass(slots=True)
class Definition:
    """A whole callback, secrets included. It is never stored, logged or shown as it is."""

    url: str
    method: CallbackMethod = CallbackMethod.GET
    allows_http: bool = False
    timeout_milliseconds: int = TIMEOUT_MILLISECONDS_MAXIMUM
    headers: Listed[Header] = field(default_factory=Listed)
    secret: Concealed | None = None
    parameters: Listed[Parameter] = field(default_factory=Listed)
    fields: Listed[AnswerField] = field(default_factory=Listed)

    def secret_texts(self) -> list[str]:
        """Return what no answer may show, the longest first: the secrets, and words of them.

        Answers are shown normalised, and texts inside objects as JSON spells them.
        """
        secrets = [header.value or "" for header in self.headers.items if header.is_secret]
        if self.secret is not None:
            secrets.append(self.secret.text)
        texts = {text for secret in secrets for text in (secret, *secret.split())}
        telling = {normalise(text) for text in texts if len(text) >= SECRET_CHARACTERS_TO_HIDE}
        spelled_in_json = {json.dumps(text, ensure_ascii=False)[1:-1] for text in telling}
        return sorted(telling | spelled_in_json, key=len, reverse=True)

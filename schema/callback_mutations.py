"""Defining callbacks: for admins."""

from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models.callbacks import CallbackMethod, CallbackParameterPlace, CallbackParameterSource
from resolvers import callbacks
from resolvers.links import linked_ids
from schema.callbacks import Callback
from schema.errors import (
    EditConflict,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from services.callbacks import NewCallback
from services.lookups.definitions import AnswerField, Header, Parameter

URL = (
    "The URL, https unless `allowsHttp`, at most 2,000 characters. `{name}` in its path stands for "
    "a parameter. Ports below 1024 other than 80 and 443 are refused."
)
METHOD = "How to ask; `POST` sends the parameters of the body as one JSON object."
ALLOWS_HTTP = "Whether the URL may be an unencrypted one: what is sent can then be read on its way."
TIMEOUT = "How long a run may take in all, from 100 to 3,000 milliseconds."
HEADERS = "What each request carries, at most 20."
SIGNING_KEY = (
    "The key that requests are signed with, 16 to 500 characters; null: they are not signed. It is "
    "kept encrypted and never shown."
)
PARAMETERS = "What agents give when they run it, at most 20."
FIELDS = "What is shown of the answer, 1 to 30 values."
_PARTS = (
    *("url", "method", "allows_http", "timeout_milliseconds"),
    *("headers", "secret", "parameters", "fields"),
)


@strawberry.input(description="A header that each request carries.")
class CallbackHeaderInput:
    """A header that each request carries."""

    name: str = strawberry.field(
        description="Its name. Those that say how the request is sent, such as Host, are refused."
    )
    value: str | None = strawberry.field(
        default=None,
        description="Its value, at most 2,000 ASCII characters; null keeps the value that a secret "
        "header of this name has.",
    )
    is_secret: bool = strawberry.field(
        default=False, description="Whether to keep the value encrypted, and never show it."
    )


@strawberry.input(description="A value that agents give when they run a callback.")
class CallbackParameterInput:
    """A value that agents give when they run a callback."""

    name: str = strawberry.field(
        description="Its name in the request: letters, digits, `_` and `-`, at most 64."
    )
    label: str = strawberry.field(
        description="What it is called in the form, at most 200 characters."
    )
    place: CallbackParameterPlace = strawberry.field(
        description="Where it goes; with `PATH` the URL's path must contain `{name}`."
    )
    is_required: bool = strawberry.field(
        default=True, description="Whether a run needs it. Those of the path are always needed."
    )
    source: CallbackParameterSource | None = strawberry.field(
        default=None, description="Which part of the form to fill it in from."
    )


@strawberry.input(description="A value of the answer that is shown to agents.")
class CallbackFieldInput:
    """A value of the answer that is shown to agents."""

    label: str = strawberry.field(description="The label to show it under, at most 200 characters.")
    pointer: str = strawberry.field(
        description="Where it stands in the JSON of the answer: a JSON pointer (RFC 6901), such as "
        "`/orders/0/status`, at most 500 characters."
    )


def parts_of(given: Any) -> dict[str, Any]:
    """Return those parts of a definition that an input brings."""
    parts = present(given, *_PARTS)
    for name, make in (("headers", _header), ("parameters", _parameter), ("fields", _field)):
        if parts.get(name) is not None:
            parts[name] = [make(each) for each in parts[name]]
    return parts


def _header(given: CallbackHeaderInput) -> Header:
    return Header(given.name, given.value, given.is_secret)


def _parameter(given: CallbackParameterInput) -> Parameter:
    return Parameter(given.name, given.label, given.place, given.is_required, given.source)


def _field(given: CallbackFieldInput) -> AnswerField:
    return AnswerField(given.label, given.pointer)


@strawberry.input(description="What a callback is to be.")
class CallbackCreateInput:
    """What a callback is to be."""

    name: str = strawberry.field(description="What it is called, at most 200 characters.")
    brand_ids: list[strawberry.ID] = strawberry.field(
        description="The brands whose agents run it, at least one."
    )
    url: str = strawberry.field(description=URL)
    method: CallbackMethod = strawberry.field(default=CallbackMethod.GET, description=METHOD)
    allows_http: bool = strawberry.field(default=False, description=ALLOWS_HTTP)
    timeout_milliseconds: int = strawberry.field(default=3_000, description=TIMEOUT)
    headers: list[CallbackHeaderInput] = strawberry.field(default_factory=list, description=HEADERS)
    secret: str | None = strawberry.field(default=None, description=SIGNING_KEY)
    parameters: list[CallbackParameterInput] = strawberry.field(
        default_factory=list, description=PARAMETERS
    )
    fields: list[CallbackFieldInput] = strawberry.field(description=FIELDS)
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def parsed(self) -> NewCallback:
        """Return what the callback is to be. Raises ValidationFailed for wrong ids."""
        brand_ids = linked_ids(self.brand_ids, NodeKind.BRAND, "brandIds")
        return NewCallback(self.name, brand_ids, parts_of(self))


@strawberry.type(description="The callback was added.")
class CallbackCreateSuccess:
    """The callback was added."""

    callback: Callback = strawberry.field(description="The new callback.")


CallbackCreateResult = Annotated[
    CallbackCreateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union("CallbackCreateResult", description="The callback, or why there is none."),
]


@strawberry.input(
    description="What to change of a callback. Absent fields stay as they are, lists are replaced "
    "whole. Where the URL leads to another scheme, host or port, the secret and the values of all "
    "secret headers must be given anew."
)
class CallbackUpdateInput:
    """What to change of a callback."""

    callback_id: strawberry.ID = strawberry.field(description="The callback.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What it is called, at most 200 characters."
    )
    brand_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All brands whose agents run it from now on."
    )
    url: str | None = strawberry.field(default=strawberry.UNSET, description=URL)
    method: CallbackMethod | None = strawberry.field(default=strawberry.UNSET, description=METHOD)
    allows_http: bool | None = strawberry.field(default=strawberry.UNSET, description=ALLOWS_HTTP)
    timeout_milliseconds: int | None = strawberry.field(
        default=strawberry.UNSET, description=TIMEOUT
    )
    headers: list[CallbackHeaderInput] | None = strawberry.field(
        default=strawberry.UNSET, description=HEADERS
    )
    secret: str | None = strawberry.field(default=strawberry.UNSET, description=SIGNING_KEY)
    parameters: list[CallbackParameterInput] | None = strawberry.field(
        default=strawberry.UNSET, description=PARAMETERS
    )
    fields: list[CallbackFieldInput] | None = strawberry.field(
        default=strawberry.UNSET, description=FIELDS
    )

    def changes(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for wrong ids."""
        wanted = present(self, "name", "brand_ids") | parts_of(self)
        if wanted.get("brand_ids") is not None:
            wanted["brand_ids"] = linked_ids(wanted["brand_ids"], NodeKind.BRAND, "brandIds")
        return wanted


@strawberry.type(description="The callback is as wanted.")
class CallbackUpdateSuccess:
    """The callback is as wanted."""

    callback: Callback = strawberry.field(description="The callback as it is now.")
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


CallbackUpdateResult = Annotated[
    CallbackUpdateSuccess | ValidationFailed | NotFound | NotAllowed | LimitReached | EditConflict,
    strawberry.union(
        "CallbackUpdateResult", description="The callback, or why nothing was changed."
    ),
]


@strawberry.input(description="Which callback to delete.")
class CallbackDeleteInput:
    """Which callback to delete."""

    callback_id: strawberry.ID = strawberry.field(description="The callback.")


@strawberry.type(description="The callback is gone, and its secrets with it.")
class CallbackDeleteSuccess:
    """The callback is gone."""

    callback_id: strawberry.ID = strawberry.field(description="The callback.")


CallbackDeleteResult = Annotated[
    CallbackDeleteSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union(
        "CallbackDeleteResult", description="That it is gone, or why it is still there."
    ),
]


@strawberry.type
class CallbackMutation:
    """Adding, editing and deleting callbacks."""

    @strawberry.mutation(description="Add a callback. For admins.")
    async def callback_create(self, info: Info, input: CallbackCreateInput) -> CallbackCreateResult:
        """Add a callback."""
        row = await callbacks.create(info.context, input.parsed(), input.idempotency_key)
        return CallbackCreateSuccess(callback=Callback.from_row(row))

    @strawberry.mutation(description="Edit a callback. For admins.")
    async def callback_update(self, info: Info, input: CallbackUpdateInput) -> CallbackUpdateResult:
        """Edit a callback."""
        row, edit = await callbacks.update(
            info.context, input.callback_id, input.expected_version, input.changes()
        )
        callback = Callback.from_row(row)
        return CallbackUpdateSuccess(callback=callback, merged_fields=edit.merged_fields)

    @strawberry.mutation(description="Delete a callback. For admins.")
    async def callback_delete(self, info: Info, input: CallbackDeleteInput) -> CallbackDeleteResult:
        """Delete a callback."""
        await callbacks.delete(info.context, input.callback_id)
        return CallbackDeleteSuccess(callback_id=input.callback_id)

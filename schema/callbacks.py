"""Callbacks: lookups into the company's own systems, while an agent fills the form."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models import callbacks as rows
from models.callbacks import CallbackMethod, CallbackParameterPlace, CallbackParameterSource
from resolvers import callbacks
from resolvers.audiences import same_for_audience
from resolvers.scope import Scope
from schema.brands import Brand
from schema.fields import Info, column, derived, derived_in_scope, relation, requested_columns
from schema.nodes import FromRow, Node, node_id
from schema.registry import register

_DEFINITION_COLUMNS = (
    *("url", "method", "allows_http", "timeout_milliseconds"),
    *("headers", "fields", "has_secret"),
)


@strawberry.type(description="A value that the agent gives when a callback is run.")
class CallbackParameter:
    """A value that the agent gives when a callback is run."""

    name: str = strawberry.field(description="Its name in `callbackRun` and in the request.")
    label: str = strawberry.field(description="What it is called in the form.")
    is_required: bool = strawberry.field(description="Whether a run needs it.")
    place: CallbackParameterPlace = strawberry.field(description="Where it goes in the request.")
    source: CallbackParameterSource | None = strawberry.field(
        description="Which part of the form to fill it in from; null: the agent types it."
    )


@strawberry.type(description="A header that each request of a callback carries.")
class CallbackHeader:
    """A header that each request of a callback carries."""

    name: str = strawberry.field(description="Its name.")
    value: str | None = strawberry.field(description="Its value; null for a secret one.")
    is_secret: bool = strawberry.field(
        description="Whether its value is kept secret: it can be replaced, but never read."
    )


@strawberry.type(description="A value of the answer that is shown to agents.")
class CallbackField:
    """A value of the answer that is shown to agents."""

    label: str = strawberry.field(description="The label it is shown under.")
    pointer: str = strawberry.field(
        description="Where it stands in the JSON of the answer: a JSON pointer (RFC 6901)."
    )


@strawberry.type(description="How a callback asks, and whom. For admins.")
class CallbackDefinition:
    """How a callback asks, and whom."""

    url: str = strawberry.field(description="The URL; `{name}` in its path stands for a parameter.")
    method: CallbackMethod = strawberry.field(description="How it asks.")
    allows_http: bool = strawberry.field(description="Whether the URL may be an unencrypted one.")
    timeout_milliseconds: int = strawberry.field(
        description="How long a run may take in all, in milliseconds."
    )
    headers: list[CallbackHeader] = strawberry.field(description="What each request carries.")
    has_secret: bool = strawberry.field(
        description="Whether requests are signed. The key itself is never shown."
    )
    fields: list[CallbackField] = strawberry.field(
        description="What is shown of the answer, in this order."
    )


@same_for_audience
def _definition(row: Any, scope: Scope) -> CallbackDefinition | None:
    if not scope.viewer.is_admin:
        return None
    return CallbackDefinition(
        url=row.url,
        method=row.method,
        allows_http=row.allows_http,
        timeout_milliseconds=row.timeout_milliseconds,
        headers=[
            CallbackHeader(
                name=header["name"], value=header["value"], is_secret=header["value"] is None
            )
            for header in row.headers
        ],
        has_secret=row.has_secret,
        fields=[CallbackField(**field) for field in row.fields],
    )


def _parameter(stored: dict[str, Any]) -> CallbackParameter:
    source = stored["source"]
    return CallbackParameter(
        name=stored["name"],
        label=stored["label"],
        is_required=stored["is_required"],
        place=CallbackParameterPlace(stored["place"]),
        source=CallbackParameterSource(source) if source else None,
    )


@strawberry.type(description="A lookup into a system of the company, which agents run by hand.")
class Callback(FromRow, Node):
    """A lookup into a system of the company, which agents run by hand."""

    id: strawberry.ID = node_id(NodeKind.CALLBACK)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("What it is called in the form.")
    brands: list[Brand] = relation(
        "The brands whose agents run it, by name.", callbacks.brands_of, key="id"
    )
    parameters: list[CallbackParameter] = derived(
        "What to send with `callbackRun`.",
        lambda row: [_parameter(stored) for stored in row.parameters],
        needs=("parameters",),
    )
    labels: list[str] = derived(
        "The labels of the values that it brings, in their order.",
        lambda row: [field["label"] for field in row.fields],
        needs=("fields",),
    )
    definition: CallbackDefinition | None = derived_in_scope(
        "How it asks, and whom; null for all but admins.",
        _definition,
        needs=_DEFINITION_COLUMNS,
    )
    created_at: datetime = column("When the callback was added.")


@strawberry.type
class CallbackQuery:
    """Reading callbacks."""

    @strawberry.field(
        description="The callbacks of a brand, or of all the viewer's brands, by name. For agents."
    )
    async def callbacks(
        self,
        info: Info,
        brand_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only those of this brand.")
        ] = None,
    ) -> list[Callback]:
        """Load the callbacks."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        found = await callbacks.of_brand(info.context, brand_id, columns)
        return [Callback.from_row(row) for row in found]


register(NodeKind.CALLBACK, Callback, rows.Callback, callbacks.by_id)

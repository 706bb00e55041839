"""Running callbacks: for agents, and for admins who try out what they have not saved."""

from datetime import datetime
from typing import Annotated

import strawberry

from models.callbacks import CallbackMethod
from resolvers import callbacks
from schema.callback_mutations import (
    ALLOWS_HTTP,
    FIELDS,
    HEADERS,
    METHOD,
    PARAMETERS,
    SIGNING_KEY,
    TIMEOUT,
    URL,
    CallbackFieldInput,
    CallbackHeaderInput,
    CallbackParameterInput,
    parts_of,
)
from schema.errors import CallbackFailed, NotAllowed, NotFound, Unavailable, ValidationFailed
from schema.fields import Info
from services.lookups.requests import GivenParameter
from services.lookups.runs import CallbackRun


@strawberry.input(description="A value for a parameter.")
class CallbackParameterValueInput:
    """A value for a parameter."""

    name: str = strawberry.field(description="The parameter's name.")
    value: str | None = strawberry.field(
        default=None,
        description="What to send, at most 500 characters on one line; with nothing, or null, an "
        "optional parameter is left out of the request. Values for headers are ASCII.",
    )


@strawberry.input(
    description="A definition that is not saved, to be tried out. Given together with "
    "`callbackId`, an absent `secret` and secret headers without a value are the stored ones, as "
    "long as the URL leads to the same scheme, host and port."
)
class CallbackDraftInput:
    """A definition that is not saved, to be tried out."""

    url: str = strawberry.field(description=URL)
    method: CallbackMethod = strawberry.field(default=CallbackMethod.GET, description=METHOD)
    allows_http: bool = strawberry.field(default=False, description=ALLOWS_HTTP)
    timeout_milliseconds: int = strawberry.field(default=3_000, description=TIMEOUT)
    headers: list[CallbackHeaderInput] = strawberry.field(default_factory=list, description=HEADERS)
    secret: str | None = strawberry.field(default=strawberry.UNSET, description=SIGNING_KEY)
    parameters: list[CallbackParameterInput] = strawberry.field(
        default_factory=list, description=PARAMETERS
    )
    fields: list[CallbackFieldInput] = strawberry.field(description=FIELDS)


@strawberry.input(description="Which callback to run, and with what.")
class CallbackRunInput:
    """Which callback to run, and with what."""

    callback_id: strawberry.ID | None = strawberry.field(
        default=None, description="The callback; it may be absent where there is a `draft`."
    )
    draft: CallbackDraftInput | None = strawberry.field(
        default=None, description="What to run instead of what is saved. For admins."
    )
    parameters: list[CallbackParameterValueInput] = strawberry.field(
        default_factory=list,
        description="The values, each for a parameter of its own. One that is missing is told as "
        "`input.parameters.NAME`.",
    )


@strawberry.type(description="A value that a callback has brought.")
class CallbackValue:
    """A value that a callback has brought."""

    label: str = strawberry.field(description="The label it is shown under.")
    value: str | None = strawberry.field(
        description="The text as it is; numbers and booleans as JSON writes them; a list of such "
        "values with commas, and whatever else as JSON. Null where the answer has none. It is cut "
        "to 2,000 characters, which then end in `…`. Show it as text, never as HTML."
    )


@strawberry.type(description="The company's system has answered.")
class CallbackRunSuccess:
    """The company's system has answered."""

    values: list[CallbackValue] = strawberry.field(
        description="One for each of the callback's `labels`, in the same order."
    )
    fetched_at: datetime = strawberry.field(description="When it answered.")

    @classmethod
    def of(cls, run: CallbackRun) -> "CallbackRunSuccess":
        """Return what a run has brought."""
        values = [CallbackValue(label=each.label, value=each.value) for each in run.values]
        return cls(values=values, fetched_at=run.fetched_at)


CallbackRunResult = Annotated[
    CallbackRunSuccess | ValidationFailed | NotFound | NotAllowed | CallbackFailed | Unavailable,
    strawberry.union("CallbackRunResult", description="What was found, or why nothing was."),
]


@strawberry.type
class CallbackRunMutation:
    """Running callbacks."""

    @strawberry.mutation(
        description="Ask a system of the company, and see its answer under labels. It changes "
        "nothing here, and takes 3 seconds at most. A host that has failed five times in a row is "
        "`Unavailable` for half a minute; so is whatever an agent runs beside three others. "
        "For agents."
    )
    async def callback_run(self, info: Info, input: CallbackRunInput) -> CallbackRunResult:
        """Run a callback."""
        draft = None if input.draft is None else parts_of(input.draft)
        given = [GivenParameter(each.name, each.value) for each in input.parameters]
        return CallbackRunSuccess.of(
            await callbacks.run(info.context, input.callback_id, draft, given)
        )

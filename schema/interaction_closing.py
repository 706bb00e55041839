"""Closing interactions, and what is typed into the customer's form until then."""

from typing import Annotated

import strawberry

from core.ids import NodeKind
from resolvers import interactions
from resolvers.global_ids import optional_row_id
from schema.errors import (
    AlreadyExists,
    EditConflict,
    NotAllowed,
    NotFound,
    UnsavedChanges,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import present
from schema.interactions import Interaction
from services.interaction_closing import InteractionOutcome
from services.interaction_forms import CustomerForm

strawberry.enum(
    InteractionOutcome,
    description="What becomes of the customer's form when an interaction is closed.",
)

_INTERACTION = "The interaction."
_NOW = "The interaction as it is now."


@strawberry.input(
    name="CustomerFormInput",
    description="What stands in the customer's form. It is put over what was kept: an absent field "
    "stays as it was kept; null or an empty text is an empty field.",
)
class CustomerFormInput:
    """What stands in the customer's form."""

    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of the customer that was loaded into the form. Needed to save it; "
        "absent for the one that was kept. While something else was kept that stands not in this "
        "form, the older of both versions counts, so that nothing is overwritten unseen.",
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="The name, at most 200 characters."
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="The e-mail address, at most 254 characters."
    )
    phone: str | None = strawberry.field(
        default=strawberry.UNSET, description="The phone number, at most 250 characters."
    )
    language: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The language they write in: `en`, `tr` or `el`; at most 35 characters.",
    )
    company_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The company they work for."
    )

    def parsed(self, at: str) -> CustomerForm:
        """Return the form. Raises ValidationFailed, within the field `at`, for a wrong id."""
        values = present(self, "name", "email", "phone", "language", "company_id")
        if "company_id" in values:
            values["company_id"] = optional_row_id(
                values["company_id"], NodeKind.COMPANY, "input", at, "companyId"
            )
        return CustomerForm(values, self.expected_version)


@strawberry.input(description="What was typed into the customer's form, to be kept unsaved.")
class InteractionFormSaveInput:
    """What was typed into the customer's form."""

    interaction_id: strawberry.ID = strawberry.field(
        description="An interaction of the viewer's open list."
    )
    form: CustomerFormInput | None = strawberry.field(
        default=None,
        description="What was typed; fields that are absent stay as they were kept. Null where "
        "nothing is to be kept.",
    )


@strawberry.type(
    description="It is kept. What the customer is already is not: then there is no form any more."
)
class InteractionFormSaveSuccess:
    """What was typed is kept."""

    interaction: Interaction = strawberry.field(description=_NOW)


InteractionFormSaveResult = Annotated[
    InteractionFormSaveSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union(
        "InteractionFormSaveResult",
        description="The interaction, or why nothing was kept: `NotAllowed` where it is not on the "
        "viewer's open list.",
    ),
]


@strawberry.input(description="An interaction to be closed, and what becomes of the form.")
class InteractionCloseInput:
    """An interaction to be closed."""

    interaction_id: strawberry.ID = strawberry.field(description=_INTERACTION)
    outcome: InteractionOutcome | None = strawberry.field(
        default=None,
        description="What the person wants of what was typed. Leave it out at first: where nothing "
        "would be lost, nobody need be asked.",
    )
    customer_form: CustomerFormInput | None = strawberry.field(
        default=None,
        description="What stands in the form; what is absent is what was kept of it. Where closing "
        "is refused, it is kept, unless the interaction was closed already.",
    )


@strawberry.type(description="The interaction is not on the viewer's open list.")
class InteractionCloseSuccess:
    """The interaction is closed."""

    interaction: Interaction = strawberry.field(description=_NOW)
    merged_fields: list[str] = strawberry.field(
        description="The fields of the customer that others had changed since the version that was "
        "loaded into the form, where it was saved."
    )


InteractionCloseResult = Annotated[
    InteractionCloseSuccess
    | UnsavedChanges
    | ValidationFailed
    | NotFound
    | NotAllowed
    | EditConflict
    | AlreadyExists,
    strawberry.union(
        "InteractionCloseResult",
        description="The interaction, or why it stays open: `UnsavedChanges` where the person must "
        "be asked for an outcome, `EditConflict` where a colleague has changed the same fields of "
        "the customer, `AlreadyExists` where a customer has the address, or is known by now to be "
        "who is to be created. `NotAllowed` where it was closed already and something in the form "
        "would be lost: reopen it, and save.",
    ),
]


@strawberry.type
class InteractionClosingMutation:
    """Closing interactions."""

    @strawberry.mutation(
        description="Keep what the viewer has typed into the customer's form, unsaved: a reload, "
        "another tab and another device find it. Nobody else sees it. For agents."
    )
    async def interaction_form_save(
        self, info: Info, input: InteractionFormSaveInput
    ) -> InteractionFormSaveResult:
        """Keep what was typed."""
        form = None if input.form is None else input.form.parsed("form")
        interaction = await interactions.save_form(info.context, input.interaction_id, form)
        return InteractionFormSaveSuccess(interaction=Interaction.from_row(interaction))

    @strawberry.mutation(
        description="Take an interaction off the viewer's open list. Nothing that was typed is "
        "lost: it is saved or dropped as `outcome` says, and without one the answer is "
        "`UnsavedChanges`. Closing twice changes nothing, and is refused where the form has "
        "something that was not saved. For agents."
    )
    async def interaction_close(
        self, info: Info, input: InteractionCloseInput
    ) -> InteractionCloseResult:
        """Close an interaction."""
        form = None if input.customer_form is None else input.customer_form.parsed("customerForm")
        interaction, merged_fields = await interactions.close(
            info.context, input.interaction_id, input.outcome, form
        )
        return InteractionCloseSuccess(
            interaction=Interaction.from_row(interaction), merged_fields=list(merged_fields)
        )

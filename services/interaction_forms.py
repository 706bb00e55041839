"""The customer's form on an agent's open list: what was typed and not saved yet.

It is kept as it was typed, so that a reload, another tab or another device finds it; whether it is
right is asked when it is saved.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from core.text import is_far_over, normalise
from models.base import EMAIL_CHARACTERS, NAME_CHARACTERS
from models.customers import Customer
from models.interactions import Interaction, InteractionEntry
from models.viewers import Viewer
from services import customers
from services.changes import Edit, edited_fields
from services.customers import NewCustomer
from services.interaction_lists import InteractionInHand, take
from services.unit_of_work import UnitOfWork
from services.validation import PHONE_TEXT_CHARACTERS, InputCheck

LANGUAGE_CHARACTERS = 35  # BCP 47, section 4.4.1: longer language tags are not to be expected
_LIMITS = {
    "name": NAME_CHARACTERS,
    "email": EMAIL_CHARACTERS,
    "phone": PHONE_TEXT_CHARACTERS,
    "language": LANGUAGE_CHARACTERS,
}
_PUBLIC_NAMES = {"company_id": "company"}


@dataclass(frozen=True, slots=True)
class CustomerForm:
    """What stands in a form: a value for each column that the form has.

    `expected_version` is the version of the customer that was loaded into it, if there was one.
    """

    values: Mapping[str, Any]
    expected_version: int | None = None

    def overlaid(self, form: Self) -> Self:
        """Return this form with what a newer one has; what that has not stays as it is.

        What stays was typed over its own version of the customer, so the older version counts: a
        newer one would let it overwrite what colleagues have changed since.
        """
        values = {**self.values, **form.values}
        if form.expected_version is None:
            return replace(self, values=values)
        if self.values.keys() <= form.values.keys():
            return replace(form, values=values)
        loaded = self.expected_version
        older = None if loaded is None else min(loaded, form.expected_version)
        return replace(form, values=values, expected_version=older)

    @property
    def fields(self) -> list[str]:
        """The fields that the form has, by their public names."""
        return [_PUBLIC_NAMES.get(name, name) for name in self.values]

    @property
    def company_id(self) -> UUID | None:
        """The company that was chosen, if one was."""
        return self.values.get("company_id")

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return the form that was kept in this shape."""
        values = dict(kept["values"])
        if values.get("company_id"):
            values["company_id"] = UUID(values["company_id"])
        return cls(values, kept["expected_version"])

    def as_json(self) -> dict[str, Any]:
        """Return the shape in which the form is kept."""
        values = dict(self.values)
        if values.get("company_id"):
            values["company_id"] = values["company_id"].hex
        return {"values": values, "expected_version": self.expected_version}


async def save(
    work: UnitOfWork,
    viewer: Viewer,
    interaction_id: UUID,
    form: CustomerForm | None,
) -> Interaction:
    """Keep what the agent has typed, over what was kept before; None leaves nothing to keep.

    What the customer is already is nothing to keep either. Raises InteractionNotOpen where it is
    not on the agent's open list, and ValidationFailed for texts that are too long.
    """
    hand = await take(work, viewer, interaction_id)
    entry = hand.require_open_entry()
    kept = None
    if form is not None:
        customer = await _customer_of(hand)
        typed = kept_in(entry).overlaid(clean(form, customer, "form"))
        kept = await _worth_keeping(work, customer, typed)
    _keep(hand, entry, kept)
    return hand.interaction


async def keep_refused(
    work: UnitOfWork, viewer: Viewer, interaction_id: UUID, form: CustomerForm
) -> None:
    """Keep a form that could not be saved, with no version that there is not. Raises as `save`."""
    hand = await take(work, viewer, interaction_id)
    entry = hand.require_open_entry()
    customer = await _customer_of(hand)
    loaded = form.expected_version
    if customer is not None and loaded is not None and not 0 <= loaded <= customer.version:
        form = replace(form, expected_version=None)
    typed = kept_in(entry).overlaid(clean(form, customer, "customerForm"))
    _keep(hand, entry, await _worth_keeping(work, customer, typed))


def kept_in(entry: InteractionEntry) -> CustomerForm:
    """Return what was kept of an agent's form: an empty one where that is nothing."""
    return CustomerForm({}) if entry.form is None else CustomerForm.from_json(entry.form)


def clean(form: CustomerForm, customer: Customer | None, at: str) -> CustomerForm:
    """Return a form as it is kept: an address may be half typed, but nothing may be endless.

    Raises ValidationFailed within the field `at` of the input.
    """
    check = InputCheck()
    values = dict(form.values)
    for name, limit in _LIMITS.items():
        if values.get(name) is None:
            continue
        text = values[name] if is_far_over(values[name], limit) else normalise(values[name])
        if len(text) > limit:
            check.refuse(f"{at}.{name}", FieldErrorCode.TOO_LONG, limit, len(text))
        values[name] = text
    loaded = form.expected_version if customer is not None else None
    if loaded is not None and loaded < 0:
        check.refuse(f"{at}.expectedVersion", FieldErrorCode.OUT_OF_RANGE, 0, loaded)
    if loaded is not None and customer is not None and loaded > customer.version:
        code = FieldErrorCode.VERSION_IN_FUTURE
        check.refuse(f"{at}.expectedVersion", code, customer.version, loaded)
    check.raise_problems()
    return replace(form, values=values, expected_version=loaded)


async def unsaved_fields(
    work: UnitOfWork, customer: Customer | None, form: CustomerForm
) -> list[str]:
    """Return the fields that would be lost, by their public names.

    That is all that was typed where there is no customer yet, and otherwise what the customer
    neither is nor was when the form was loaded.
    """
    if customer is None:
        typed = (name for name, value in form.values.items() if value)
        return [_PUBLIC_NAMES.get(name, name) for name in typed]
    loaded = customer.version if form.expected_version is None else form.expected_version
    language = form.values.get("language") or customer.language
    settled = {name: _settled(name, value, language) for name, value in form.values.items()}
    return await edited_fields(work, customer, loaded, settled, field_names=_PUBLIC_NAMES)


async def _customer_of(hand: InteractionInHand) -> Customer | None:
    customer_id = hand.interaction.customer_id
    return await hand.work.session.get(Customer, customer_id) if customer_id else None


async def _worth_keeping(
    work: UnitOfWork, customer: Customer | None, form: CustomerForm
) -> dict[str, Any] | None:
    return form.as_json() if await unsaved_fields(work, customer, form) else None


def _keep(hand: InteractionInHand, entry: InteractionEntry, form: dict[str, Any] | None) -> None:
    """Keep a form, and tell the agent's screens if it is another than before."""
    if form != entry.form:
        entry.form = form
        hand.tell_own_lists("InteractionChanged")


async def apply(work: UnitOfWork, viewer: Viewer, customer: Customer, form: CustomerForm) -> Edit:
    """Save a form. Raises as `customers.update` does, at the field `customerForm` of the input."""
    with _refused_at("customerForm"):
        if form.expected_version is None:
            path = ("input", "expectedVersion")
            raise ValidationFailed(FieldProblem(path, FieldErrorCode.REQUIRED))
        _, edit = await customers.update(
            work, viewer, customer.id, form.expected_version, _without_blanks(form.values)
        )
    return edit


async def create(work: UnitOfWork, viewer: Viewer, form: CustomerForm) -> Customer:
    """Write a customer out of a form, whom `customers.show` shows then.

    Raises as `customers.create` does, at the field `customerForm` of the input.
    """
    values = {"name": "", **_without_blanks(form.values)}
    with _refused_at("customerForm"):
        return await customers.insert_typed(work, viewer, NewCustomer(**values))


def _settled(name: str, value: Any, language: str | None) -> Any:
    """Return a value as a customer who writes this language has it.

    That is as it was typed where no customer can have it.
    """
    check = InputCheck()
    match name:
        case "name":
            settled: Any = check.line(name, value, NAME_CHARACTERS)
        case "email":
            settled = check.optional_email(name, value)
        case "phone":
            settled = check.optional_phone(name, value, language)
        case _:
            settled = value or None
    return value if check.problems else settled


def _without_blanks(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a form, in which an empty field says that there is nothing."""
    return {name: value or None for name, value in values.items()}


@contextmanager
def _refused_at(field: str) -> Iterator[None]:
    """Let what is refused stand within `field` of the input."""
    try:
        yield
    except ValidationFailed as error:
        problems = [
            replace(problem, path=("input", field, *problem.path[1:])) for problem in error.problems
        ]
        raise ValidationFailed(*problems) from error

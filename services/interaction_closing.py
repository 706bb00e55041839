"""Closing interactions: nothing that was typed may be lost without a word."""

from enum import StrEnum
from uuid import UUID

from core.errors import (
    FieldErrorCode,
    FieldProblem,
    InteractionNotOpen,
    UnsavedChanges,
    ValidationFailed,
)
from models.customers import Customer
from models.interactions import Interaction, InteractionEntry
from models.viewers import Viewer
from services import customers, interaction_forms
from services.channel_profiles import Sender
from services.company_people import heed_companies
from services.interaction_forms import CustomerForm, unsaved_fields
from services.interaction_handles import (
    introduce,
    learn,
    refuse_known,
    take_handle_of,
    take_namesakes,
)
from services.interaction_lists import InteractionInHand, take
from services.unit_of_work import UnitOfWork


class InteractionOutcome(StrEnum):
    """What becomes of the customer's form when an interaction is closed."""

    SAVE = "SAVE"
    DISCARD = "DISCARD"
    CREATE = "CREATE"


async def close(
    work: UnitOfWork,
    viewer: Viewer,
    interaction_id: UUID,
    outcome: InteractionOutcome | None,
    form: CustomerForm | None,
) -> tuple[Interaction, list[str]]:
    """Take an interaction off the agent's open list; one that is closed there stays as it is.

    `form` is what stands on the agent's screen, put over what was kept of it. Returns the
    interaction, and the fields of the customer that others had changed before they were saved.

    Raises UnsavedChanges where something would be lost and no outcome says what becomes of it, and
    what saving or creating the customer raises; then it stays open. Raises InteractionNotOpen where
    another tab has closed it, and something would be lost.
    """
    if outcome is InteractionOutcome.CREATE:
        await take_handle_of(work, interaction_id)
    await heed_companies(work)
    hand = await take(work, viewer, interaction_id)
    entry = hand.own_entry
    if entry is None:
        raise InteractionNotOpen
    is_to_settle = outcome is not InteractionOutcome.DISCARD
    if entry.closed_at is not None:
        if is_to_settle and form is not None:
            await _refuse_loss(hand, form)
        return hand.interaction, []
    work.happen_after(max(entry.opened_at, hand.interaction.opened_at))
    merged_fields = await _settle(hand, viewer, entry, form, outcome) if is_to_settle else []
    entry.closed_at, entry.form = work.now, None
    if hand.is_on_an_open_list:
        hand.tell_own_lists("InteractionClosed")
    else:
        interaction = hand.interaction
        interaction.closed_at = work.now
        interaction.first_closed_at = interaction.first_closed_at or work.now
        await hand.tell("InteractionClosed")
    return hand.interaction, merged_fields


async def _refuse_loss(hand: InteractionInHand, form: CustomerForm) -> None:
    """Raise InteractionNotOpen where a form has something that the customer has not."""
    customer = await hand.lock_customer()
    typed = interaction_forms.clean(form, customer, "customerForm")
    if await unsaved_fields(hand.work, customer, typed):
        raise InteractionNotOpen


def _typed(
    entry: InteractionEntry, customer: Customer | None, form: CustomerForm | None
) -> CustomerForm:
    """Return what stands in the form: what is on the agent's screen, put over what was kept."""
    kept = interaction_forms.kept_in(entry)
    if form is None:
        return kept
    return kept.overlaid(interaction_forms.clean(form, customer, "customerForm"))


async def _settle(
    hand: InteractionInHand,
    viewer: Viewer,
    entry: InteractionEntry,
    form: CustomerForm | None,
    outcome: InteractionOutcome | None,
) -> list[str]:
    """Save or create if that is the outcome; return what others had changed of the customer.

    Raises UnsavedChanges where there is something to save and no outcome.
    """
    namesakes = await take_namesakes(hand) if outcome is InteractionOutcome.CREATE else []
    customer = await hand.lock_customer()
    typed = _typed(entry, customer, form)
    if outcome is InteractionOutcome.CREATE:
        await refuse_known(hand.work, viewer, hand.interaction)
        await _create(hand, namesakes, viewer, typed)
        return []
    if customer is None and outcome is InteractionOutcome.SAVE:
        problem = FieldProblem(("input", "outcome"), FieldErrorCode.NOT_ALLOWED_VALUE)
        raise ValidationFailed(problem)
    unsaved = await unsaved_fields(hand.work, customer, typed)
    if customer is None:
        raise UnsavedChanges(unsaved or ["customer"])
    if not unsaved:
        return []
    if outcome is None:
        raise UnsavedChanges(unsaved)
    edit = await interaction_forms.apply(hand.work, viewer, customer, typed)
    return edit.merged_fields


async def _create(
    hand: InteractionInHand, namesakes: list[InteractionInHand], viewer: Viewer, form: CustomerForm
) -> None:
    """Make the customer of an interaction, and say by what they are known."""
    customer = await interaction_forms.create(hand.work, viewer, form)
    interaction = hand.interaction
    await learn(hand, customer.id)
    if interaction.handle is None:
        await customers.show(hand.work, customer, None)
    else:
        sender = Sender(interaction.channel, interaction.handle)
        await introduce(hand, namesakes, customer, sender)

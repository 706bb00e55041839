"""Interactions: opening them, saying what they were about, and opening them again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.errors import FieldErrorCode, FieldProblem, NotFound, ValidationFailed
from models import tickets
from models.base import FREE_TEXT_CHARACTERS
from models.channels import Channel
from models.claims import seen_as
from models.customers import Customer
from models.interactions import Interaction
from models.tickets import Ticket
from models.viewers import Viewer
from services.changes import Edit, apply_edit
from services.channel_profiles import owner_of
from services.company_people import heed_companies
from services.directory import once_of
from services.handles import clean_handle, handle_key
from services.idempotency import create_once
from services.interaction_handles import learn, recognise, take_handle_of, take_namesakes
from services.interaction_lists import (
    InteractionInHand,
    check_room,
    require_agent,
    take,
    take_editable,
    take_newest,
    take_open_list,
)
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# What changes show of a ticket: who hears of them may not see it, and its number tells of it.
SOME_TICKET = "…"


@dataclass(frozen=True, slots=True)
class NewContact:
    """With whom an agent begins to be in touch: either customer, handle or ticket is given."""

    channel: Channel
    customer_id: UUID | None = None
    handle: str | None = None
    ticket_id: UUID | None = None


async def open_interaction(
    work: UnitOfWork, viewer: Viewer, new: NewContact, *, idempotency_key: str | None = None
) -> Interaction:
    """Put a contact on the agent's open list, unless the same one stands there already.

    Raises LimitReached where the list is full, and NotFound for a hidden customer or ticket.
    """
    agent_id = require_agent(viewer)
    _check_choice(customerId=new.customer_id, handle=new.handle, ticketId=new.ticket_id)
    once = once_of("interactionOpen", idempotency_key, new)
    return await create_once(work, once, Interaction, partial(_open, work, viewer, agent_id, new))


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    interaction_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Interaction, Edit]:
    """Edit with whom an interaction was, and what about; absent fields stay as they are.

    A ticket says who the customer is, where nobody knew. Then the handle is theirs, where it was
    nobody's. Raises EditConflict where somebody else changed the same field since
    `expected_version`.
    """
    says_who = wanted.get("customer_id") is not None or wanted.get("ticket_id") is not None
    if says_who:
        await take_handle_of(work, interaction_id)
        await heed_companies(work)
    hand = await take_editable(work, viewer, interaction_id)
    namesakes = await take_namesakes(hand) if says_who else []
    interaction, customer_before = hand.interaction, hand.interaction.customer_id
    cleaned = await _clean(work, viewer, interaction, wanted)
    await hand.lock_customers(customer_before, cleaned.get("customer_id"))
    edit = await apply_edit(
        work,
        interaction,
        expected_version,
        cleaned,
        field_names={"customer_id": "customer", "ticket_id": "ticket"},
        labels=await _labels(work, interaction, cleaned),
    )
    if {"customer", "ticket"} & {change.field for change in edit.changes}:
        await _check_ticket(work, interaction, wanted)
    has_moved = interaction.customer_id != customer_before
    if has_moved:
        _check_move(interaction, customer_before)
        _forget_loaded_customer(hand)
    if edit.changes:
        await hand.tell("InteractionChanged", edit.changes, former_customer_id=customer_before)
    if has_moved and interaction.customer_id is not None:
        await recognise(hand, namesakes, interaction.customer_id)
    return interaction, edit


async def reopen(
    work: UnitOfWork,
    viewer: Viewer,
    *,
    interaction_id: UUID | None = None,
    customer_id: UUID | None = None,
) -> Interaction:
    """Put an interaction, or the newest one of a customer, on the agent's open list again.

    One that stands there stays as it is. Raises LimitReached where the list is full.
    """
    agent_id = require_agent(viewer)
    _check_choice(interactionId=interaction_id, customerId=customer_id)
    open_list = await take_open_list(work, agent_id)
    if customer_id is not None:
        hand = await take_newest(work, viewer, customer_id)
    else:
        hand = await take(work, viewer, interaction_id)
    interaction = hand.interaction
    if hand.is_on_own_open_list:
        return interaction
    check_room(open_list)
    hand.enter()
    if interaction.closed_at is None:
        hand.tell_own_lists("InteractionReopened")
    else:
        interaction.closed_at = None
        await hand.tell("InteractionReopened")
    return interaction


async def _open(
    work: UnitOfWork, viewer: Viewer, agent_id: UUID, new: NewContact, row_id: UUID
) -> Interaction:
    open_list = await take_open_list(work, agent_id)
    contact = await _recognise(work, viewer, new)
    same = next((interaction for interaction in open_list if _is_with(interaction, contact)), None)
    if same is not None:
        return await _open_already(work, viewer, same, contact)
    check_room(open_list)
    interaction = Interaction(
        id=row_id,
        agent_id=agent_id,
        customer_id=contact.customer_id,
        ticket_id=contact.ticket_id,
        channel=contact.channel,
        handle=contact.handle,
        opened_at=work.now,
        version=0,
    )
    hand = InteractionInHand(work, interaction, agent_id, [])
    customer = await hand.lock_customer()
    if customer is not None and customer.merged_into_id is not None:
        interaction.customer_id = customer.merged_into_id  # it happened while the act waited
        await hand.lock_customer()
    work.session.add(interaction)
    await work.session.flush()
    hand.enter()
    await hand.tell("InteractionOpened")
    return interaction


async def _recognise(work: UnitOfWork, viewer: Viewer, new: NewContact) -> NewContact:
    """Return the contact with its customer, if anybody knows who it is."""
    if new.ticket_id is not None:
        ticket = await _ticket(work, viewer, new.ticket_id)
        if ticket is None:
            raise NotFound
        return replace(new, customer_id=ticket.customer_id)
    if new.handle is not None:
        handle = _clean_handle(new.channel, new.handle)
        customer = await owner_of(work, new.channel, handle)
        return replace(new, handle=handle, customer_id=customer.id if customer else None)
    known = await _customer(work, viewer, new.customer_id)
    if known is None:
        raise NotFound
    return replace(new, customer_id=known.id)


async def _open_already(
    work: UnitOfWork, viewer: Viewer, same: Interaction, contact: NewContact
) -> Interaction:
    """Let an interaction that is open already learn who it is with, if somebody knows by now."""
    if same.customer_id is None and contact.customer_id is not None:
        hand = await take(work, viewer, same.id)
        if hand.interaction.customer_id is None:
            await learn(hand, contact.customer_id)
    return same


def _is_with(interaction: Interaction, contact: NewContact) -> bool:
    """Tell whether an interaction is the contact that is to be opened."""
    if contact.ticket_id is not None:
        return interaction.ticket_id == contact.ticket_id
    if interaction.channel is not contact.channel:
        return False
    if interaction.customer_id is not None:
        return interaction.customer_id == contact.customer_id
    if interaction.handle is None or contact.handle is None:
        return False
    key = handle_key(contact.channel, contact.handle)
    return handle_key(interaction.channel, interaction.handle) == key


def _clean_handle(channel: Channel, handle: str) -> str:
    """Return a handle as it is kept. Raises ValidationFailed."""
    check = InputCheck()
    cleaned = clean_handle(check, "handle", channel, handle)
    check.raise_problems()
    return cleaned


def _check_choice(**given: object) -> None:
    """Raise ValidationFailed unless exactly one of some fields of the input is given."""
    check = InputCheck()
    names = [name for name, value in given.items() if value is not None]
    if not names:
        check.refuse(next(iter(given)), FieldErrorCode.REQUIRED)
    for name in names[1:]:
        check.refuse(name, FieldErrorCode.NOT_ALLOWED_VALUE)
    check.raise_problems()


async def _clean(
    work: UnitOfWork, viewer: Viewer, interaction: Interaction, wanted: Mapping[str, Any]
) -> dict[str, Any]:
    check = InputCheck()
    cleaned = dict(wanted)
    if "summary" in cleaned:
        cleaned["summary"] = check.optional_text(
            "summary", cleaned["summary"], FREE_TEXT_CHARACTERS
        )
    customer_id, ticket_id = cleaned.get("customer_id"), cleaned.get("ticket_id")
    if customer_id is not None:
        known = await _customer(work, viewer, customer_id)
        if known is None:
            check.refuse("customerId", FieldErrorCode.UNKNOWN_REFERENCE)
        else:
            cleaned["customer_id"] = known.id
    if ticket_id is not None:
        ticket = await _ticket(work, viewer, ticket_id)
        if ticket is None:
            check.refuse("ticketId", FieldErrorCode.UNKNOWN_REFERENCE)
        elif interaction.customer_id is None:
            cleaned.setdefault("customer_id", ticket.customer_id)
    check.raise_problems()
    return cleaned


async def _check_ticket(
    work: UnitOfWork, interaction: Interaction, wanted: Mapping[str, Any]
) -> None:
    """Raise ValidationFailed where the ticket is one of somebody else than the customer."""
    if interaction.ticket_id is None:
        return
    ticket = await work.session.get_one(Ticket, interaction.ticket_id)
    if ticket.customer_id != interaction.customer_id:
        field = "ticketId" if "ticket_id" in wanted else "customerId"
        problem = FieldProblem(("input", field), FieldErrorCode.NOT_ALLOWED_VALUE)
        raise ValidationFailed(problem)


def _check_move(interaction: Interaction, customer_before: UUID | None) -> None:
    """Raise ValidationFailed where a closed interaction would leave its customer's history.

    It would make an older one the newest, which can be changed again.
    """
    if interaction.first_closed_at is not None and customer_before is not None:
        problem = FieldProblem(("input", "customerId"), FieldErrorCode.NOT_ALLOWED_VALUE)
        raise ValidationFailed(problem)


def _forget_loaded_customer(hand: InteractionInHand) -> None:
    """Let what agents have typed be about the customer as they are now: it was about another."""
    for entry in hand.entries:
        if entry.form is not None:
            entry.form = entry.form | {"expected_version": None}


async def _labels(
    work: UnitOfWork, interaction: Interaction, cleaned: Mapping[str, Any]
) -> dict[UUID, str]:
    """Return names of customers; tickets have none, for who reads this may not see them."""
    customer_ids = {interaction.customer_id, cleaned.get("customer_id")}
    names = await work.session.execute(
        select(Customer.id, Customer.name).where(Customer.id.in_(filter(None, customer_ids)))
    )
    tickets_shown = dict.fromkeys(
        filter(None, (interaction.ticket_id, cleaned.get("ticket_id"))), SOME_TICKET
    )
    return {row.id: row.name for row in names} | tickets_shown


async def _customer(work: UnitOfWork, viewer: Viewer, row_id: UUID | None) -> Customer | None:
    return await work.session.scalar(select(Customer).where(seen_as(viewer, row_id)))


async def _ticket(work: UnitOfWork, viewer: Viewer, row_id: UUID) -> Ticket | None:
    return await work.session.scalar(
        select(Ticket).where(tickets.visible_to(viewer), Ticket.id == row_id)
    )

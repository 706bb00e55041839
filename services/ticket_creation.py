"""Tickets that agents open for a customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from core.errors import NotAllowed
from core.ids import new_id
from models import brands
from models.base import NAME_CHARACTERS
from models.brands import Brand
from models.channels import Channel
from models.customers import Customer
from models.event_topics import topic_of
from models.events import read_events
from models.tags import TicketTag
from models.ticket_templates import TicketTemplate
from models.tickets import Ticket, TicketPriority, TicketStatus
from models.viewers import ApiScope, Viewer
from services import (
    attachments,
    notes,
    notifications,
    ticket_customers,
    ticket_drafts,
    ticket_templates,
)
from services.directory import once_of
from services.idempotency import create_once
from services.links import LinkedRows
from services.messages import NewTicket, default_email_subject, open_ticket
from services.references import required_brand
from services.template_problems import TemplateProblem
from services.ticket_customers import TicketCustomer
from services.ticket_filling import FilledForm, fill_in, template_of
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck


@dataclass(frozen=True, slots=True)
class TicketForm:
    """What an agent has filled in: `values` are those fields that were given, null for none.

    `save_as` is the name of the template that the form becomes, too; `draft_id` the draft that is
    done with it.
    """

    brand_id: UUID
    customer: TicketCustomer
    values: Mapping[str, Any] = field(default_factory=dict)
    template_id: UUID | None = None
    save_as: str | None = None
    draft_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CreatedTicket:
    """A ticket, the template that was saved with it, and what of its own template it lacks."""

    ticket: Ticket
    template_id: UUID | None = None
    left_out: Sequence[TemplateProblem] = ()

    @property
    def ticket_id(self) -> UUID:
        """The ticket's id."""
        return self.ticket.id


async def create(
    work: UnitOfWork, viewer: Viewer, form: TicketForm, *, idempotency_key: str | None = None
) -> CreatedTicket:
    """Open a ticket for a customer, by the form and the template under it.

    What the form says of a field goes first, then what the template says. The description becomes
    a private inline note, on which the files stand: nothing of it ever goes out. A draft goes with
    the ticket, and a template is saved with it, or nothing happens at all.

    Raises NotFound for a draft that is not the viewer's, AlreadyExists with the template that has
    the name, LimitReached, and ValidationFailed.
    """
    if not viewer.may(ApiScope.TICKETS_WRITE):
        raise NotAllowed
    if form.save_as is not None and not viewer.is_agent:
        raise NotAllowed
    once = once_of("ticketCreate", idempotency_key, form)
    # Whoever opens a ticket for a team whose tickets they do not see gets the same answer again.
    shown = Ticket.brand_id.in_(select(Brand.id).where(brands.visible_to(viewer)))
    made: list[CreatedTicket] = []
    create_now = partial(_create, work, viewer, form, made)
    ticket = await create_once(work, once, Ticket, create_now, shown=[shown])
    return made[0] if made else await _as_created(work, ticket)


async def _create(
    work: UnitOfWork,
    viewer: Viewer,
    form: TicketForm,
    made: list[CreatedTicket],
    row_id: UUID,
) -> Ticket:
    brand = await required_brand(work, form.brand_id, brands.visible_to(viewer))
    check = InputCheck()
    person = ticket_customers.clean(check, form.customer)
    saved_name = None
    if form.save_as is not None:
        saved_name = check.line("saveAsTemplate.name", form.save_as, NAME_CHARACTERS)
        await ticket_templates.take_names(work, brand.id)
    await ticket_customers.take_address(work, person)
    template = await template_of(work, viewer, check, brand.id, form.template_id)
    filled = await fill_in(work, check, brand.id, form.values, template)
    check.raise_problems()
    if form.draft_id is not None:
        await ticket_drafts.delete(work, viewer, form.draft_id)
    saved = None
    if saved_name is not None:
        saved = await ticket_templates.add(
            work, brand.id, saved_name, filled.values, filled.tags, row_id=new_id()
        )
    customer = await ticket_customers.find_or_add(work, viewer, person)
    origin = _origin(template, saved, filled.left_out)
    hand = await _open(work, brand, customer, filled, origin, row_id)
    await _put_tags(work, hand.ticket, filled.tags)
    await _describe(work, viewer, hand, filled, saved)
    notifications.tell_assigned(work, hand.ticket)
    await hand.finish()
    saved_id = None if saved is None else saved.id
    made.append(CreatedTicket(hand.ticket, saved_id, filled.left_out))
    return hand.ticket


async def _open(
    work: UnitOfWork,
    brand: Brand,
    customer: Customer,
    filled: FilledForm,
    origin: Mapping[str, Any],
    row_id: UUID,
) -> TicketInHand:
    values = filled.values
    subject = values.get("email_subject") or default_email_subject(brand)
    new = NewTicket(
        brand,
        customer,
        Channel.INTERNAL,
        values.get("title") or subject,
        email_subject=subject,
        status=values.get("status") or TicketStatus.NEW,
        priority=values.get("priority") or TicketPriority.MEDIUM,
        topic_id=values.get("topic_id"),
        team_id=values.get("team_id"),
        assignee_id=values.get("assignee_id"),
        origin=origin,
    )
    return await open_ticket(work, new, row_id=row_id)


async def _put_tags(work: UnitOfWork, ticket: Ticket, tags: LinkedRows) -> None:
    if tags.ids:
        rows = [{"ticket_id": ticket.id, "tag_id": tag_id} for tag_id in sorted(tags.ids)]
        await work.session.execute(insert(TicketTag), rows)


async def _describe(
    work: UnitOfWork,
    viewer: Viewer,
    hand: TicketInHand,
    filled: FilledForm,
    saved: TicketTemplate | None,
) -> None:
    """Write the description and the files as a private note, and the files on the template, too."""
    text = filled.values.get("description") or ""
    if not text and not filled.file_count:
        return
    note = await notes.add_inline(work, viewer, hand, text, file_count=filled.file_count)
    await attachments.attach(work, filled.uploads, note, listed=filled.files)
    await attachments.copy(work, filled.template_files, note)
    if saved is not None:
        await attachments.copy(work, [*filled.uploads, *filled.template_files], saved)


def _origin(
    template: TicketTemplate | None,
    saved: TicketTemplate | None,
    left_out: Sequence[TemplateProblem],
) -> dict[str, Any]:
    """Return what the log keeps of how a ticket came about, and what a retry is answered with."""
    origin: dict[str, Any] = {}
    if template is not None:
        origin["template_id"] = template.id.hex
    if saved is not None:
        origin["saved_template_id"] = saved.id.hex
    if left_out:
        origin["left_out"] = [problem.as_payload() for problem in left_out]
    return origin


async def _as_created(work: UnitOfWork, ticket: Ticket) -> CreatedTicket:
    """Return what the act that opened a ticket was answered with."""
    (first,) = await read_events(work.session, topic_of(ticket), 0, 1)
    saved = first.payload.get("saved_template_id")
    left_out = first.payload.get("left_out", ())
    return CreatedTicket(
        ticket,
        UUID(saved) if saved else None,
        [TemplateProblem.from_payload(payload) for payload in left_out],
    )

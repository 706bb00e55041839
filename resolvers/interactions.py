"""Interactions, as the viewer may see them: lists, single ones, and what agents do with them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from core.edit_conflicts import EditConflict
from core.errors import (
    AlreadyExists,
    NotAllowed,
    UnsavedChanges,
    ValidationFailed,
)
from core.ids import NodeKind
from core.pages import Page, by_moment, select_page, to_page
from models import tickets
from models.base import Columns, project
from models.event_topics import interactions_topic
from models.events import read_heads
from models.interactions import Interaction, InteractionEntry, InteractionTag, visible_to
from models.tickets import Ticket
from models.viewers import Viewer
from resolvers.access import require_signed_in
from resolvers.audiences import personal, same_for_audience
from resolvers.batches import PageArguments, grouped, pages_by_parent, rows_by_id
from resolvers.global_ids import optional_row_id, row_id_of
from resolvers.scope import Scope
from services import interaction_closing, interaction_forms, interaction_tags, interactions
from services.changes import Edit
from services.interaction_closing import InteractionOutcome
from services.interaction_forms import CustomerForm
from services.interaction_lists import require_agent
from services.interactions import NewContact

NEWEST_FIRST = by_moment("opened_at", Interaction.opened_at, Interaction.id, descending=True)
# A colleague may still have open what the viewer has closed, so each list has moments of its own.
CLOSED_LAST_FIRST = by_moment(
    "left_list_at", InteractionEntry.closed_at, Interaction.id, descending=True
)

by_id = rows_by_id(Interaction, visible_to)

# Whoever sees an interaction does not yet see its ticket, which may be assigned to one of them.
ticket = personal(rows_by_id(Ticket, tickets.visible_to))

by_customer = same_for_audience(
    pages_by_parent(
        Interaction,
        Interaction.customer_id,
        NEWEST_FIRST,
        limits=lambda viewer, _only: [visible_to(viewer)],
    )
)


@same_for_audience
async def tags(
    scope: Scope, interaction_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, Sequence[str]]:
    """Return the tags of interactions that the viewer has come to see, in alphabetical order."""
    rows = await scope.fetch(
        select(InteractionTag.interaction_id, InteractionTag.tag)
        .where(InteractionTag.interaction_id.in_(interaction_ids))
        .order_by(InteractionTag.tag_key)
    )
    groups = grouped(rows, "interaction_id")
    return {interaction_id: [row.tag for row in of] for interaction_id, of in groups.items()}


@personal
async def forms(
    scope: Scope, interaction_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, CustomerForm]:
    """Return what the viewer has typed and not saved; nobody is shown what others have typed."""
    rows = await scope.fetch(
        select(InteractionEntry.interaction_id, InteractionEntry.form).where(
            InteractionEntry.agent_id == scope.viewer.agent_id,
            InteractionEntry.interaction_id.in_(interaction_ids),
            InteractionEntry.form.is_not(None),
        )
    )
    return {row.interaction_id: CustomerForm.from_json(row.form) for row in rows}


def agent_of(viewer: Viewer) -> UUID:
    """Return whose lists are asked for.

    Raises Unauthenticated for strangers, and NotAllowed for others who have no lists.
    """
    require_signed_in(viewer)
    return require_agent(viewer)


async def open_list(scope: Scope, columns: Columns) -> Sequence[Row[Any]]:
    """Return the viewer's open list, the one opened last first."""
    mine = InteractionEntry.agent_id == agent_of(scope.viewer)
    return await scope.fetch(
        select(*project(Interaction, columns))
        .join(InteractionEntry, InteractionEntry.interaction_id == Interaction.id)
        .where(mine, InteractionEntry.closed_at.is_(None))
        .order_by(InteractionEntry.opened_at.desc(), Interaction.id.desc())
    )


async def recent_page(scope: Scope, arguments: PageArguments, columns: Columns) -> Page:
    """Return one page of what the viewer has closed, the one closed last first."""
    mine = InteractionEntry.agent_id == agent_of(scope.viewer)
    closed = (
        select(*project(Interaction, columns), InteractionEntry.closed_at.label("left_list_at"))
        .join(InteractionEntry, InteractionEntry.interaction_id == Interaction.id)
        .where(mine, InteractionEntry.closed_at.is_not(None))
    )
    rows = await scope.fetch(select_page(closed, CLOSED_LAST_FIRST, arguments.request))
    total = None
    if arguments.with_total:
        total = (await scope.fetch(closed.with_only_columns(func.count())))[0][0]
    return to_page(rows, CLOSED_LAST_FIRST, arguments.request, total=total)


async def position(scope: Scope) -> Mapping[str, int]:
    """Return how far the events of the viewer's lists reach."""
    topic = interactions_topic(agent_of(scope.viewer))
    heads = await read_heads(await scope.connection(), [topic])
    return {topic: heads[topic].sequence}


async def open_interaction(
    scope: Scope, new: NewContact, idempotency_key: str | None
) -> Interaction:
    """Put a contact on the viewer's open list."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await interactions.open_interaction(
            work, scope.viewer, new, idempotency_key=idempotency_key
        )


async def update(
    scope: Scope, interaction_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Interaction, Edit]:
    """Edit an interaction; return the row and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = _row_id(interaction_id)
    async with scope.unit_of_work() as work:
        return await interactions.update(work, scope.viewer, row_id, expected_version, wanted)


async def tag(scope: Scope, interaction_id: str, typed: str) -> tuple[Interaction, str]:
    """Put a tag on an interaction; return the tag in the spelling that it has there."""
    require_signed_in(scope.viewer)
    row_id = _row_id(interaction_id)
    async with scope.unit_of_work() as work:
        return await interaction_tags.add(work, scope.viewer, row_id, typed)


async def untag(scope: Scope, interaction_id: str, typed: str) -> Interaction:
    """Take a tag from an interaction."""
    require_signed_in(scope.viewer)
    row_id = _row_id(interaction_id)
    async with scope.unit_of_work() as work:
        return await interaction_tags.remove(work, scope.viewer, row_id, typed)


async def save_form(scope: Scope, interaction_id: str, form: CustomerForm | None) -> Interaction:
    """Keep what the viewer has typed into the customer's form."""
    require_signed_in(scope.viewer)
    row_id = _row_id(interaction_id)
    async with scope.unit_of_work() as work:
        return await interaction_forms.save(work, scope.viewer, row_id, form)


async def close(
    scope: Scope,
    interaction_id: str,
    outcome: InteractionOutcome | None,
    form: CustomerForm | None,
) -> tuple[Interaction, Sequence[str]]:
    """Close an interaction; return the row and what others had changed of the customer meanwhile.

    Where that is refused, what was typed is kept all the same.
    """
    require_signed_in(scope.viewer)
    row_id = _row_id(interaction_id)
    try:
        async with scope.unit_of_work() as work:
            return await interaction_closing.close(work, scope.viewer, row_id, outcome, form)
    except (UnsavedChanges, EditConflict, AlreadyExists, ValidationFailed):
        if form is not None:
            await _keep(scope, row_id, form)
        raise


async def reopen(scope: Scope, interaction_id: str | None, customer_id: str | None) -> Interaction:
    """Put an interaction, or the newest one of a customer, on the viewer's open list again."""
    require_signed_in(scope.viewer)
    row_id = optional_row_id(interaction_id, NodeKind.INTERACTION, "input", "interactionId")
    customer = optional_row_id(customer_id, NodeKind.CUSTOMER, "input", "customerId")
    async with scope.unit_of_work() as work:
        return await interactions.reopen(
            work, scope.viewer, interaction_id=row_id, customer_id=customer
        )


async def _keep(scope: Scope, row_id: UUID, form: CustomerForm) -> None:
    """Keep a form, unless it is too long or the interaction was closed in another tab."""
    with suppress(ValidationFailed, NotAllowed):
        async with scope.unit_of_work() as work:
            await interaction_forms.keep_refused(work, scope.viewer, row_id, form)


def _row_id(interaction_id: str) -> UUID:
    return row_id_of(interaction_id, NodeKind.INTERACTION, "input", "interactionId")

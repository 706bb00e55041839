"""A brand without tickets is deleted, with all that is for its tickets alone.

Tickets stay for good, and each is of a brand: one that has any is not deleted. Whoever works for
the brand works for one less; who worked for no other works for none, and sees no ticket at all.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select

from core.errors import StillInUse
from models.agents import Agent
from models.api_tokens import ApiToken
from models.base import Base, is_there
from models.brands import Brand
from models.callbacks import Callback
from models.event_topics import inbox_topic
from models.identity_tokens import BrandIdentitySecret
from models.rules import Rule
from models.teams import Team
from models.ticket_templates import TicketTemplate
from models.tickets import FINISHED_STATUSES, Ticket
from models.topics import Topic
from models.viewers import Viewer
from models.webhooks import Webhook, WebhookPosition
from services import links, rules, ticket_templates
from services.callbacks import CALLBACK_BRANDS
from services.directory import find, mark_deleted, take_directory
from services.links import AGENT_BRANDS, API_TOKEN_BRANDS, TEAM_BRANDS, Link
from services.unit_of_work import UnitOfWork
from services.webhooks import WEBHOOK_BRANDS

_LINKS: tuple[tuple[Link, type[Base]], ...] = (
    (AGENT_BRANDS, Agent),
    (TEAM_BRANDS, Team),
    (API_TOKEN_BRANDS, ApiToken),
    (CALLBACK_BRANDS, Callback),
    (WEBHOOK_BRANDS, Webhook),
)


async def delete(work: UnitOfWork, viewer: Viewer, brand_id: UUID) -> None:
    """Delete a brand. Raises NotAllowed for all but admins, NotFound, and StillInUse.

    Its row stays, as do those of its topics and rules: past events name them. Whoever opens a
    ticket in the brand shares its row (`services.references.refer_to_brand`): the lock waits for
    them, and lets them find no brand later.
    """
    await take_directory(work, viewer)
    brand = await find(work, Brand, brand_id)
    await work.session.refresh(brand, with_for_update=True)
    await _refuse_if_in_use(work, brand)
    await _delete_what_is_of(work, brand)
    for link, model in _LINKS:
        await links.unlink_all(work, link, model, brand.id)
    for gone in (
        delete_rows(BrandIdentitySecret).where(BrandIdentitySecret.brand_id == brand.id),
        delete_rows(WebhookPosition).where(WebhookPosition.topic == inbox_topic(brand.id)),
    ):
        await work.session.execute(gone)
    mark_deleted(work, brand)


async def _refuse_if_in_use(work: UnitOfWork, brand: Brand) -> None:
    of_brand = select(func.count()).select_from(Ticket).where(Ticket.brand_id == brand.id)
    tickets = (await work.session.execute(of_brand)).scalar_one()
    if tickets:
        unfinished = of_brand.where(Ticket.status.not_in(FINISHED_STATUSES))
        raise StillInUse(tickets, (await work.session.execute(unfinished)).scalar_one())


async def _delete_what_is_of(work: UnitOfWork, brand: Brand) -> None:
    """Delete templates first: whoever edits one has locked it, and then shares its topic."""
    for template in await _of(work, TicketTemplate, brand):
        await ticket_templates.remove(work, template)
    for topic in await _of(work, Topic, brand):
        mark_deleted(work, topic)
    for rule in await _of(work, Rule, brand):
        rules.mark_removed(work, rule)


async def _of(work: UnitOfWork, model: Any, brand: Brand) -> list[Any]:
    """Lock the rows of a brand, in the order of their ids."""
    rows = await work.session.scalars(
        select(model)
        .where(model.brand_id == brand.id, *is_there(model))
        .order_by(model.id)
        .with_for_update()
    )
    return list(rows)

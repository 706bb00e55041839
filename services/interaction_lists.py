"""Interactions on the lists of agents: taking one in hand, and telling what happens to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from core.errors import (
    InteractionNotOpen,
    InteractionReadOnly,
    LimitReached,
    NotAllowed,
    NotFound,
)
from models.customers import Customer
from models.event_topics import interactions_topic, topic_of
from models.interactions import Interaction, InteractionEntry, newest_of, visible_to
from models.viewers import Viewer
from services.changes import FieldChange
from services.turns import take_turn
from services.unit_of_work import UnitOfWork

OPEN_AT_MOST = 100  # of one agent: nobody works on more, and the open list is read whole


@dataclass(frozen=True, slots=True)
class InteractionInHand:
    """An interaction locked by the act of an agent, and its entries on the lists of all agents.

    `customers` are those whom the act has locked.
    """

    work: UnitOfWork
    interaction: Interaction
    agent_id: UUID
    entries: list[InteractionEntry]
    customers: dict[UUID, Customer] = field(default_factory=dict)

    @property
    def own_entry(self) -> InteractionEntry | None:
        """The entry on a list of the agent who acts, if there is one."""
        return next((entry for entry in self.entries if entry.agent_id == self.agent_id), None)

    @property
    def is_on_own_open_list(self) -> bool:
        """Whether the agent who acts has it open."""
        return self.own_entry is not None and self.own_entry.closed_at is None

    @property
    def is_on_an_open_list(self) -> bool:
        """Whether any agent has it open."""
        return any(entry.closed_at is None for entry in self.entries)

    def require_open_entry(self) -> InteractionEntry:
        """Return the entry on the agent's open list. Raises InteractionNotOpen."""
        entry = self.own_entry
        if entry is None or entry.closed_at is not None:
            raise InteractionNotOpen
        return entry

    def enter(self) -> None:
        """Put it on the agent's open list, perhaps again."""
        entry = self.own_entry
        if entry is None:
            entry = InteractionEntry(
                agent_id=self.agent_id, interaction_id=self.interaction.id, closed_at=None
            )
            self.work.session.add(entry)
            self.entries.append(entry)
        entry.opened_at, entry.closed_at = self.work.now, None

    async def lock_customer(self) -> Customer | None:
        """Lock the customer, if known. Interactions are locked before their customers."""
        locked = await self.lock_customers(self.interaction.customer_id)
        return locked[0] if locked else None

    async def lock_customers(self, *ids: UUID | None) -> list[Customer]:
        """Lock those who are, were or will be the customer, in the order of their ids.

        It comes before a row is written that refers to one of them, or to a ticket: to write a
        reference shares a lock of the row, which two acts then cannot both turn into their own.
        """
        wanted = sorted(filter(None, set(ids)))
        waited_for = [row_id for row_id in wanted if row_id not in self.customers]
        if waited_for:
            found = await self.work.session.scalars(
                select(Customer)
                .where(Customer.id.in_(waited_for))
                .order_by(Customer.id)
                .with_for_update()
                .execution_options(populate_existing=True)
            )
            self.customers.update((customer.id, customer) for customer in found)
        return [self.customers[row_id] for row_id in wanted]

    async def tell(
        self,
        event_type: str,
        changes: Sequence[FieldChange] = (),
        *,
        former_customer_id: UUID | None = None,
    ) -> None:
        """Write what happened into the interaction's topic, its customer's, and all lists.

        On the lists of whoever acts it may have moved; on those of others it has changed.
        """
        payloads = [change.as_payload() for change in changes]
        event_id = self.work.record(
            event_type,
            {"changes": payloads} if payloads else {},
            topic=topic_of(self.interaction),
            versions=[self.interaction],
        )
        about = self._about(payloads)
        for customer in await self.lock_customers(former_customer_id, self.interaction.customer_id):
            self.work.record(
                event_type, about, topic=topic_of(customer), versions=[customer], event_id=event_id
            )
        for entry in self.entries:
            is_own = entry.agent_id == self.agent_id
            self.work.record(
                event_type if is_own else "InteractionChanged",
                about,
                topic=interactions_topic(entry.agent_id),
                event_id=event_id,
            )

    def tell_own_lists(self, event_type: str) -> None:
        """Write what happened on the lists of the agent who acts, and is seen nowhere else."""
        topic = interactions_topic(self.agent_id)
        self.work.record(event_type, self._about([]), topic=topic)

    def _about(self, changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the payload outside of the interaction's own topic.

        In a customer's topic, `changes` are what changed of the customer.
        """
        return {"interaction_id": self.interaction.id.hex, "edits": list(changes)}


def require_agent(viewer: Viewer) -> UUID:
    """Return which agent acts. Raises NotAllowed for everybody else: only agents have lists."""
    if viewer.agent_id is None:
        raise NotAllowed
    return viewer.agent_id


async def take(work: UnitOfWork, viewer: Viewer, interaction_id: UUID | None) -> InteractionInHand:
    """Lock an interaction and its entries. Raises NotFound, and NotAllowed as `require_agent`."""
    return await _take(work, viewer, select(Interaction).where(Interaction.id == interaction_id))


async def take_newest(work: UnitOfWork, viewer: Viewer, customer_id: UUID) -> InteractionInHand:
    """Lock the newest interaction of a customer. Raises as `take`, also where there is none."""
    return await _take(work, viewer, newest_of(customer_id))


async def take_editable(
    work: UnitOfWork, viewer: Viewer, interaction_id: UUID
) -> InteractionInHand:
    """Lock an interaction to change it.

    Once it was closed, it raises InteractionReadOnly where it is history, and InteractionNotOpen
    where nobody knows whose history it is in, and the agent never had it on a list.
    """
    hand = await take(work, viewer, interaction_id)
    interaction, customer_id = hand.interaction, hand.interaction.customer_id
    if interaction.first_closed_at is None:
        return hand
    if customer_id is None and hand.own_entry is None:
        raise InteractionNotOpen
    if customer_id is not None and not await _is_newest(work, interaction, customer_id):
        raise InteractionReadOnly
    return hand


async def entries_of(work: UnitOfWork, interaction: Interaction) -> list[InteractionEntry]:
    """Return on whose lists an interaction stands. Whoever writes there has it locked."""
    entries = await work.session.scalars(
        select(InteractionEntry)
        .where(InteractionEntry.interaction_id == interaction.id)
        .order_by(InteractionEntry.agent_id)
    )
    return list(entries)


async def take_open_list(work: UnitOfWork, agent_id: UUID) -> Sequence[Interaction]:
    """Return the agent's open list; others who want to put something there wait until the end."""
    await take_turn(work, interactions_topic(agent_id))
    found = await work.session.scalars(
        select(Interaction)
        .join(InteractionEntry, InteractionEntry.interaction_id == Interaction.id)
        .where(InteractionEntry.agent_id == agent_id, InteractionEntry.closed_at.is_(None))
    )
    return found.all()


def check_room(open_list: Sequence[Interaction]) -> None:
    """Raise LimitReached where the open list is full: nothing is ever dropped from it."""
    if len(open_list) >= OPEN_AT_MOST:
        raise LimitReached(OPEN_AT_MOST)


async def _take(work: UnitOfWork, viewer: Viewer, found: Select[Interaction]) -> InteractionInHand:
    agent_id = require_agent(viewer)
    interaction = await work.session.scalar(
        found.where(visible_to(viewer)).with_for_update().execution_options(populate_existing=True)
    )
    if interaction is None:
        raise NotFound
    return InteractionInHand(work, interaction, agent_id, await entries_of(work, interaction))


async def _is_newest(work: UnitOfWork, interaction: Interaction, customer_id: UUID) -> bool:
    newest = newest_of(customer_id).with_only_columns(Interaction.id)
    return await work.session.scalar(newest) == interaction.id

"""The handle of an interaction: what follows once somebody says who is behind it."""

from uuid import UUID

from sqlalchemy import select

from core.errors import AlreadyExists
from models.agents import Agent
from models.customers import Customer, visible_to
from models.interactions import Interaction, InteractionEntry
from models.viewers import Viewer
from services.changes import FieldChange
from services.channel_profiles import Sender, link, link_unless_known, owner_of, take_handle
from services.customer_lists import state_of
from services.handles import handle_key
from services.interaction_lists import InteractionInHand, entries_of
from services.unique_keys import already_exists
from services.unit_of_work import UnitOfWork


async def take_handle_of(work: UnitOfWork, interaction_id: UUID) -> None:
    """Take the handle of an interaction, if it has one: it never gets another."""
    of_interaction = select(Interaction.channel, Interaction.handle).where(
        Interaction.id == interaction_id, Interaction.handle.is_not(None)
    )
    for row in await work.session.execute(of_interaction):
        await take_handle(work, Sender(row.channel, row.handle))


async def take_namesakes(hand: InteractionInHand) -> list[InteractionInHand]:
    """Lock the other open interactions with this handle of which nobody knows with whom they are.

    Only an act that has taken the handle locks several, so two such acts wait in no circle.
    """
    interaction, session = hand.interaction, hand.work.session
    if interaction.handle is None or interaction.customer_id is not None:
        return []
    # Agents have few open ones each, while unknown ones of the past pile up.
    on_open_lists = select(InteractionEntry.interaction_id).where(
        InteractionEntry.agent_id.in_(select(Agent.id)), InteractionEntry.closed_at.is_(None)
    )
    unknown = (
        Interaction.id.in_(on_open_lists)
        & Interaction.customer_id.is_(None)
        & (Interaction.channel == interaction.channel)
        & Interaction.handle.is_not(None)
        & (Interaction.id != interaction.id)
    )
    key = handle_key(interaction.channel, interaction.handle)
    found = await session.execute(select(Interaction.id, Interaction.handle).where(unknown))
    ids = [row.id for row in found if handle_key(interaction.channel, row.handle) == key]
    locked = await session.scalars(
        select(Interaction)
        .where(
            Interaction.id.in_(ids),
            Interaction.customer_id.is_(None),
            Interaction.closed_at.is_(None),
        )
        .order_by(Interaction.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [
        InteractionInHand(
            hand.work, one, hand.agent_id, await entries_of(hand.work, one), hand.customers
        )
        for one in locked.all()
    ]


async def learn(hand: InteractionInHand, customer_id: UUID) -> None:
    """Say that an interaction, of which nobody knew it, is with this customer."""
    (customer,) = await hand.lock_customers(customer_id)
    hand.interaction.customer_id = customer.id
    names = {customer.id: customer.name}
    change = FieldChange.between("customer", None, customer.id, names)
    await hand.tell("InteractionChanged", [change])


async def refuse_known(work: UnitOfWork, viewer: Viewer, interaction: Interaction) -> None:
    """Raise AlreadyExists where somebody is known to be behind an interaction, with who it is."""
    customer_id = interaction.customer_id
    if customer_id is None and interaction.handle is not None:
        owner = await owner_of(work, interaction.channel, interaction.handle)
        customer_id = None if owner is None else owner.id
    if customer_id is not None:
        known: AlreadyExists = await already_exists(
            work, Customer, Customer.id == customer_id, visible_to(viewer)
        )
        raise known


async def introduce(
    hand: InteractionInHand, namesakes: list[InteractionInHand], customer: Customer, sender: Sender
) -> None:
    """Link a handle, which is nobody's, to a new customer, whom all who have it open learn of."""
    await link(hand.work, customer, sender, None)
    for namesake in namesakes:
        await learn(namesake, customer.id)


async def recognise(
    hand: InteractionInHand, namesakes: list[InteractionInHand], customer_id: UUID
) -> None:
    """Link the handle of an interaction to its customer, unless it is somebody else's.

    Then all who have it open, too, learn who it is.
    """
    interaction = hand.interaction
    if interaction.handle is None:
        return
    (customer,) = await hand.lock_customers(customer_id)
    sender = Sender(interaction.channel, interaction.handle)
    before = await state_of(hand.work, customer)
    if await link_unless_known(hand.work, customer, sender, before):
        for namesake in namesakes:
            await learn(namesake, customer.id)

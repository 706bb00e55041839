"""When an agent of the demo was in touch with a customer: a chat accepted, a call answered."""

from collections.abc import Sequence

from core.ids import new_id
from core.text import fold
from models.agents import Agent
from models.channels import Channel
from models.event_topics import topic_of
from models.interactions import Interaction, InteractionTag
from models.tickets import Ticket
from services.changes import FieldChange, readable
from services.demo.journal import Act, Journal


def open_interaction(
    journal: Journal, act: Act, ticket: Ticket, agent: Agent, channel: Channel
) -> Interaction:
    """Put the customer of a ticket on an agent's open list."""
    interaction = Interaction(
        id=new_id(),
        agent_id=agent.id,
        customer_id=ticket.customer_id,
        ticket_id=ticket.id,
        channel=channel,
        opened_at=act.moment,
        closed_at=None,
        summary=None,
        version=0,
    )
    journal.keep(interaction)
    _record(journal, act, "InteractionOpened", [], interaction)
    return interaction


def close_interaction(
    journal: Journal, act: Act, interaction: Interaction, tags: Sequence[str], summary: str
) -> None:
    """Type tags and a summary, and take the customer off the open list."""
    journal.keep(
        *(
            InteractionTag(id=new_id(), interaction_id=interaction.id, tag=tag, tag_key=fold(tag))
            for tag in tags
        )
    )
    interaction.summary = summary
    interaction.closed_at = act.moment
    changes = [
        FieldChange("tags", None, readable(tags)),
        FieldChange("summary", None, summary),
    ]
    _record(journal, act, "InteractionChanged", changes, interaction)
    _record(journal, act, "InteractionClosed", [], interaction)


def _record(
    journal: Journal,
    act: Act,
    event_type: str,
    changes: list[FieldChange],
    interaction: Interaction,
) -> None:
    payload = {"changes": [change.as_payload() for change in changes]} if changes else {}
    journal.record(act, event_type, payload, topic=topic_of(interaction), versions=[interaction])

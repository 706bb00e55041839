"""What the demo's agents are told, as `services.notifications` does."""

from core.ids import new_id
from models.agents import Agent
from models.event_topics import notifications_topic
from models.notes import Note
from models.notifications import Notification, NotificationKind
from models.tickets import Ticket
from services.demo.journal import Act, Journal


def tell_mentioned(journal: Journal, act: Act, agent: Agent, note: Note) -> None:
    """Tell an agent that a colleague's note mentions them."""
    notification = _notification(act, agent, NotificationKind.MENTIONED)
    notification.ticket_id = note.ticket_id
    notification.customer_id = note.customer_id
    notification.company_id = note.company_id
    notification.note_id = note.id
    _tell(journal, act, notification)


def tell_assigned(journal: Journal, act: Act, agent: Agent, ticket: Ticket) -> None:
    """Tell an agent that a colleague gave them a ticket; who takes one is not told."""
    if act.actor.id != agent.id:
        notification = _notification(act, agent, NotificationKind.ASSIGNED)
        notification.ticket_id = ticket.id
        _tell(journal, act, notification)


def _notification(act: Act, agent: Agent, kind: NotificationKind) -> Notification:
    return Notification(
        id=new_id(),
        agent_id=agent.id,
        kind=kind,
        ticket_id=None,
        customer_id=None,
        company_id=None,
        note_id=None,
        actor_kind=act.actor.kind,
        actor_id=act.actor.id,
        created_at=act.moment,
        read_at=None,
    )


def _tell(journal: Journal, act: Act, notification: Notification) -> None:
    journal.keep(notification)
    journal.record(
        act,
        "NotificationAdded",
        {"notification_id": notification.id.hex},
        topic=notifications_topic(notification.agent_id),
    )

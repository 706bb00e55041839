"""A ticket of the demo, and what can happen to it: each method is one act, as in the services."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.ids import new_id
from models.actors import Actor, ActorKind
from models.agents import Agent
from models.base import Versioned
from models.channels import Channel
from models.companies import Company
from models.customers import Customer
from models.event_topics import inbox_topic, topic_of
from models.favorites import Favorite
from models.jobs import Job
from models.messages import DeliveryState, Message, MessageDirection
from models.notes import Note, NoteKind, NoteMention, NoteReminder, NoteRevision, NoteTodo
from models.tags import Tag, TicketTag
from models.teams import Team
from models.ticket_templates import TicketTemplate
from models.tickets import Ticket, TicketPriority, TicketStatus
from models.topics import Topic
from services import reminders, waiting
from services.changes import FieldChange, readable
from services.demo import notifications
from services.demo.customers import Person
from services.demo.journal import Act, Journal, Values

MAIL_CHANNELS = (Channel.EMAIL, Channel.WEB, Channel.INTERNAL)


@dataclass(frozen=True, slots=True)
class NewNote:
    """What an agent notes, on the ticket if there is no other owner; they remind themselves."""

    kind: NoteKind
    body: str
    owner: Customer | Company | None = None
    mentions: Sequence[Agent] = ()
    todos: Sequence[str] = ()
    remind_at: datetime | None = None


class TicketFile:
    """A ticket and the state that its brand's inbox was last told."""

    def __init__(self, journal: Journal, person: Person, ticket: Ticket) -> None:
        self.ticket = ticket
        self.person = person
        self._journal = journal
        self._tags: list[Tag] = []
        self._unstarred: list[Message | Note] = []
        self._starred_messages = 0
        self._told: Values | None = None
        self._acts: list[str] = []
        self._items: list[str | None] = []
        self._changes: list[Values] = []

    def receive(self, act: Act, body: str) -> None:
        """Take in what the customer writes."""
        if self._told is None:
            self._record_opened(act, {})
        author = Actor(ActorKind.CUSTOMER, self.person.customer.id)
        self._append(act, author, MessageDirection.INCOMING, body)
        self._finish(act)

    def describe(self, act: Act, description: str, template: TicketTemplate) -> None:
        """Open the ticket by a template; the description is for colleagues alone."""
        self._record_opened(act, {"template_id": template.id.hex})
        self.add_note(act, NewNote(NoteKind.INLINE, description))

    def send(self, act: Act, body: str) -> None:
        """Write to the customer; the first answer opens a new ticket."""
        self._append(act, act.actor, MessageDirection.OUTGOING, body)
        if self.ticket.first_response_at is None:
            self.ticket.first_response_at = act.moment
        if self.ticket.status is TicketStatus.NEW:
            self._record_changes(act, [self._set("status", TicketStatus.OPEN)])
        self._finish(act)

    def transfer(self, act: Act, before: Agent | None, team: Team | None, after: Agent) -> None:
        """Give the ticket to an agent and, where there was none, to a team."""
        changes = []
        if team is not None:
            self.ticket.team_id = team.id
            changes.append(_reference_change("team", None, team))
        self.ticket.assignee_id = after.id
        changes.append(_reference_change("assignee", before, after))
        notifications.tell_assigned(self._journal, act, after, self.ticket)
        self._record_changes(act, changes)
        self._finish(act)

    def sort(self, act: Act, topic: Topic, priority: TicketPriority) -> None:
        """Say what the ticket is about and how soon it wants an answer."""
        self.ticket.topic_id = topic.id
        changes = [_reference_change("topic", None, topic)]
        if priority is not self.ticket.priority:
            changes.append(self._set("priority", priority))
        self._record_changes(act, changes)
        self._finish(act)

    def set_status(self, act: Act, status: TicketStatus) -> None:
        """Put the ticket into another state: aside, since the demo never opens one again."""
        change = self._set("status", status)
        self.ticket.waiting_since = None
        self.ticket.closed_at = act.moment if status is TicketStatus.CLOSED else None
        self._record_changes(act, [change])
        self._finish(act)

    def tag(self, act: Act, tags: Sequence[Tag]) -> None:
        """Put tags on the ticket."""
        before = [tag.name for tag in self._tags]
        self._tags += tags
        after = [tag.name for tag in self._tags]
        self._journal.keep(*(TicketTag(ticket_id=self.ticket.id, tag_id=tag.id) for tag in tags))
        self._record_changes(act, [FieldChange("tags", readable(before), readable(after))])
        self._finish(act)

    def add_note(self, act: Act, new: NewNote) -> None:
        """Write a note on the ticket, its customer or the customer's company."""
        note = self._note(act, new)
        payload = {"note_id": note.id.hex, "kind": note.kind}
        if new.owner is None:
            # The version of an inline note stays as it was written, as in `services.notes`.
            versions = [note] if new.kind is NoteKind.TICKET else []
            self._record(act, "NoteAdded", payload, versions=versions)
            self._unstarred.append(note)
            self._finish(act)
        else:
            self._journal.record(
                act, "NoteAdded", payload, topic=topic_of(new.owner), versions=[new.owner, note]
            )
        for agent in new.mentions:
            notifications.tell_mentioned(self._journal, act, agent, note)

    def star(self, act: Act, place: float) -> None:
        """Star the item that stands at `place` (0 to 1) among those without a star."""
        item = self._unstarred.pop(int(place * len(self._unstarred)))
        favorite = Favorite(
            id=new_id(),
            ticket_id=self.ticket.id,
            message_id=item.id if isinstance(item, Message) else None,
            note_id=item.id if isinstance(item, Note) else None,
            item_created_at=item.created_at,
            added_by_kind=act.actor.kind,
            added_by_id=act.actor.id,
            added_at=act.moment,
        )
        self._journal.keep(favorite)
        self.ticket.favorite_count += 1
        self._starred_messages += favorite.message_id is not None
        payload = {
            "favorite_id": favorite.id.hex,
            "message_id": favorite.message_id.hex if favorite.message_id else None,
            "note_id": favorite.note_id.hex if favorite.note_id else None,
            "item_created_at": favorite.item_created_at.isoformat(),
            "added_by_kind": favorite.added_by_kind,
            "added_by_id": favorite.added_by_id.hex if favorite.added_by_id else None,
            "added_at": favorite.added_at.isoformat(),
            "favorite_count": self.ticket.favorite_count,
            "message_favorite_count": self._starred_messages,
        }
        self._record(act, "FavoriteAdded", payload)
        self._finish(act)

    def _append(self, act: Act, author: Actor, direction: MessageDirection, body: str) -> None:
        of_ticket = self.ticket.channel
        goes_out = direction is MessageDirection.OUTGOING and of_ticket in MAIL_CHANNELS
        message = Message(
            id=new_id(),
            ticket_id=self.ticket.id,
            brand_id=self.ticket.brand_id,
            author_kind=author.kind,
            author_id=author.id,
            channel=Channel.EMAIL if of_ticket is Channel.INTERNAL else of_ticket,
            direction=direction,
            body=body,
            body_html=None,
            external_id=None,
            recipient=self.person.customer.email if goes_out else None,
            delivery_state=DeliveryState.SENT if goes_out else None,
            created_at=act.moment,
        )
        self._journal.keep(message)
        self._journal.index_ticket(self.ticket.id, body)
        self.ticket.message_count += 1
        self.ticket.last_message_id = message.id
        waiting.heed_newest(self.ticket, message)
        self._unstarred.append(message)
        self._record(act, "MessageAdded", {"message_id": message.id.hex})

    def _note(self, act: Act, new: NewNote) -> Note:
        note = Note(
            id=new_id(),
            kind=new.kind,
            ticket_id=self.ticket.id if new.owner is None else None,
            customer_id=new.owner.id if isinstance(new.owner, Customer) else None,
            company_id=new.owner.id if isinstance(new.owner, Company) else None,
            body=new.body,
            author_kind=act.actor.kind,
            author_id=act.actor.id,
            created_at=act.moment,
            updated_at=act.moment,
            version=1,
        )
        self._journal.keep(
            note,
            *(
                NoteTodo(id=new_id(), note_id=note.id, position=place, text=text)
                for place, text in enumerate(new.todos)
            ),
            *(NoteMention(note_id=note.id, agent_id=agent.id) for agent in new.mentions),
        )
        if new.kind is not NoteKind.INLINE:
            self._journal.keep(
                NoteRevision(
                    id=new_id(),
                    note_id=note.id,
                    body=note.body,
                    author_kind=note.author_kind,
                    author_id=note.author_id,
                    created_at=act.moment,
                )
            )
        if new.remind_at is not None:
            self._journal.keep(
                NoteReminder(note_id=note.id, due_at=new.remind_at, agent_id=act.actor.id),
                Job(
                    id=new_id(),
                    kind=reminders.REMIND,
                    payload=reminders.payload_of(note.id, new.remind_at),
                    created_at=act.moment,
                    run_at=new.remind_at,
                    attempts=0,
                ),
            )
        return note

    def _set(self, attribute: str, value: TicketStatus | TicketPriority) -> FieldChange:
        before = getattr(self.ticket, attribute)
        setattr(self.ticket, attribute, value)
        return FieldChange(attribute, before, value)

    def _record_opened(self, act: Act, origin: Values) -> None:
        self._record(act, "TicketCreated", origin)
        self._journal.record(
            act,
            "CustomerTicketOpened",
            {"ticket_id": self.ticket.id.hex},
            topic=topic_of(self.person.customer),
            versions=[self.person.customer],
        )

    def _record_changes(self, act: Act, changes: list[FieldChange]) -> None:
        payload = [change.as_payload() for change in changes]
        self._changes += payload
        self._record(act, "TicketChanged", {"changes": payload})

    def _record(
        self, act: Act, event_type: str, payload: Values, *, versions: Sequence[Versioned] = ()
    ) -> None:
        self._journal.record(
            act,
            event_type,
            payload,
            topic=topic_of(self.ticket),
            versions=[self.ticket, *versions],
        )
        self.ticket.updated_at = act.moment
        self._acts.append(event_type)
        self._items.append(payload.get("note_id") or payload.get("message_id"))

    def _finish(self, act: Act) -> None:
        """Tell the brand's inbox, as `TicketInHand.finish` does."""
        company_id = self.person.customer.company_id
        surroundings = {
            "company_id": company_id.hex if company_id else None,
            "tag_ids": [tag.id.hex for tag in self._tags],
        }
        state = self._state()
        payload = {
            "ticket_id": self.ticket.id.hex,
            "before": None if self._told is None else self._told | surroundings,
            "after": state | surroundings,
            "acts": self._acts,
            "items": self._items,
            "changes": self._changes,
        }
        self._journal.record(act, "InboxChanged", payload, topic=inbox_topic(self.ticket.brand_id))
        self._told, self._acts, self._items, self._changes = state, [], [], []

    def _state(self) -> Values:
        ticket = self.ticket
        return {
            "status": ticket.status,
            "priority": ticket.priority,
            "channel": ticket.channel,
            "brand_id": ticket.brand_id.hex,
            "team_id": ticket.team_id.hex if ticket.team_id else None,
            "assignee_id": ticket.assignee_id.hex if ticket.assignee_id else None,
            "customer_id": ticket.customer_id.hex,
            "created_at": ticket.created_at.isoformat(),
            "updated_at": ticket.updated_at.isoformat(),
        }


def _reference_change(
    field: str, before: Agent | Team | Topic | None, after: Agent | Team | Topic
) -> FieldChange:
    return FieldChange(
        field,
        before.name if before else None,
        after.name,
        before.id if before else None,
        after.id,
    )

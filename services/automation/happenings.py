"""What happened on a ticket, as rules see it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from models.channels import Channel
from models.event_records import EventRecord
from models.rules import RuleTrigger
from services.automation.facts import Facts, Words
from services.automation.triggers import message_of, trigger_of
from services.changes import changes_told_by


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, the trigger that it is, if it is one, and what was written or changed with it."""

    event: EventRecord
    trigger: RuleTrigger | None
    words: Words | None

    @classmethod
    def of(cls, event: EventRecord, channel: Channel, words: Mapping[UUID, Words]) -> Self:
        """Return what happened on a ticket of this channel; `words` are its messages by id."""
        message_id = message_of(event)
        written = words.get(message_id) if message_id else None
        direction = written.direction if written is not None else None
        return cls(event, trigger_of(event, channel, direction), written)

    def added_to(self, facts: Facts) -> Facts:
        """Return the facts of the ticket with those of the event."""
        changed = frozenset(change["field"] for change in changes_told_by(self.event))
        return replace(facts, message=self.words, changed=changed)

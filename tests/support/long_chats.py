"""Chats as long as they come, with every event that writing them one by one would have left."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from core.database import Database
from core.ids import NodeKind, encode_global_id, new_id
from models.actors import ActorKind
from models.event_topics import topic_named
from models.events import Event, TopicHeadRow
from models.messages import Message, MessageDirection
from models.notes import Note, NoteKind
from models.tickets import Ticket

PACE = timedelta(milliseconds=1)


async def write_long_chat(
    database: Database, ticket_id: UUID, length: int, *, note_each: int | None = None
) -> list[str]:
    """Go on with a ticket's conversation: messages, and perhaps each so many items an inline note.

    Return the global ids of the items, in order.
    """
    async with database.transaction() as session:
        ticket = (await session.scalars(select(Ticket).where(Ticket.id == ticket_id))).one()
        topic, version, start = topic_named(Ticket, ticket_id), ticket.version, ticket.updated_at
        places = range(1, length + 1)
        ids = {place: new_id() for place in places}
        notes = {place for place in places if note_each and place % note_each == 0}

        def written(place: int) -> dict[str, Any]:
            return {
                "id": ids[place],
                "ticket_id": ticket_id,
                "body": f"item {place}",
                "author_kind": ActorKind.AUTOMATION,
                "created_at": start + place * PACE,
            }

        def message(place: int) -> dict[str, Any]:
            return written(place) | {
                "brand_id": ticket.brand_id,
                "channel": ticket.channel,
                "direction": MessageDirection.INCOMING,
            }

        def note(place: int) -> dict[str, Any]:
            moment = start + place * PACE
            return written(place) | {"kind": NoteKind.INLINE, "updated_at": moment, "version": 1}

        def event(place: int) -> dict[str, Any]:
            name = "note_id" if place in notes else "message_id"
            return {
                "topic": topic,
                "seq": version + place,
                "id": new_id(),
                "type": "NoteAdded" if place in notes else "MessageAdded",
                "actor_kind": ActorKind.AUTOMATION,
                "payload": {name: ids[place].hex},
                "created_at": start + place * PACE,
            }

        await session.execute(insert(Message), [message(p) for p in places if p not in notes])
        if notes:
            await session.execute(insert(Note), [note(p) for p in places if p in notes])
        await session.execute(insert(Event), [event(p) for p in places])
        head = version + length
        await session.execute(
            update(TopicHeadRow).where(TopicHeadRow.topic == topic).values(seq=head)
        )
        ticket.version = head
        ticket.message_count += length - len(notes)
        ticket.updated_at = start + length * PACE
    return [
        encode_global_id(NodeKind.NOTE if place in notes else NodeKind.MESSAGE, ids[place])
        for place in places
    ]

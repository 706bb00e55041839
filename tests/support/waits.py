"""Since when customers wait: what tickets say of it, and what is to be said by their messages."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from core.database import Database
from models.actors import ActorKind
from models.messages import Message, MessageDirection
from models.tickets import Ticket, TicketStatus

Waits = dict[UUID, datetime | None]


async def waits_by_tickets(database: Database) -> Waits:
    """Return what the tickets say."""
    async with database.reading() as connection:
        rows = await connection.execute(select(Ticket.id, Ticket.waiting_since))
        return {row.id: row.waiting_since for row in rows}


async def waits_by_messages(database: Database) -> Waits:
    """Return what is to be said, by the messages of each ticket."""
    questions, answers = defaultdict(list), defaultdict(list)
    async with database.reading() as connection:
        for message in await connection.execute(select(Message.__table__)):
            if message.direction is MessageDirection.INCOMING:
                questions[message.ticket_id].append(message.created_at)
            elif message.author_kind is ActorKind.AGENT:
                answers[message.ticket_id].append(message.created_at)
        found = (await connection.execute(select(Ticket.__table__))).all()
    waits: Waits = {}
    for ticket in found:
        last_answer = max(answers[ticket.id], default=None)
        if ticket.status not in (TicketStatus.NEW, TicketStatus.OPEN):
            waits[ticket.id] = None
        elif last_answer is None:
            waits[ticket.id] = ticket.created_at
        else:
            unanswered = [asked for asked in questions[ticket.id] if asked > last_answer]
            waits[ticket.id] = min(unanswered, default=None)
    return waits

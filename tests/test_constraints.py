"""What the database itself refuses, whoever asks: the last line of defence of the domain's rules."""

from collections.abc import AsyncIterator, Mapping
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Executable, Table, delete, func, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from core import clock
from core.database import Database
from core.ids import new_id
from models.actors import ActorKind
from models.agents import Agent, AgentRole
from models.api_tokens import ApiToken
from models.attachments import Attachment
from models.base import Base
from models.brands import Brand
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.companies import Company, CompanyDomain
from models.customers import Customer
from models.favorites import Favorite
from models.installation import Installation
from models.interactions import Interaction, InteractionTag
from models.messages import Message, MessageDirection
from models.notes import Note, NoteKind, NoteTodo
from models.sessions import Session
from models.tags import Tag
from models.teams import Team
from models.tickets import Ticket, TicketPriority, TicketStatus
from models.topics import Topic

# What product.md, contract.md and the standards they lean on allow, in Unicode code points.
LONGEST: Mapping[Any, int] = {
    Ticket.title: 2_000,
    Ticket.description: 2_000,
    Ticket.email_subject: 2_000,
    Interaction.summary: 2_000,
    NoteTodo.text: 2_000,
    Brand.default_email_subject: 2_000,
    Tag.name: 50,
    InteractionTag.tag: 50,
    Brand.name: 200,
    Team.name: 200,
    Agent.name: 200,
    Topic.name: 200,
    Company.name: 200,
    Customer.name: 200,
    ApiToken.name: 200,
    Note.body: 10_000,
    Message.body: 1_048_576,
}
UNIQUE = {
    "tag.name_key",
    "interaction_tag.interaction_id, interaction_tag.tag_key",
    "brand.name_key",
    "team.name_key",
    "topic.brand_id, topic.name_key",
    "company.name_key",
    "company_domain.domain",
    "agent.email_key",
    "customer.email_key",
    "channel_profile.channel, channel_profile.handle_key",
    "ticket.number",
    "message.brand_id, message.channel, message.external_id",
    "favorite.message_id",
    "session.token_hash",
    "api_token.token_hash",
}
OWNERS = ("ticket_id", "customer_id", "company_id")
INLINE_NOTE_CHANGED = "an inline note never changes"
INLINE_FILE_CHANGED = "a file on an inline note never changes"


class Desk:
    """A database with one row of each kind, one note of each, and a file on two of them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        now = clock.now()
        author = {"author_kind": ActorKind.AUTOMATION, "author_id": None}
        ids = {model: new_id() for model in (Brand, Agent, Customer, Company, Ticket, Message)}
        self.owners = {
            "ticket_id": ids[Ticket],
            "customer_id": ids[Customer],
            "company_id": ids[Company],
        }
        self.notes = {
            kind: Note(
                id=new_id(),
                kind=kind,
                body="Evidence",
                created_at=now,
                updated_at=now,
                **author,
                **{owner: self.owners[owner]},
            )
            for kind, owner in zip(NoteKind, ("ticket_id", *OWNERS), strict=True)
        }
        self.files = {
            kind: Attachment(
                id=new_id(),
                note_id=self.notes[kind].id,
                filename="proof.png",
                content_type="image/png",
                size=1,
                storage_key=kind,
                created_at=now,
            )
            for kind in (NoteKind.INLINE, NoteKind.TICKET)
        }
        self.interaction_id = new_id()
        self.message_id = ids[Message]
        named = {"name": "Nokta", "name_key": "nokta", "created_at": now}
        self.layers: list[list[Base]] = [
            [
                Brand(id=ids[Brand], language="tr", **named),
                Team(**named),
                Tag(**named),
                Company(id=ids[Company], updated_at=now, **named),
                Agent(
                    id=ids[Agent],
                    email="a@desk.example",
                    email_key="a@desk.example",
                    password_hash="",
                    role=AgentRole.AGENT,
                    language="tr",
                    **named,
                ),
            ],
            [
                Topic(brand_id=ids[Brand], **named),
                CompanyDomain(domain="nokta.example", company_id=ids[Company]),
                Customer(id=ids[Customer], email_key="c@nokta.example", updated_at=now, **named),
                Session(agent_id=ids[Agent], token_hash=b"1", created_at=now, last_used_at=now),
                ApiToken(
                    name="Shop",
                    token_hash=b"1",
                    scopes=[],
                    created_by_id=ids[Agent],
                    created_at=now,
                ),
            ],
            [
                ChannelProfile(
                    customer_id=ids[Customer],
                    channel=Channel.EMAIL,
                    handle="c@nokta.example",
                    handle_key="c@nokta.example",
                ),
                Ticket(
                    id=ids[Ticket],
                    number=1,
                    title="My order",
                    status=TicketStatus.NEW,
                    priority=TicketPriority.LOW,
                    channel=Channel.EMAIL,
                    brand_id=ids[Brand],
                    customer_id=ids[Customer],
                    email_subject="",
                    created_at=now,
                    updated_at=now,
                ),
                Interaction(
                    id=self.interaction_id,
                    agent_id=ids[Agent],
                    channel=Channel.PHONE,
                    opened_at=now,
                ),
            ],
            [
                InteractionTag(interaction_id=self.interaction_id, tag="ısı", tag_key="isi"),
                Message(
                    id=ids[Message],
                    ticket_id=ids[Ticket],
                    brand_id=ids[Brand],
                    channel=Channel.EMAIL,
                    direction=MessageDirection.INCOMING,
                    body="Where is it?",
                    external_id="<1@nokta.example>",
                    created_at=now,
                    **author,
                ),
                *self.notes.values(),
            ],
            [
                Favorite(
                    ticket_id=ids[Ticket],
                    message_id=ids[Message],
                    item_created_at=now,
                    added_by_kind=ActorKind.AUTOMATION,
                    added_at=now,
                ),
                NoteTodo(note_id=self.notes[NoteKind.TICKET].id, position=1, text="Call back"),
                *self.files.values(),
            ],
        ]

    async def fill(self) -> None:
        """Write the rows."""
        async with self.database.transaction() as session:
            for layer in self.layers:
                session.add_all(layer)
                await session.flush()

    async def refusal(self, statement: Executable) -> str:
        """Return what the database says against the statement, or nothing; it is undone."""
        async with self.database.transaction() as session:
            attempt = await session.begin_nested()
            try:
                await session.execute(statement)
            except DBAPIError as error:
                return str(error.orig)
            finally:
                await attempt.rollback()
        return ""

    async def do(self, statement: Executable) -> int:
        """Execute a statement and return how many rows it concerned."""
        async with self.database.transaction() as session:
            result: Any = await session.execute(statement)
            return int(result.rowcount)

    async def count(self, model: type[Base]) -> int:
        async with self.database.reading() as connection:
            return (
                await connection.execute(select(func.count()).select_from(model))
            ).scalar_one()

"""The conversation of a chat as a text: what its customer reads, and nothing else."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import Any
from uuid import UUID

from babel.dates import format_date, get_timezone
from sqlalchemy import Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import FieldErrorCode, FieldProblem, NotFound, ValidationFailed
from core.localization import translate
from models.actors import ActorKind
from models.agents import Agent
from models.attachments import Attachment
from models.brands import Brand
from models.chats import Chat
from models.messages import Message, MessageDirection

# As much as a mail can hold that is read. Of longer conversations the newest messages stand here.
MESSAGES = 1_000
CHARACTERS = 500_000
ZONE_CHARACTERS = 64  # twice as many as the longest name has
# In each process: whoever has a chat may ask for it again and again.
WRITTEN_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Transcript:
    """A chat written down in the language of its brand, for its customer to keep."""

    brand_name: str
    brand_email: str | None
    language: str
    text: str


def zone_named(name: str, *path: str) -> tzinfo:
    """Return a time zone by its IANA name. Raises ValidationFailed at `path` for any other text."""
    try:
        return get_timezone(name[:ZONE_CHARACTERS])
    except LookupError:
        problem = FieldProblem(path, FieldErrorCode.NOT_ALLOWED_VALUE)
        raise ValidationFailed(problem) from None


async def write_down(
    connection: AsyncConnection, ticket_id: UUID, zone: tzinfo, *, until: datetime
) -> Transcript:
    """Return what was written in a chat up to a moment, oldest first.

    That the viewer sees the ticket is for the caller to know. The customer is called as the person
    of the chat is, whomever the ticket counts as a customer of. Raises NotFound for what is no
    chat.
    """
    about = (await connection.execute(_ABOUT.where(Chat.ticket_id == ticket_id))).one_or_none()
    if about is None:
        raise NotFound
    written = and_(Message.ticket_id == ticket_id, Message.created_at <= until)
    count = await connection.scalar(select(func.count()).where(written))
    newest = (await connection.execute(_SIZES.where(written).limit(MESSAGES))).all()
    shown = list(_fitting(newest))
    messages: Any = (await connection.execute(_MESSAGES.where(Message.id.in_(shown)))).all()
    files = await _files(connection, shown)
    words = _Words(about.language, about.brand_name, about.customer_name, zone)
    left_out = (count or 0) - len(shown)
    # So many words take a good part of a second: nobody else must wait for that.
    text = await asyncio.to_thread(words.text, about.started_at, left_out, messages, files)
    return Transcript(about.brand_name, about.email, about.language, text)


_ABOUT = select(
    Chat.started_at,
    Brand.name.label("brand_name"),
    Brand.email,
    Brand.language,
    Chat.customer_name,
).join(Brand, Brand.id == Chat.brand_id)
_SIZES = select(Message.id, func.length(Message.body).label("characters")).order_by(
    Message.created_at.desc(), Message.id.desc()
)
_IS_BY_AGENT = and_(Agent.id == Message.author_id, Message.author_kind == ActorKind.AGENT)
_MESSAGES = (
    select(
        Message.id,
        Message.direction,
        Message.body,
        Message.created_at,
        Agent.name.label("agent_name"),
    )
    .outerjoin(Agent, _IS_BY_AGENT)
    .order_by(Message.created_at, Message.id)
)


def _fitting(newest_first: Sequence[Row[Any]]) -> Iterator[UUID]:
    characters = 0
    for message in newest_first:
        characters += message.characters
        if characters > CHARACTERS:
            return
        yield message.id


async def _files(
    connection: AsyncConnection, message_ids: Collection[UUID]
) -> Mapping[UUID | None, Sequence[str]]:
    rows = await connection.execute(
        select(Attachment.message_id, Attachment.filename)
        .where(Attachment.message_id.in_(message_ids))
        .order_by(Attachment.position, Attachment.id)
    )
    names: dict[UUID | None, list[str]] = defaultdict(list)
    for message_id, filename in rows:
        names[message_id].append(filename)
    return names


@dataclass(frozen=True, slots=True)
class _Words:
    """How a conversation is put into words: whose language, who is called what, and whose clock."""

    language: str
    brand_name: str
    customer_name: str
    zone: tzinfo

    def text(
        self,
        started_at: datetime,
        left_out: int,
        messages: Sequence[Row[Any]],
        files: Mapping[UUID | None, Sequence[str]],
    ) -> str:
        """Return the whole text. It touches nothing that others use."""
        paragraphs = [*self._head(started_at, left_out), *self._talk(messages, files)]
        return "\n\n".join(paragraphs) + "\n"

    def _head(self, started_at: datetime, left_out: int) -> Iterator[str]:
        yield translate(self.language, "transcript-heading", brand=self.brand_name)
        day, zone = self._in_words(self._day(started_at)), str(self.zone)
        yield translate(self.language, "transcript-begin", date=day, zone=zone)
        if left_out:
            yield translate(self.language, "transcript-left-out", count=left_out)

    def _talk(
        self, messages: Sequence[Row[Any]], files: Mapping[UUID | None, Sequence[str]]
    ) -> Iterator[str]:
        for day, of_day in groupby(messages, lambda message: self._day(message.created_at)):
            yield f"— {self._in_words(day)} —"
            for message in of_day:
                yield self._message(message, files.get(message.id, ()))

    def _message(self, message: Row[Any], filenames: Sequence[str]) -> str:
        time = message.created_at.astimezone(self.zone).strftime("%H:%M")
        files = (translate(self.language, "transcript-file", name=name) for name in filenames)
        # What people wrote stands further in: nobody can write what looks like another's message.
        lines = (f"{time}  {self._author(message)}", *message.body.splitlines(), *files)
        return "\n    ".join(lines)

    def _author(self, message: Row[Any]) -> str:
        if message.direction is MessageDirection.INCOMING:
            return self.customer_name
        name: str = message.agent_name or self.brand_name
        return name

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def _in_words(self, day: date) -> str:
        return str(format_date(day, "full", locale=self.language))

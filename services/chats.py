"""Chats of customers: how they start, and what the customer writes in them."""

import math
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core import clock
from core.errors import (
    FieldErrorCode,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    Unavailable,
)
from core.localization import translate
from models.actors import Actor, ActorKind
from models.base import NAME_CHARACTERS
from models.brands import Brand
from models.channels import Channel
from models.chats import SESSIONS_PER_CHAT, Chat, ChatSession
from models.idempotency_keys import KEPT_FOR, KEY_CHARACTERS
from models.messages import Message, MessageDirection
from models.tickets import TicketStatus
from models.viewers import Viewer
from services import attachments
from services.arrivals import expect_words, take_in
from services.channel_profiles import Sender, hold_customer
from services.customers import LANGUAGES
from services.directory import once_of
from services.idempotency import create_once
from services.incoming_messages import AWAKENED
from services.live_chats.ends import resume
from services.live_chats.in_hand import take_own
from services.messages import (
    NewMessage,
    NewTicket,
    OutgoingMessage,
    clean_body,
    open_ticket,
)
from services.references import required_brand
from services.sessions import CHAT_PREFIX, new_token, token_hash
from services.turns import take_turn
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

MINUTE = timedelta(minutes=1)
# Strangers start chats. A hundred agents could not take so many; no machine gets more of them.
CHATS_OF_BRAND_PER_MINUTE = 60
CHATS_PER_MINUTE = 300
# In each process. They take turns anyway, and each waits with a connection that others could use.
STARTS_AT_ONCE = 2
MESSAGES_PER_MINUTE = 30  # nobody types faster for a minute
# Who knows the key gets into the chat. 20 random letters and digits are as good as a UUID.
KEY_CHARACTERS_MINIMUM = 20
HANDLE_BYTES = 16

Reader = AsyncConnection | AsyncSession


@dataclass(frozen=True, slots=True)
class NewChat:
    """Who wants to chat, with which brand. `language` is one that Starling speaks."""

    brand_id: UUID
    name: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class StartedChat:
    """A chat of this ticket. The token is shown this once; its hash is all that is kept."""

    token: str
    ticket_id: UUID


def checked(viewer: Viewer, new: NewChat, idempotency_key: str | None) -> NewChat:
    """Return the chat as it is written down.

    Raises NotAllowed for agents and integrations, and ValidationFailed for what nobody may say.
    """
    if viewer.actor is not None and not viewer.is_customer:
        raise NotAllowed
    check = InputCheck()
    name = check.optional_line("name", new.name, NAME_CHARACTERS)
    if new.language is not None:
        check.choice("language", new.language, LANGUAGES)
    length = KEY_CHARACTERS_MINIMUM if idempotency_key is None else len(idempotency_key)
    if length < KEY_CHARACTERS_MINIMUM:
        too_short = FieldErrorCode.TOO_SHORT
        check.refuse("idempotencyKey", too_short, KEY_CHARACTERS_MINIMUM, length)
    if length > KEY_CHARACTERS:
        check.refuse("idempotencyKey", FieldErrorCode.TOO_LONG, KEY_CHARACTERS, length)
    check.raise_problems()
    return NewChat(new.brand_id, name, new.language)


async def refuse_flood(reader: AsyncConnection, new: NewChat, idempotency_key: str | None) -> None:
    """Raise Unavailable where `start` would, without a turn, and a connection to write with."""
    is_retry = idempotency_key is not None and await reader.scalar(
        select(exists().where(Chat.start_key_hash == token_hash(idempotency_key)))
    )
    if not is_retry:
        await _refuse_more_chats(reader, clock.now(), new.brand_id)


async def start(
    work: UnitOfWork, new: NewChat, *, idempotency_key: str | None = None
) -> StartedChat:
    """Start a `checked` chat: a customer known by nothing but a name, their ticket, and a token.

    The same key answers for 72 hours with the same chat, and a further token for it. Raises
    Unavailable, with the seconds to wait, where too many chats have started within a minute.
    """
    # One start after the other, so that limits are kept and a retry finds what it retries.
    await take_turn(work, "chats")
    known = await _started_before(work, new, idempotency_key)
    if known is not None:
        return await _let_in(work, known)
    brand = await required_brand(work, new.brand_id)
    await _refuse_more_chats(work.session, work.now, brand.id)
    return await _let_in(work, await _open(work, brand, new, idempotency_key))


async def write(
    work: UnitOfWork,
    viewer: Viewer,
    outgoing: OutgoingMessage,
    *,
    idempotency_key: str | None = None,
) -> Message:
    """Let the customer of a chat write in it. A ticket that was closed is open from then on.

    A chat that has ended goes on.

    Raises Unavailable, with the seconds to wait, for who writes too often, LimitReached for more
    than five files, and ValidationFailed for one that was not uploaded in this very chat.
    """
    once = once_of("messageSend", idempotency_key, outgoing)
    return await create_once(work, once, Message, partial(_write, work, viewer, outgoing))


async def _write(
    work: UnitOfWork, viewer: Viewer, outgoing: OutgoingMessage, row_id: UUID
) -> Message:
    hand, chat = await take_own(work, viewer, outgoing.ticket_id)
    check = InputCheck()
    body = clean_body(check, outgoing.body, outgoing.attachment_ids)
    # The versions of a ticket count what the customer may not see, so none may be asked about.
    if outgoing.expected_version is not None:
        check.refuse("expectedVersion", FieldErrorCode.NOT_ALLOWED_VALUE)
    check.raise_problems()
    of_customer = and_(
        Message.ticket_id == chat.ticket_id, Message.author_kind == ActorKind.CUSTOMER
    )
    await _refuse_more(work.session, work.now, MESSAGES_PER_MINUTE, Message.created_at, of_customer)
    resume(work, hand, chat)
    message = await take_in(
        work,
        hand,
        NewMessage(author=work.actor, direction=MessageDirection.INCOMING, body=body),
        wakes=(*AWAKENED, TicketStatus.CLOSED),
        row_id=row_id,
    )
    await attachments.attach(work, outgoing.attachment_ids, message)
    await hand.finish()
    return message


async def _started_before(work: UnitOfWork, new: NewChat, key: str | None) -> Chat | None:
    """Return the chat that was started with this key. Raises IdempotencyKeyReused."""
    if key is None:
        return None
    # Who takes the tokens of a chat away holds its row, and leaves no key there.
    chat = await work.session.scalar(
        select(Chat).where(Chat.start_key_hash == token_hash(key)).with_for_update()
    )
    if chat is None:
        return None
    if chat.started_at < work.now - KEPT_FOR:
        chat.start_key_hash = chat.start_input_hash = None
        await work.session.flush()
        return None
    if chat.start_input_hash != _input_hash(new):
        raise IdempotencyKeyReused
    return chat


def _input_hash(new: NewChat) -> bytes:
    return sha256(orjson.dumps(asdict(new), option=orjson.OPT_SORT_KEYS)).digest()


async def _refuse_more_chats(reader: Reader, now: datetime, brand_id: UUID) -> None:
    of_brand = Chat.brand_id == brand_id
    await _refuse_more(reader, now, CHATS_OF_BRAND_PER_MINUTE, Chat.started_at, of_brand)
    await _refuse_more(reader, now, CHATS_PER_MINUTE, Chat.started_at)


async def _refuse_more(
    reader: Reader, now: datetime, limit: int, moment: Any, *which: ColumnElement[bool]
) -> None:
    """Raise Unavailable while there are as many rows of the last minute as the limit says."""
    statement = select(func.count(), func.min(moment)).where(moment > now - MINUTE, *which)
    count, first = (await reader.execute(statement)).one()
    if count >= limit:
        raise Unavailable(math.ceil((first + MINUTE - now).total_seconds()))


async def _open(work: UnitOfWork, brand: Brand, new: NewChat, key: str | None) -> Chat:
    """Write the customer, the ticket and the chat, as an act of that customer."""
    name = new.name or translate(new.language or brand.language, "chat-visitor")
    handle = token_urlsafe(HANDLE_BYTES)
    sender = Sender(Channel.LIVE_CHAT, handle, name, language=new.language)
    writer = await hold_customer(work, sender)
    work.actor = Actor(ActorKind.CUSTOMER, writer.customer.id)
    title = translate(brand.language, "chat-title", name=name)
    new_ticket = NewTicket(
        brand, writer.customer, Channel.LIVE_CHAT, title, profile_id=writer.profile.id
    )
    hand = await open_ticket(work, new_ticket)
    await expect_words(work, hand)
    chat = Chat(
        ticket_id=hand.ticket.id,
        customer_id=writer.customer.id,
        customer_name=writer.customer.name,
        brand_id=brand.id,
        started_at=work.now,
        start_key_hash=None if key is None else token_hash(key),
        start_input_hash=None if key is None else _input_hash(new),
    )
    work.session.add(chat)
    await work.session.flush()
    await hand.finish()
    return chat


async def _let_in(work: UnitOfWork, chat: Chat) -> StartedChat:
    of_chat = select(func.count()).where(ChatSession.ticket_id == chat.ticket_id)
    if (await work.session.execute(of_chat)).scalar_one() >= SESSIONS_PER_CHAT:
        raise LimitReached(SESSIONS_PER_CHAT)
    token = new_token(CHAT_PREFIX)
    work.session.add(
        ChatSession(
            ticket_id=chat.ticket_id,
            token_hash=token_hash(token),
            created_at=work.now,
            last_used_at=work.now,
        )
    )
    return StartedChat(token, chat.ticket_id)

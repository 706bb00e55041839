"""What goes into the mail of a message: words, names, the thread it belongs to, and files.

It reads messages, and nothing of notes: what the team writes for itself cannot get into a mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from core.text import address_key
from models.actors import ActorKind
from models.attachments import Attachment
from models.brands import Brand
from models.channels import Channel
from models.customers import Customer
from models.messages import (
    DeliveryFailure,
    DeliveryState,
    Message,
    MessageDirection,
)
from models.tickets import Ticket, TicketReference
from services.channel_profiles import is_claimed
from services.mail.addresses import Mailbox
from services.mail.composing import Letter, LetterFile, composed_bytes
from services.mail.limits import SENT_MAIL_BYTES
from services.mail.reply_addresses import ReplyAddresses
from services.mail.subjects import without_reply_prefixes
from services.mail.transport import NotDelivered
from services.mail.wire import UnusableAddress, is_message_id, wire_address
from services.messages import default_email_subject
from services.storage.file_storage import FileStorage
from services.unit_of_work import UnitOfWork

# Programs find a thread by a few of the newest ids as well; each makes the head of a mail longer.
_REFERENCES = 20
# Ids that were made for mails without one (services/mail/identifiers.py): nobody else knows them.
_OF_OUR_OWN = "@content.invalid"


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter, but for the bytes of its files."""

    letter: Letter
    files: Sequence[Attachment]


class Letters:
    """Writes letters in the names of brands; `sender` is who writes for one without an address."""

    def __init__(
        self, files: FileStorage, reply_addresses: ReplyAddresses, sender: Mailbox | None
    ) -> None:
        self._files = files
        self._reply_addresses = reply_addresses
        self._sender = sender

    async def draft(self, work: UnitOfWork, ticket: Ticket, message: Message) -> Draft:
        """Gather what a mail is made of, and give it its id, under which answers find the ticket.

        Raises NotDelivered for addresses that no mail can have.
        """
        brand = await work.session.get_one(Brand, ticket.brand_id)
        sender = sender_of(brand.name, brand.email, self._sender)
        await _name(work, ticket, message, sender)
        reply_to = self._reply_addresses.address_of(ticket.id)
        files = await work.session.scalars(
            select(Attachment)
            .where(Attachment.message_id == message.id)
            .order_by(Attachment.position, Attachment.id)
        )
        letter = Letter(
            message_id=message.external_id or "",
            sender=sender,
            recipient=await _recipient_of(work, ticket, message),
            subject=await _subject_of(work, ticket, brand),
            text=message.body,
            language=brand.language,
            written_at=message.created_at,
            reply_to=reply_to,
            references=await _thread_before(work, message),
            is_automatic=message.is_automatic or message.author_kind is ActorKind.AUTOMATION,
        )
        return Draft(letter, files.all())

    async def read_files(self, draft: Draft) -> list[LetterFile]:
        """Return the files of a draft, in their order. Raises NotDelivered."""
        size = composed_bytes(draft.letter.text, (file.size for file in draft.files))
        if size > SENT_MAIL_BYTES:
            raise NotDelivered(
                DeliveryFailure.TOO_LARGE,
                f"The mail has {size} bytes; at most {SENT_MAIL_BYTES} are sent.",
                is_final=True,
            )
        return [await self._read(file) for file in draft.files]

    async def _read(self, file: Attachment) -> LetterFile:
        try:
            pieces = [piece async for piece in await self._files.read(file.storage_key)]
        except FileNotFoundError as error:
            raise NotDelivered(
                DeliveryFailure.FILE_MISSING, file.filename, is_final=True
            ) from error
        return LetterFile(file.filename, file.content_type, b"".join(pieces))


def sender_of(brand_name: str, brand_email: str | None, default: Mailbox | None) -> Mailbox:
    """Return who writes for a brand: its own address, or else the default one.

    Raises NotDelivered where there is none, or one that no mail can come from.
    """
    address = brand_email or (default.address if default else None)
    if address is None:
        raise NotDelivered(
            DeliveryFailure.SENDER_REFUSED,
            "The brand has no e-mail address, and MAIL_SENDER names none.",
            is_final=True,
        )
    try:
        return Mailbox(brand_name, wire_address(address))
    except UnusableAddress as error:
        raise NotDelivered(DeliveryFailure.SENDER_REFUSED, address, is_final=True) from error


async def _name(work: UnitOfWork, ticket: Ticket, message: Message, sender: Mailbox) -> None:
    """Give a message the id of its mail, before the first try: all tries send the same mail.

    Whoever guessed the id may have named it in a mail of theirs, whose ticket is not the one.
    """
    if message.external_id is not None:
        return
    message.external_id = f"{message.id.hex}@{sender.address.rpartition('@')[2]}"
    dialect = work.session.get_bind().dialect.name
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(TicketReference)
    await work.session.execute(
        insert.values(
            brand_id=ticket.brand_id, mail_id=message.external_id, ticket_id=ticket.id
        ).on_conflict_do_update(
            index_elements=(TicketReference.brand_id, TicketReference.mail_id),
            set_={"ticket_id": ticket.id},
        )
    )


async def _recipient_of(work: UnitOfWork, ticket: Ticket, message: Message) -> Mailbox:
    """Return who the mail goes to, by their name where the address is known to be theirs still."""
    customer = await work.session.get_one(Customer, ticket.customer_id)
    recipient = message.recipient or ""
    try:
        address = wire_address(recipient)
    except UnusableAddress as error:
        raise NotDelivered(
            DeliveryFailure.ADDRESS_NOT_SUPPORTED, recipient, is_final=True
        ) from error
    is_theirs = (
        not await is_claimed(work, ticket.profile_id)
        if customer.email is None
        else address_key(customer.email) == address_key(recipient)
    )
    is_a_name = address_key(customer.name) != address_key(recipient)
    return Mailbox(customer.name if is_theirs and is_a_name else "", address)


async def _subject_of(work: UnitOfWork, ticket: Ticket, brand: Brand) -> str:
    """Return the ticket's subject; an answer to a subject of the customer's says that it is one."""
    if ticket.email_subject == default_email_subject(brand):
        return ticket.email_subject
    began = await work.session.scalar(
        select(Message.direction)
        .where(Message.ticket_id == ticket.id)
        .order_by(Message.created_at, Message.id)
        .limit(1)
    )
    if began is MessageDirection.INCOMING:
        return f"Re: {without_reply_prefixes(ticket.email_subject)}"
    return ticket.email_subject


async def _thread_before(work: UnitOfWork, message: Message) -> list[str]:
    """Return the newest mails of the conversation that others have, oldest first."""
    reached_them = or_(
        Message.delivery_state.is_(None), Message.delivery_state == DeliveryState.SENT
    )
    place = tuple_(Message.created_at, Message.id)
    found = await work.session.scalars(
        select(Message.external_id)
        .where(
            Message.ticket_id == message.ticket_id,
            Message.channel == Channel.EMAIL,
            Message.external_id.is_not(None),
            and_(reached_them, place < (message.created_at, message.id)),
        )
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(_REFERENCES)
    )
    ids = [(external_id or "").strip("<> ") for external_id in found]
    return [
        each for each in reversed(ids) if is_message_id(each) and not each.endswith(_OF_OUR_OWN)
    ]

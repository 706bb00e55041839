"""Writing a mail that has arrived into its ticket."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Unavailable
from models.actors import Actor, ActorKind
from models.attachments import Attachment
from models.channels import Channel
from models.messages import Message, MessageDirection
from models.tickets import TicketStatus
from services.arrivals import take_in
from services.channel_profiles import Writer
from services.incoming_mail.copies import Known, find_copy
from services.incoming_mail.places import Place
from services.incoming_messages import AWAKENED, IncomingMessage, hand_over
from services.mail.addresses import Mailbox
from services.mail.parsing import ParsedMail
from services.mail.quotes import split_quoted
from services.mail.subjects import without_reply_prefixes
from services.mail_tickets import (
    Correspondent,
    Thread,
    find_thread,
    hold_named_customer,
    lock_ticket,
    remember,
    take_mail_turn,
)
from services.messages import NewMessage
from services.references import refer_to_brand
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork

# Who answers a mail does not know that the ticket was closed meanwhile.
_OPENED_BY_ANSWERS = (*AWAKENED, TicketStatus.CLOSED)


@dataclass(frozen=True, slots=True)
class Answer:
    """A mail, who wrote it, what they wrote themselves, and what they quoted.

    Who only quoted wrote all of it. No person waits for an answer to an automatic one.
    """

    mail: ParsedMail
    author: Mailbox
    is_automatic: bool
    own: str
    quoted: str | None


def read_answer(mail: ParsedMail, author: Mailbox, *, is_automatic: bool) -> Answer:
    """Tell what is quoted in a mail; it may take as long as reading the mail did."""
    own, quoted = split_quoted(mail.text, mail.subject)
    return Answer(mail, author, is_automatic, own, quoted)


async def add_answer(
    work: UnitOfWork,
    place: Place,
    answer: Answer,
    files: Sequence[Attachment],
    omitted: Sequence[dict[str, Any]],
) -> Message | Known:
    """Make a mail a message, and return it, or the one that it is a copy of.

    The ticket stays its customer's, whoever writes into it.
    """
    await take_mail_turn(work, place.brand_id)
    mail = await find_copy(work.session, place.brand_id, answer.mail)
    if isinstance(mail, Known):
        return mail
    # The customer is locked before the ticket, as by everybody who takes messages in.
    writer = await hold_named_customer(work, answer.author)
    thread = await find_thread(work, place.brand_id, mail, [Correspondent.of(writer)])
    hand = await _take_ticket(work, place, thread, writer, answer)
    message = await take_in(
        work,
        hand,
        NewMessage(
            author=Actor(ActorKind.CUSTOMER, writer.customer.id),
            direction=MessageDirection.INCOMING,
            body=answer.own,
            body_html=mail.html,
            quoted_text=answer.quoted,
            is_automatic=answer.is_automatic,
            omitted_files=list(omitted) or None,
            external_id=mail.message_id,
            channel=Channel.EMAIL,
        ),
        wakes=_OPENED_BY_ANSWERS,
    )
    message.content_digest = mail.digest
    for file in files:
        file.message_id = message.id
    work.session.add_all(files)
    await remember(work, hand.ticket, thread)
    await hand.finish()
    return message


async def _take_ticket(
    work: UnitOfWork, place: Place, thread: Thread, writer: Writer, answer: Answer
) -> TicketInHand:
    ticket_id = place.ticket_id or thread.ticket_id
    if ticket_id is not None:
        return TicketInHand(work, await lock_ticket(work, ticket_id))
    incoming = IncomingMessage(
        channel=Channel.EMAIL,
        handle=answer.author.address,
        body=answer.own,
        brand_id=place.brand_id,
        subject=without_reply_prefixes(answer.mail.subject) or None,
        is_automatic=answer.is_automatic,
    )
    brand = await refer_to_brand(work, place.brand_id)
    if brand is None:
        raise Unavailable  # deleted a moment ago: whoever brings the mail again is told so
    return await hand_over(work, writer, brand, incoming)

"""Where a mail that arrives belongs: to the ticket it was written to, or to a brand."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.text import address_key
from models.brands import Brand
from models.channels import Channel
from models.messages import Message
from models.tickets import Ticket
from services.mail.addresses import Mailbox, parse_mailboxes
from services.mail.parsing import ParsedMail
from services.mail.reply_addresses import ReplyAddresses
from services.mail.threads import parent_candidates


@dataclass(frozen=True, slots=True)
class Place:
    """A brand and, where the mail was written to its reply address, a ticket of the brand."""

    brand_id: UUID
    ticket_id: UUID | None = None


class Addressees:
    """Who of the desk can be written to: brands at their addresses, tickets at those for replies.

    They are read for each mail, as admins change them at any time, and they are few.
    """

    def __init__(self, replies: ReplyAddresses, brands: dict[str, UUID]) -> None:
        self._replies = replies
        self._brands = brands

    @classmethod
    async def read(cls, connection: AsyncConnection, replies: ReplyAddresses) -> "Addressees":
        """Read them from the database; of brands with the same address the oldest has it."""
        rows = await connection.execute(
            select(Brand.id, Brand.email)
            .where(Brand.email.is_not(None), Brand.deleted_at.is_(None))
            .order_by(Brand.id.desc())
        )
        return cls(replies, {address_key(row.email): row.id for row in rows})

    def include(self, address: str) -> bool:
        """Tell whether mail to this address is taken in."""
        return self.brand_at(address) is not None or self.ticket_at(address) is not None

    def brand_at(self, address: str) -> UUID | None:
        """Return whose address this is."""
        return self._brands.get(address_key(address))

    def ticket_at(self, address: str) -> UUID | None:
        """Return to which ticket a signed reply address leads."""
        return self._replies.ticket_of(address)

    def author_of(self, mail: ParsedMail, envelope_sender: str | None) -> Mailbox | None:
        """Return who wrote a mail; None where nobody but the desk itself did.

        Forms on web pages send what people wrote in the desk's own name, with Reply-To.
        """
        envelope = (envelope_sender or "").encode(errors="surrogateescape")
        claimed = [mail.sender] if mail.sender else parse_mailboxes([envelope])
        named = chain(claimed, mail.reply_to)
        return next((each for each in named if not self.include(each.address)), None)


async def find_place(
    connection: AsyncConnection, addressees: Addressees, mail: ParsedMail, recipient: str | None
) -> Place | None:
    """Return where a mail to `recipient` belongs, None where it was not sent to the desk.

    The recipient says to which brand. Within it the ticket whose reply address the mail was written
    to comes first, wherever that stands; without one the brand looks for the ticket among its own.
    Where the recipient is nobody of the desk the header says who is, and where that names nobody,
    the ticket that the mail answers.
    """
    named = [mailbox.address for mailbox in chain(mail.delivered_to, mail.to, mail.cc)]
    if recipient is not None:
        brand_id = addressees.brand_at(recipient)
        if brand_id is not None:
            place = await _place_among(connection, addressees, named, brand_id)
            return place or Place(brand_id)
        named.insert(0, recipient)
    place = await _place_among(connection, addressees, named)
    return place or await _place_of_thread(connection, mail)


async def _place_among(
    connection: AsyncConnection,
    addressees: Addressees,
    addresses: Sequence[str],
    only_brand_id: UUID | None = None,
) -> Place | None:
    """Return the first ticket written to, or else the first brand; of one brand only, if given."""
    for ticket_id in filter(None, map(addressees.ticket_at, addresses)):
        brand_id = (
            await connection.execute(select(Ticket.brand_id).where(Ticket.id == ticket_id))
        ).scalar()
        if brand_id is not None and only_brand_id in (None, brand_id):
            return Place(brand_id, ticket_id)
    brand_ids = (addressees.brand_at(address) for address in addresses)
    found = next((each for each in brand_ids if each and only_brand_id in (None, each)), None)
    return Place(found) if found is not None else None


async def _place_of_thread(connection: AsyncConnection, mail: ParsedMail) -> Place | None:
    ids = parent_candidates(mail)
    rows = await connection.execute(
        select(Message.external_id, Message.brand_id).where(
            # The index begins with the brand.
            Message.brand_id.in_(select(Brand.id)),
            Message.channel == Channel.EMAIL,
            Message.external_id.in_(ids),
        )
    )
    brands: dict[str | None, UUID] = {row.external_id: row.brand_id for row in rows}
    found = next((brands[mail_id] for mail_id in ids if mail_id in brands), None)
    return Place(found) if found is not None else None

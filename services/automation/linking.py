"""The job that links a profile to whom its customer says to be, after the rule that asks for it.

It is a transaction of its own: linked rows take a while to move. An answer that waited for them
would come later where a claim names somebody whom the desk knows, and so tell it to who claims.
"""

from uuid import UUID

import structlog

from core.database import is_passing
from core.errors import DomainError
from models.tickets import Ticket
from services.automation.facts import read_words
from services.identity.claims import hold_for_claims, link_by_claim
from services.jobs import Payload
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork

LINK_CLAIMED = "link_claimed"

_log = structlog.get_logger(__name__)


def ask_to_link(work: UnitOfWork, ticket_id: UUID, message_id: UUID) -> None:
    """Ask for the job that follows what is claimed in a message."""
    payload = {"ticket_id": ticket_id.hex, "message_id": message_id.hex, "chain": work.chain}
    work.enqueue(LINK_CLAIMED, payload)


async def link_claimed(work: UnitOfWork, payload: Payload) -> None:
    """Link the profile of a ticket by what is claimed in a message, or keep the claim."""
    message_id = UUID(payload["message_id"])
    claims = (await read_words(work.session, [message_id]))[message_id].claims
    ticket_id = UUID(payload["ticket_id"])
    held = await hold_for_claims(work, ticket_id, claims)
    if held is None:
        return
    ticket = await work.session.get_one(Ticket, ticket_id, with_for_update=True)
    work.chain = payload["chain"]
    hand = TicketInHand(work, ticket)
    try:
        async with hand.attempt():
            await link_by_claim(work, hand, held)
    except DomainError as error:
        if is_passing(error):
            raise
        # Agents have linked or merged meanwhile what this would link.
        _log.info("a claim is not followed", ticket_id=str(ticket_id), reason=error.code)
    await hand.finish()

"""Whom a link to a file was made for, with the rights that they have now."""

from core.database import Database
from models.api_tokens import ApiToken
from models.chats import ChatSession
from models.viewers import Viewer
from services import token_holders
from services.file_links import Holder, HolderKind


async def viewer_of(database: Database, holder: Holder) -> Viewer | None:
    """Return the viewer that a holder is now; None where nothing is open to them any more.

    An agent was deactivated, an API token revoked, or the last session of a chat has ended.
    """
    async with database.reading() as connection:
        if holder.kind is HolderKind.AGENT:
            return (await token_holders.agents(connection, {holder.id})).get(holder.id)
        if holder.kind is HolderKind.INTEGRATION:
            found = await token_holders.integrations(connection, ApiToken.id == holder.id)
        else:
            found = await token_holders.customers(connection, ChatSession.ticket_id == holder.id)
    return found[0].person if found else None

"""Profiles of customers, for tests: what is asked of them, and all that the database holds."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.ids import NodeKind, decode_global_id, encode_global_id
from models.base import Base
from models.profile_verifications import ProfileVerification
from models.tickets import Ticket
from services.identity.claims import hold_for_claims, link_by_claim
from services.identity.claims_in_text import Claims, emails_in, phones_in
from services.tickets import TicketInHand
from tests.support.desk import Client, World

PROFILE = """
    fragment Profile on ChannelProfile {
      id channel handle verified linkState claimedEmail claimedPhone
      linkedBy { __typename ... on Agent { name } }
      customer { id name }
      suggestions { reason customer { name } }
    }
"""
LINK = f"""
    mutation ($profile: ID!, $customer: ID!) {{
      profileLink(input: {{profileId: $profile, customerId: $customer}}) {{
        __typename
        ... on ProfileLinkSuccess {{ profile {{ ...Profile }} }}
        ... on UserError {{ code }}
      }}
    }} {PROFILE}
"""
UNLINK = f"""
    mutation ($profile: ID!) {{
      profileUnlink(input: {{profileId: $profile}}) {{
        __typename
        ... on ProfileUnlinkSuccess {{ profile {{ ...Profile }} }}
        ... on NewerMerge {{ newerMerge {{ id }} }}
        ... on NewerLink {{ linkedProfile {{ id }} }}
        ... on UserError {{ code }}
      }}
    }} {PROFILE}
"""
SEND = """
    mutation ($profile: ID, $key: String) {
      profileVerificationSend(input: {profileId: $profile, idempotencyKey: $key}) {
        __typename
        ... on ProfileVerificationSendSuccess { minutes tries }
        ... on UserError { code message }
        ... on LimitReached { limit }
      }
    }
"""
VERIFY = """
    mutation ($profile: ID, $code: String, $token: String) {
      profileVerify(input: {profileId: $profile, code: $code, token: $token}) {
        __typename
        ... on ProfileVerifySuccess { verified }
        ... on UserError { code message }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on LimitReached { limit }
      }
    }
"""
PROFILES = f"query ($id: ID!) {{ node(id: $id) {{ ...Profile }} }} {PROFILE}"

# The log and the journal tell what was done; they are not what is restored.
NOT_RESTORED = frozenset(
    {"event", "topic_head", "customer_move", "moved_row", "job", "idempotency_key", "session"}
)
# Whoever has a row open learns by these that it changed twice.
MOVING_ON = frozenset({"version", "updated_at", "rules_after"})


async def add_customer(world: World, name: str, **given: Any) -> str:
    """Add a known customer; return their id."""
    added = await world.ayse.act(
        "mutation ($input: CustomerCreateInput!) { customerCreate(input: $input)"
        " { ... on CustomerCreateSuccess { customer { id } } } }",
        input={"name": name, **given},
    )
    return str(added["customer"]["id"])


async def profile_of(world: World, ticket: str) -> str:
    """Return the id of the profile that a ticket came by."""
    ticket_id = decode_global_id(ticket)[1]
    async with world.desk.database.reading() as connection:
        statement = select(Ticket.profile_id).where(Ticket.id == ticket_id)
        found = (await connection.execute(statement)).scalar_one()
    assert found is not None
    return encode_global_id(NodeKind.CHANNEL_PROFILE, found)


async def profile(client: Client, profile_id: str) -> dict[str, Any]:
    """Return a profile as somebody sees it."""
    found: dict[str, Any] = (await client.ask(PROFILES, id=profile_id))["node"]
    return found


def claims_in(text: str, language: str | None = None) -> Claims:
    """Return the addresses and the numbers in a text."""
    return Claims(tuple(emails_in(text)), tuple(phones_in(text, language)))


async def claim(world: World, ticket: str, text: str) -> bool:
    """Let a rule read a claim out of a text of a ticket; return whether anything changed."""
    ticket_id = decode_global_id(ticket)[1]
    said = claims_in(text, "tr")
    async with world.work() as work:
        held = await hold_for_claims(work, ticket_id, said)
        assert held is not None
        hand = TicketInHand(work, await work.session.get_one(Ticket, ticket_id))
        changed = await link_by_claim(work, hand, held)
        await hand.finish()
    return changed


async def dump(world: World) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables, but for what tells of the acts themselves."""
    rows = {}
    async with world.desk.database.reading() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name in NOT_RESTORED:
                continue
            columns = [column for column in table.columns if column.name not in MOVING_ON]
            found = await connection.execute(select(*columns).order_by(*table.primary_key.columns))
            rows[table.name] = [dict(row._mapping) for row in found]
    return rows


async def newest_verification(world: World) -> UUID:
    """Return the code that was asked for last."""
    async with world.desk.database.reading() as connection:
        newest = select(ProfileVerification.id).order_by(ProfileVerification.created_at.desc())
        found: UUID = (await connection.execute(newest.limit(1))).scalar_one()
        return found

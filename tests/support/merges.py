"""Two customers who turn out to be one person, and what must be left of that."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from models.base import Base
from models.channels import Channel
from tests.support.customers import create, customer_of
from tests.support.desk import Client, World
from tests.support.interactions import does, opened

_MERGE = "id sourceId sourceName target { id name } mergedBy { ... on Agent { name } } undoneAt"
MERGE = f"""
    mutation ($input: CustomerMergeInput!) {{
      customerMerge(input: $input) {{
        __typename
        ... on CustomerMergeSuccess {{
          customer {{ id version name email phone language company {{ name }} }}
          merge {{ {_MERGE} }}
          preview {{
            sourceId targetId
            counts {{ tickets openTickets messages favorites interactions profiles notes }}
            fields {{ field source target wins isConflict }}
          }}
        }}
        ... on ValidationFailed {{ fields {{ path code }} }}
        ... on AlreadyMerged {{ standingMerge {{ id }} }}
        ... on EditConflict {{ current {{ id }} conflicts: fields {{ field base theirs yours }} }}
        ... on UserError {{ code }}
      }}
    }}
"""
UNMERGE = f"""
    mutation ($input: CustomerUnmergeInput!) {{
      customerUnmerge(input: $input) {{
        __typename
        ... on CustomerUnmergeSuccess {{
          source {{ id name email phone }} target {{ id name email phone }}
          merge {{ {_MERGE} }}
          keptFields {{ customer {{ id }} field value before }}
        }}
        ... on NewerMerge {{ newerMerge {{ id }} }}
        ... on NewerLink {{ linkedProfile {{ id }} }}
        ... on UserError {{ code }}
      }}
    }}
"""
CUSTOMER = """
    query ($id: ID!) {
      customer(id: $id) {
        id version name email phone language
        profiles { channel handle }
        notes { nodes { id body version } }
        interactions { nodes { id } }
        tickets { nodes { id title favoriteCount } }
        merges { totalCount nodes { id sourceName undoneAt undoneBy { ... on Agent { name } } } }
      }
    }
"""
ADD_NOTE = """
    mutation ($input: NoteAddInput!) {
      noteAdd(input: $input) { __typename ... on NoteAddSuccess { note { id version } } }
    }
"""
STAR = """
    mutation ($item: ID!) { favoriteAdd(input: {itemId: $item}) { __typename } }
"""

# What merging and unmerging may leave behind: the log, the journal, and keys of retries.
_TRACES = {"event", "topic_head", "customer_move", "moved_row", "idempotency_key", "job"}
# They say when each was used last.
_TOKENS = {"session", "api_token_secret"}


@dataclass(frozen=True, slots=True)
class Couple:
    """One person whom the desk knows as two: Elif, who writes mails and chats, and Maria.

    `chat` and `mail` are the messages of Elif's two tickets; `note` is on her, and `call` is an
    interaction with her that stands open with something typed.
    """

    elif_: str
    maria: str
    chat: str
    chat_ticket: str
    mail: str
    mail_ticket: str
    maria_ticket: str
    note: str
    call: str


async def meet(world: World) -> Couple:
    """Let the desk know one person twice, with everything that a customer can have."""
    mail, mail_ticket = await world.receive(handle="elif@example.com", name="Elif Şahin")
    elif_ = await customer_of(world, mail_ticket)
    _, maria_ticket = await world.receive(handle="maria@example.com", name="Maria Kaya")
    maria = await customer_of(world, maria_ticket)
    known = await create(world, "Elif S.", phone="+905321234567", language="tr")
    chat, chat_ticket = await world.receive(handle="@elif", channel=Channel.TELEGRAM)
    on_telegram = await customer_of(world, chat_ticket)
    for source in (known["id"], on_telegram):
        await merged(world.admin, source, elif_)
    note = await world.ayse.act(
        ADD_NOTE, input={"kind": "CUSTOMER", "customerId": elif_, "body": "Call after five."}
    )
    call = await opened(world.ayse, customerId=elif_)
    form = {"expectedVersion": 1, "phone": "+905320000000"}
    await does(world.ayse, "interactionFormSave", interactionId=call, form=form)
    await world.ayse.act(STAR, item=chat)
    return Couple(
        elif_, maria, chat, chat_ticket, mail, mail_ticket, maria_ticket, note["note"]["id"], call
    )


async def merge(client: Client, source: str, target: str, **more: Any) -> dict[str, Any]:
    """Let somebody merge two customers, and return the answer."""
    return await client.act(MERGE, input={"sourceId": source, "targetId": target, **more})


async def merged(client: Client, source: str, target: str, **more: Any) -> str:
    """Let somebody merge two customers, which succeeds; return the merge's id."""
    result = await merge(client, source, target, **more)
    assert result["__typename"] == "CustomerMergeSuccess", result
    merge_id: str = result["merge"]["id"]
    return merge_id


async def unmerge(client: Client, merge_id: str) -> dict[str, Any]:
    """Let somebody undo a merge, and return the answer."""
    return await client.act(UNMERGE, input={"mergeId": merge_id})


async def load(client: Client, customer_id: str) -> dict[str, Any]:
    """Read a customer by an id."""
    found: dict[str, Any] = (await client.ask(CUSTOMER, id=customer_id))["customer"]
    return found


async def dump(world: World) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables but for traces; versions count what happened, also undone."""
    rows = {}
    async with world.desk.database.reading() as connection:
        for name, table in Base.metadata.tables.items():
            if name in _TRACES | _TOKENS:
                continue
            key = list(table.primary_key.columns)
            found = await connection.execute(select(table).order_by(*key))
            rows[name] = [
                {column: value for column, value in row._mapping.items() if column != "version"}
                for row in found
            ]
    return rows

"""What agents do with interactions, and what must be left of that."""

from typing import Any

from sqlalchemy import func, select

from models.interactions import Interaction, InteractionEntry, InteractionTag
from tests.support.desk import Client, World

CALLER, OTHER_CALLER = "+905321110000", "+905321110001"  # nobody knows them
INTERACTION = """
    id version channel handle closedAt summary tags
    agent { name } customer { id name } ticket { number }
"""
FORM = "form { fields expectedVersion name email phone language company { name } }"
SHOWN = {
    "interactionTag": "tag",
    "interactionUpdate": "mergedFields",
    "interactionClose": "mergedFields",
}
LISTS = """
    {
      openInteractions { id form { name } }
      recentInteractions { totalCount nodes { id } }
    }
"""
EVENTS = """
    subscription ($after: EventCursor) {
      interactionEvents(after: $after) {
        __typename
        ... on Event { cursor }
        ... on InteractionOpened { actor { ...Who } interaction { id } }
        ... on InteractionChanged {
          actor { ...Who } interaction { id form { name } } changes { field before after }
        }
        ... on InteractionClosed { actor { ...Who } interaction { id } }
        ... on InteractionReopened { actor { ...Who } interaction { id } }
      }
    }
    fragment Who on Actor { ... on Agent { name } }
"""


def _document(mutation: str) -> str:
    noun = f"{mutation[0].upper()}{mutation[1:]}"
    return f"""
        mutation ($input: {noun}Input!) {{
          {mutation}(input: $input) {{
            __typename
            ... on {noun}Success {{
              {SHOWN.get(mutation, "")} interaction {{ {INTERACTION} {FORM} }}
            }}
            ... on UserError {{
              code
              message
              ... on ValidationFailed {{ fields {{ path code limit actual }} }}
              ... on LimitReached {{ limit }}
              ... on UnsavedChanges {{ unsaved: fields }}
              ... on EditConflict {{
                currentVersion
                changedBy {{ ... on Agent {{ name }} }}
                fields {{ field base theirs yours }}
              }}
              ... on AlreadyExists {{ existing {{ id }} }}
            }}
          }}
        }}
    """


def number_of(place: int) -> str:
    """Return one of 1,000 telephone numbers that nobody knows."""
    return f"+905322220{place:03}"


async def does(client: Client, mutation: str, **given: Any) -> dict[str, Any]:
    """Let somebody do something that succeeds; return the interaction as it is then."""
    result = await attempt(client, mutation, **given)
    assert result["__typename"].endswith("Success"), result
    interaction: dict[str, Any] = result["interaction"]
    return interaction


async def attempt(client: Client, mutation: str, **given: Any) -> dict[str, Any]:
    """Let somebody try something, and return the answer."""
    return await client.act(_document(mutation), input=given)


async def opened(client: Client, channel: str = "PHONE", **contact: Any) -> str:
    """Put a contact on somebody's open list; return the interaction's id."""
    interaction_id: str = (await does(client, "interactionOpen", channel=channel, **contact))["id"]
    return interaction_id


async def closed(client: Client, interaction_id: str) -> None:
    """Take an interaction off somebody's open list, whatever was typed."""
    await does(client, "interactionClose", interactionId=interaction_id, outcome="DISCARD")


async def load(client: Client, interaction_id: str) -> dict[str, Any]:
    """Read an interaction."""
    document = (
        f"query ($id: ID!) {{ node(id: $id) {{ ... on Interaction {{ {INTERACTION} {FORM} }} }} }}"
    )
    found: dict[str, Any] = (await client.ask(document, id=interaction_id))["node"]
    return found


async def lists(client: Client) -> tuple[list[str], list[str]]:
    """Return the ids on somebody's open and recent lists."""
    found = await client.ask(LISTS)
    return (
        [one["id"] for one in found["openInteractions"]],
        [one["id"] for one in found["recentInteractions"]["nodes"]],
    )


async def trace(world: World) -> dict[str, Any]:
    """Return all that an act with an interaction could leave something in."""
    rows = (
        select(func.count()).select_from(model).scalar_subquery().label(model.__tablename__)
        for model in (Interaction, InteractionEntry, InteractionTag)
    )
    async with world.desk.database.reading() as connection:
        counts = dict((await connection.execute(select(*rows))).one()._mapping)
        entries = await connection.execute(
            select(InteractionEntry.__table__).order_by(InteractionEntry.interaction_id)
        )
        kept = [dict(row._mapping) for row in entries]
    return {**await world.counts(), **counts, "entries": kept}

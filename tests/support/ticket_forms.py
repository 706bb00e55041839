"""Forms of tickets and templates that several tests fill in."""

from typing import Any

from sqlalchemy import func, select

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from core.text import fold
from models.actors import ActorKind
from models.attachments import Attachment
from models.base import Base
from models.brands import Brand
from models.notifications import Notification
from models.tags import Tag, TicketTag
from models.ticket_drafts import TicketDraft
from models.ticket_templates import TicketTemplate, TicketTemplateTag
from models.topics import Topic
from tests.support.desk import Client, World

TEMPLATE = """
    fragment Template on TicketTemplate {
      id version name brand { name } topic { name } status priority title emailSubject description
      assignee { name } team { name } tags { name } attachments { filename }
      problems { field name reason } createdBy { ... on Agent { name } }
    }
"""
ERRORS = """
    ... on ValidationFailed { fields { path code limit actual } }
    ... on AlreadyExists { existing { ... on TicketTemplate { name } } }
    ... on LimitReached { limit }
"""
CREATE = (
    f"""
    mutation ($input: TicketCreateInput!) {{
      ticketCreate(input: $input) {{
        __typename
        ... on TicketCreateSuccess {{
          number
          ticket {{
            id number channel title status priority emailSubject description messageCount
            customer {{ id name email phone language }}
            topic {{ name }} team {{ name }} assignee {{ name }} tags {{ name }}
            notes(first: 5) {{ nodes {{ kind body attachments {{ filename }} }} }}
          }}
          template {{ ...Template }}
          leftOut {{ field name reason }}
        }}
        {ERRORS}
      }}
    }}
    """
    + TEMPLATE
)
CREATE_TEMPLATE = (
    f"""
    mutation ($input: TicketTemplateCreateInput!) {{
      ticketTemplateCreate(input: $input) {{
        __typename ... on TicketTemplateCreateSuccess {{ template {{ ...Template }} }} {ERRORS}
      }}
    }}
    """
    + TEMPLATE
)
_EXTRAS: tuple[type[Base], ...] = (
    Attachment,
    Notification,
    TicketDraft,
    TicketTag,
    TicketTemplate,
    TicketTemplateTag,
)


def brand_id(brand: Brand) -> str:
    return encode_global_id(NodeKind.BRAND, brand.id)


def team_id(world: World, name: str) -> str:
    return encode_global_id(NodeKind.TEAM, getattr(world, name).id)


async def topic(world: World, name: str = "Kargo", brand: Brand | None = None) -> str:
    row = Topic(
        id=new_id(),
        brand_id=(brand or world.acme).id,
        name=name,
        name_key=fold(name),
        created_at=clock.now(),
    )
    await _add(world, row)
    return encode_global_id(NodeKind.TOPIC, row.id)


async def tag(world: World, name: str) -> str:
    row = Tag(id=new_id(), name=name, name_key=fold(name), created_at=clock.now())
    await _add(world, row)
    return encode_global_id(NodeKind.TAG, row.id)


async def upload(world: World, who: str, filename: str, **owner: Any) -> str:
    """Let somebody have uploaded a file, which stands nowhere yet unless told."""
    row = Attachment(
        id=new_id(),
        filename=filename,
        content_type="application/pdf",
        size=3,
        storage_key=new_id().hex,
        uploader_kind=ActorKind.AGENT,
        uploader_id=world.agents[who].id,
        created_at=clock.now(),
        **owner,
    )
    await _add(world, row)
    return encode_global_id(NodeKind.ATTACHMENT, row.id)


async def fill_in(client: Client, world: World, **form: Any) -> dict[str, Any]:
    """Open a ticket of Acme for Elif, unless the form says otherwise."""
    customer = {"name": "Elif Şahin", "email": "elif@example.com"}
    given = {"brandId": brand_id(world.acme), "customer": customer, **form}
    return await client.act(CREATE, input=given)


async def make_template(world: World, name: str = "Kargo şikâyeti", **form: Any) -> dict[str, Any]:
    given = {"brandId": brand_id(world.acme), "name": name, **form}
    result = await world.ayse.act(CREATE_TEMPLATE, input=given)
    assert result["__typename"] == "TicketTemplateCreateSuccess", result
    template: dict[str, Any] = result["template"]
    return template


async def delete(world: World, noun: str, node_id: str) -> None:
    """Delete a topic, a team or a tag."""
    capital = noun.capitalize()
    document = f"""
        mutation ($id: ID!) {{ {noun}Delete(input: {{{noun}Id: $id}}) {{ __typename }} }}
    """
    result = await world.admin.act(document, id=node_id)
    assert result == {"__typename": f"{capital}DeleteSuccess"}


async def everything(world: World) -> dict[str, int]:
    """Return how many rows there are of all that a form could leave behind."""
    of_each = (
        select(func.count()).select_from(model).scalar_subquery().label(model.__tablename__)
        for model in _EXTRAS
    )
    async with world.desk.database.reading() as connection:
        extras = dict((await connection.execute(select(*of_each))).one()._mapping)
    return {**await world.counts(), **extras}


def refused(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what of an input was refused, and why."""
    assert result["__typename"] == "ValidationFailed", result
    return [(".".join(field["path"][1:]), field["code"]) for field in result["fields"]]


def row_id(node_id: str) -> Any:
    return decode_global_id(node_id)[1]


async def _add(world: World, row: Base) -> None:
    async with world.desk.database.transaction() as session:
        session.add(row)

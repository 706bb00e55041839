"""Lists of tickets: pages, order, search and filters."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id
from core.text import fold
from models.companies import Company
from models.customers import Customer
from models.tags import Tag, TicketTag
from models.tickets import Ticket, TicketPriority, TicketStatus
from tests.support.customers import customer_of
from tests.support.customers import update as update_customer
from tests.support.desk import Answer, World
from tests.support.favorites import ADD as STAR

pytestmark = pytest.mark.both_databases

LIST = """
    query (
      $filter: TicketFilter, $search: String, $orderBy: TicketOrder! = CREATED_OLDEST_FIRST,
      $first: Int, $after: String, $last: Int, $before: String
    ) {
      tickets(
        filter: $filter, search: $search, orderBy: $orderBy,
        first: $first, after: $after, last: $last, before: $before
      ) {
        totalCount nodes { title }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
"""
INBOX = """
    query ($first: Int!) {
      tickets(first: $first) {
        totalCount
        nodes {
          id number eventCursor messageCount favoriteCount
          brand { name } team { name } assignee { name } topic { name }
          customer { name company { name } } tags { name }
          lastMessage { body author { ... on Customer { name } } attachments { url } }
          favorites { totalCount nodes { addedBy { ... on Agent { name } } } }
          messages(first: 3) { nodes { body favorite { id } } }
        }
      }
    }
"""
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


async def titles(world: World, **arguments: Any) -> list[str]:
    found = (await world.admin.ask(LIST, **arguments))["tickets"]
    assert found["totalCount"] == len(found["nodes"])
    return [node["title"] for node in found["nodes"]]


async def make(world: World, title: str, **values: Any) -> UUID:
    """Make a ticket and set columns of it."""
    handle = fold(title).replace(" ", ".")
    _message, ticket = await world.receive(subject=title, handle=f"{handle}@example.com")
    row_id = decode_global_id(ticket)[1]
    if values:
        async with world.desk.database.transaction() as session:
            await session.execute(update(Ticket).where(Ticket.id == row_id).values(**values))
    return row_id


def problem(answer: Answer) -> Any:
    extensions = answer.error["extensions"]
    assert extensions["code"] == "VALIDATION_FAILED"
    return extensions["fields"]


async def test_everybody_sees_the_tickets_they_may_see(world: World) -> None:
    await make(world, "shared")
    await make(world, "sales only", team_id=world.sales.id)
    await make(world, "for nikos", team_id=world.sales.id, assignee_id=world.agents["nikos"].id)
    await world.receive(subject="elsewhere", brand=world.other)

    seen = {
        name: [node["title"] for node in (await getattr(world, name).ask(LIST))["tickets"]["nodes"]]
        for name in ("admin", "ayse", "nikos", "stranger")
    }

    assert seen == {
        "admin": ["shared", "sales only", "for nikos", "elsewhere"],
        "ayse": ["shared"],
        "nikos": ["shared", "for nikos"],
        "stranger": ["elsewhere"],
    }


async def test_nobody_lists_tickets_without_signing_in(world: World) -> None:
    answer = await world.nobody.send(LIST)

    assert answer.error["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "order",
    [
        "UPDATED_NEWEST_FIRST",
        "UPDATED_OLDEST_FIRST",
        "CREATED_NEWEST_FIRST",
        "CREATED_OLDEST_FIRST",
        "MOST_URGENT_FIRST",
    ],
)
async def test_pages_of_each_order_join_without_gap_and_overlap(world: World, order: str) -> None:
    priorities = list(TicketPriority)
    for place in range(7):
        await make(
            world, f"t{place}", priority=priorities[place % 4], updated_at=MOMENT, created_at=MOMENT
        )
    whole = (await world.admin.ask(LIST, orderBy=order))["tickets"]["nodes"]

    forwards: list[Any] = []
    after = None
    while True:
        page = (await world.admin.ask(LIST, orderBy=order, first=3, after=after))["tickets"]
        forwards += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        assert page["totalCount"] == 7
        if not page["pageInfo"]["hasNextPage"]:
            break
    backwards: list[Any] = []
    before = None
    while True:
        page = (await world.admin.ask(LIST, orderBy=order, last=3, before=before))["tickets"]
        backwards = page["nodes"] + backwards
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break

    assert len(whole) == 7
    assert forwards == backwards == whole


async def test_the_most_urgent_come_first(world: World) -> None:
    for priority in ("MEDIUM", "URGENT", "LOW", "HIGH"):
        await make(world, priority, priority=TicketPriority(priority))

    found = await titles(world, orderBy="MOST_URGENT_FIRST")

    assert found == ["URGENT", "HIGH", "MEDIUM", "LOW"]


async def test_101_tickets_at_once_are_one_too_many(world: World) -> None:
    answer = await world.admin.send(LIST, first=101)

    assert problem(answer) == [
        {"path": ["first"], "code": "PAGE_TOO_LARGE", "limit": 100, "actual": 101}
    ]


@pytest.mark.parametrize("cursor", ["", "nonsense", "ö", "WyJ4Il0", "e30"])
async def test_an_unknown_cursor_is_refused(world: World, cursor: str) -> None:
    answer = await world.admin.send(LIST, after=cursor)

    assert problem(answer) == [
        {"path": ["after"], "code": "INVALID_CURSOR", "limit": None, "actual": None}
    ]


async def test_a_cursor_of_another_order_is_refused(world: World) -> None:
    await make(world, "one")
    page = (await world.admin.ask(LIST))["tickets"]["pageInfo"]

    answer = await world.admin.send(LIST, after=page["endCursor"], orderBy="UPDATED_NEWEST_FIRST")

    assert problem(answer)[0]["code"] == "INVALID_CURSOR"


async def test_a_value_that_the_filter_does_not_know_is_refused(world: World) -> None:
    answer = await world.admin.send(LIST, filter={"statuses": ["ASLEEP"]})

    assert answer.error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_filter_knows_status_priority_and_channel(world: World) -> None:
    await make(world, "new")
    await make(world, "pending", status=TicketStatus.PENDING, priority=TicketPriority.HIGH)
    await make(world, "urgent", priority=TicketPriority.URGENT, channel="TELEGRAM")

    assert await titles(world, filter={"statuses": ["NEW"]}) == ["new", "urgent"]
    assert await titles(world, filter={"statuses": ["NEW", "PENDING"]}) == [
        "new",
        "pending",
        "urgent",
    ]
    assert await titles(world, filter={"priorities": ["HIGH", "URGENT"]}) == ["pending", "urgent"]
    assert await titles(world, filter={"channels": ["TELEGRAM"]}) == ["urgent"]
    assert await titles(world, filter={"statuses": ["NEW"], "channels": ["EMAIL"]}) == ["new"]


async def test_the_filter_knows_brand_team_and_assignee(world: World) -> None:
    ayse, nikos = world.agents["ayse"].id, world.agents["nikos"].id
    await make(world, "free")
    await make(world, "support", team_id=world.support.id, assignee_id=ayse)
    await make(world, "sales", team_id=world.sales.id, assignee_id=nikos)
    await world.receive(subject="elsewhere", brand=world.other)
    acme = encode_global_id(NodeKind.BRAND, world.acme.id)
    teams = [encode_global_id(NodeKind.TEAM, team.id) for team in (world.support, world.sales)]

    assert await titles(world, filter={"brandIds": [acme]}) == ["free", "support", "sales"]
    assert await titles(world, filter={"teamIds": teams[:1]}) == ["support"]
    assert await titles(world, filter={"teamIds": teams}) == ["support", "sales"]
    assert await titles(world, filter={"assigneeIds": [world.id_of("nikos")]}) == ["sales"]
    assert await titles(world, filter={"unassigned": True}) == ["free", "elsewhere"]
    assert await titles(world, filter={"unassigned": False}) == ["support", "sales"]


async def test_the_filter_knows_customer_company_and_tag(world: World) -> None:
    now = clock.now()
    company = Company(name="Acme", name_key="acme", created_at=now, updated_at=now)
    tag = Tag(name="Refund", name_key="refund", created_at=now)
    first = await make(world, "first")
    await make(world, "second")
    async with world.desk.database.transaction() as session:
        session.add_all([company, tag])
        await session.flush()
        session.add(TicketTag(ticket_id=first, tag_id=tag.id))
        ticket = await session.get_one(Ticket, first)
        await session.execute(
            update(Customer).where(Customer.id == ticket.customer_id).values(company_id=company.id)
        )
    customer = encode_global_id(NodeKind.CUSTOMER, ticket.customer_id)

    assert await titles(world, filter={"customerId": customer}) == ["first"]
    assert await titles(
        world, filter={"companyId": encode_global_id(NodeKind.COMPANY, company.id)}
    ) == ["first"]
    assert await titles(world, filter={"tagIds": [encode_global_id(NodeKind.TAG, tag.id)]}) == [
        "first"
    ]


async def test_a_range_begins_with_its_first_moment_and_ends_before_its_last(world: World) -> None:
    day = timedelta(days=1)
    for place in range(3):
        moment = MOMENT + place * day
        await make(world, f"day {place}", created_at=moment, updated_at=moment + 10 * day)
    second, third = "2026-01-02T00:00:00Z", "2026-01-03T03:00:00+03:00"
    later = {"updatedSince": "2026-01-12T00:00:00Z", "updatedUntil": "2026-01-13T00:00:00Z"}

    assert await titles(world, filter={"createdSince": second}) == ["day 1", "day 2"]
    assert await titles(world, filter={"createdUntil": third}) == ["day 0", "day 1"]
    assert await titles(world, filter={"createdSince": second, "createdUntil": third}) == ["day 1"]
    assert await titles(world, filter=later) == ["day 1"]


async def test_absent_and_null_find_everything_and_an_empty_list_nothing(world: World) -> None:
    await make(world, "one")

    assert await titles(world, filter=None) == ["one"]
    assert await titles(world, filter={"statuses": None, "brandIds": None}) == ["one"]
    assert await titles(world, filter={"statuses": []}) == []
    assert await titles(world, filter={"brandIds": []}) == []


async def test_all_wrong_ids_of_a_filter_are_named(world: World) -> None:
    acme = encode_global_id(NodeKind.BRAND, world.acme.id)

    answer = await world.admin.send(
        LIST, filter={"brandIds": [acme, "x"], "teamIds": [acme], "customerId": acme}
    )

    assert [(fault["path"], fault["code"]) for fault in problem(answer)] == [
        (["filter", "brandIds", "1"], "INVALID_ID"),
        (["filter", "teamIds", "0"], "INVALID_ID"),
        (["filter", "customerId"], "INVALID_ID"),
    ]


async def test_101_values_in_a_filter_are_one_too_many(world: World) -> None:
    acme = encode_global_id(NodeKind.BRAND, world.acme.id)

    answer = await world.admin.send(LIST, filter={"brandIds": [acme] * 101})

    assert problem(answer) == [
        {"path": ["filter", "brandIds"], "code": "OUT_OF_RANGE", "limit": 100, "actual": 101}
    ]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("siparis", ["Siparişim İADE edildi"]),
        ("SIPARIŞIM iade", ["Siparişim İADE edildi"]),
        ("iadenin", ["Siparişim İADE edildi"]),
        ("παραγγελια", ["Η παραγγελία μου"]),
        ("ΠΑΡΑΓΓΕΛΊΕΣ", ["Η παραγγελία μου"]),
        ("όροσ", ["Η παραγγελία μου"]),
        ("order", ["My orders"]),
        ("orders kargo", []),
        ("!?", []),
        ("", ["Siparişim İADE edildi", "Η παραγγελία μου", "My orders"]),
    ],
)
async def test_words_are_found_in_every_spelling(
    world: World, search: str, found: list[str]
) -> None:
    await world.receive("Kargo şirketi", subject="Siparişim İADE edildi", handle="a@example.com")
    await world.receive("Ποιος είναι ο όρος;", subject="Η παραγγελία μου", handle="b@example.com")
    await world.receive("Where are they?", subject="My orders", handle="c@example.com")

    assert await titles(world, search=search) == found


async def test_a_ticket_is_found_by_its_number_its_customer_and_its_new_title(
    world: World,
) -> None:
    _message, ticket = await world.receive(name="Çağla Öztürk")
    await world.ayse.ask(RETITLE, ticket=ticket)

    assert await titles(world, search="1") == ["Broken kettle"]
    assert await titles(world, search="cagla") == ["Broken kettle"]
    assert await titles(world, search="kettle") == ["Broken kettle"]


async def test_notes_are_not_searched(world: World) -> None:
    _message, ticket = await world.receive()
    await world.ayse.ask(
        """
        mutation ($ticket: ID!) {
          noteAdd(input: {kind: INLINE, ticketId: $ticket, body: "Blacklisted"}) { __typename }
        }
        """,
        ticket=ticket,
    )

    assert await titles(world, search="blacklisted") == []


async def test_the_statements_of_an_inbox_page_do_not_grow_with_its_tickets(world: World) -> None:
    now = clock.now()
    company = Company(name="Acme", name_key="acme", created_at=now, updated_at=now)
    tag = Tag(name="Refund", name_key="refund", created_at=now)
    ids = []
    for place in range(50):
        message, ticket = await world.receive(handle=f"c{place}@example.com")
        await world.receive("Again", handle=f"c{place}@example.com")
        ids.append(decode_global_id(ticket)[1])
        if place % 5 == 4:
            await world.ayse.ask(STAR, item=message)
    async with world.desk.database.transaction() as session:
        session.add_all([company, tag])
        await session.flush()
        session.add_all(TicketTag(ticket_id=row_id, tag_id=tag.id) for row_id in ids)
        await session.execute(update(Customer).values(company_id=company.id))
        await session.execute(
            update(Ticket).values(team_id=world.support.id, assignee_id=world.agents["ayse"].id)
        )

    async with world.counted_statements() as of_five:
        five = (await world.ayse.ask(INBOX, first=5))["tickets"]
    async with world.counted_statements() as of_fifty:
        fifty = (await world.ayse.ask(INBOX, first=50))["tickets"]

    assert len(five["nodes"]) == 5
    assert len(fifty["nodes"]) == 50
    assert sum(node["favorites"]["totalCount"] for node in fifty["nodes"]) == 10
    assert fifty["nodes"][:5] == five["nodes"]
    assert len(of_five) == len(of_fifty)


RETITLE = """
    mutation ($ticket: ID!) {
      ticketUpdate(input: {ticketId: $ticket, expectedVersion: 2, title: "Broken kettle"}) {
        __typename
      }
    }
"""


async def test_a_ticket_is_found_by_what_its_customer_is_called_now(world: World) -> None:
    _message, ticket = await world.receive(name="Elif Yılmaz")
    customer = {"id": await customer_of(world, ticket)}
    await update_customer(world.ayse, customer, 1, name="Elif Şahin")

    assert await titles(world, search="sahin") == ["My order"]
    assert await titles(world, search="yilmaz") == []


async def test_an_old_title_finds_nothing_and_what_was_written_still_does(world: World) -> None:
    _message, ticket = await world.receive("My teapot leaks", subject="Leaking teapot lid")
    await world.ayse.ask(RETITLE, ticket=ticket)

    assert await titles(world, search="lid") == []
    assert await titles(world, search="teapot") == ["Broken kettle"]
    assert await titles(world, search="kettle teapot elif") == ["Broken kettle"]

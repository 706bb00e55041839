"""What agents are told because it concerns them, and what of it they have read."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.brands import BrandMember
from models.event_topics import notifications_topic
from models.events import read_events
from models.notifications import KEPT_FOR, Notification
from models.viewers import ApiScope
from services import notifications
from services.upkeep import tidy_up
from tests.support.customers import create as create_customer
from tests.support.desk import World
from tests.support.notes import add as add_note
from tests.support.notifications import LIST, MARK_READ, STATE, mark_read, mention, told, unread
from tests.support.transfers import team_id, transfer

ALL_NAMES = "@Admin @Ayse @Nikos @Stranger, please."


async def events_of(world: World, name: str) -> list[str]:
    topic = notifications_topic(world.agents[name].id)
    async with world.desk.database.reading() as connection:
        return [event.type for event in await read_events(connection, topic, 0, 1_000)]


# ── Being told ─────────────────────────────────────────────────────────────────────────────────


async def test_a_mention_is_told_with_the_note_and_who_wrote_it(world: World) -> None:
    ticket = await mention(world)

    (notification,) = await told(world.nikos)

    assert notification == {
        "id": notification["id"],
        "kind": "MENTIONED",
        "readAt": None,
        "ticket": {"id": ticket},
        "note": {"body": "@Nikos please"},
        "customer": None,
        "company": None,
        "actor": {"name": "Ayse"},
    }
    assert await events_of(world, "nikos") == ["NotificationAdded"]


async def test_a_note_that_mentions_somebody_twice_tells_them_once(world: World) -> None:
    await mention(world, "@Nikos, are you there, @nikos?")

    assert len(await told(world.nikos)) == 1
    assert await events_of(world, "nikos") == ["NotificationAdded"]


async def test_who_mentions_themselves_is_not_told(world: World) -> None:
    await mention(world, "@Ayse calls back")

    assert await told(world.ayse) == []
    assert await events_of(world, "ayse") == []


@pytest.mark.parametrize("placement", ["acme", "support", "sales", "assigned", "other"])
async def test_those_who_see_the_ticket_are_told_and_nobody_else(
    world: World, placement: str
) -> None:
    # Nikos has the ticket of the team Support, and belongs to Acme no more.
    _message, ticket = await world.receive(brand=world.other if placement == "other" else None)
    if placement in ("support", "sales"):
        await transfer(world.admin, ticket, teamId=team_id(world, placement))
    if placement == "assigned":
        assigned = {"teamId": team_id(world, "support"), "assigneeId": world.id_of("nikos")}
        await transfer(world.admin, ticket, **assigned)
        async with world.desk.database.transaction() as session:
            nikos = world.agents["nikos"].id
            await session.execute(delete(BrandMember).where(BrandMember.agent_id == nikos))
    integration = await world.integration(
        ApiScope.TICKETS_READ, ApiScope.NOTES_WRITE, brands=[world.acme, world.other]
    )

    await add_note(integration, ticketId=ticket, body=ALL_NAMES)

    for name in world.agents:
        client = getattr(world, name)
        found = await client.ask("query ($id: ID!) { ticket(id: $id) { id } }", id=ticket)
        mentions = [one for one in await told(client) if one["kind"] == "MENTIONED"]
        assert len(mentions) == (0 if found["ticket"] is None else 1)


async def test_a_note_on_a_customer_is_every_agents_to_read(world: World) -> None:
    customer = await create_customer(world, "Elif Şahin")

    await add_note(world.ayse, "CUSTOMER", customerId=customer["id"], body=ALL_NAMES)

    (notification,) = await told(world.stranger)
    assert notification["customer"] == {"id": customer["id"]}
    assert notification["ticket"] is None


async def test_who_is_given_a_ticket_is_told_once(world: World) -> None:
    _message, ticket = await world.receive()

    await transfer(world.ayse, ticket, assigneeId=world.id_of("nikos"))
    await transfer(world.admin, ticket, assigneeId=world.id_of("nikos"))

    (notification,) = await told(world.nikos)
    assert notification["kind"] == "ASSIGNED"
    assert notification["ticket"] == {"id": ticket}
    assert notification["actor"] == {"name": "Ayse"}
    assert await events_of(world, "nikos") == ["NotificationAdded"]


async def test_who_takes_a_ticket_or_loses_it_is_not_told(world: World) -> None:
    _message, ticket = await world.receive()

    await transfer(world.ayse, ticket, assigneeId=world.id_of("ayse"))
    await transfer(world.admin, ticket, assigneeId=None)

    assert await told(world.ayse) == []


async def test_a_comment_may_mention_who_is_given_the_ticket(world: World) -> None:
    _message, ticket = await world.receive()

    await transfer(
        world.ayse,
        ticket,
        assigneeId=world.id_of("nikos"),
        teamId=team_id(world, "support"),
        comment="@Nikos she is in a hurry",
    )

    kinds = sorted(notification["kind"] for notification in await told(world.nikos))
    assert kinds == ["ASSIGNED", "MENTIONED"]


async def test_an_act_that_is_refused_tells_nobody(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    stranger = await add_note(world.stranger, ticketId=ticket, body="@Nikos please")
    too_long = await transfer(
        world.ayse, ticket, assigneeId=world.id_of("nikos"), comment="@Ayse " + "x" * 10_001
    )
    unknown = await transfer(
        world.ayse,
        ticket,
        assigneeId=world.id_of("nikos"),
        teamId=encode_global_id(NodeKind.TEAM, new_id()),
    )

    assert stranger["__typename"] == "NotFound"
    assert too_long["__typename"] == unknown["__typename"] == "ValidationFailed"
    assert await told(world.nikos) == []
    assert await world.counts() == before


# ── The list ───────────────────────────────────────────────────────────────────────────────────


async def test_the_newest_comes_first_and_pages_follow_each_other(world: World) -> None:
    ticket = await mention(world)
    await transfer(world.ayse, ticket, assigneeId=world.id_of("nikos"))
    await add_note(world.admin, ticketId=ticket, body="@Nikos?")

    first = (await world.nikos.ask(LIST, first=2))["notifications"]
    rest = await told(world.nikos, first=2, after=first["pageInfo"]["endCursor"])

    assert first["totalCount"] == 3
    assert [node["actor"]["name"] for node in first["nodes"]] == ["Admin", "Ayse"]
    assert [node["kind"] for node in first["nodes"] + rest] == [
        "MENTIONED",
        "ASSIGNED",
        "MENTIONED",
    ]


async def test_a_long_list_takes_as_many_statements_as_a_short_one(world: World) -> None:
    await mention(world)
    async with world.counted_statements() as few:
        await told(world.nikos)
    await mention(world, times=5)
    async with world.counted_statements() as many:
        await told(world.nikos)

    assert len(many) == len(few)


async def test_what_the_viewer_does_not_see_any_more_is_not_shown(world: World) -> None:
    ticket = await mention(world)

    await transfer(world.ayse, ticket, teamId=team_id(world, "support"))

    (notification,) = await told(world.nikos)
    assert (notification["ticket"], notification["note"]) == (None, None)
    assert notification["actor"] == {"name": "Ayse"}


async def test_a_notification_is_its_agents_alone(world: World) -> None:
    await mention(world)
    (notification,) = await told(world.nikos)
    node = "query ($id: ID!) { node(id: $id) { id } }"

    assert (await world.nikos.ask(node, id=notification["id"]))["node"] is not None
    for client in (world.admin, await world.integration(*ApiScope, brands=[world.acme])):
        assert (await client.ask(node, id=notification["id"]))["node"] is None


async def test_after_ninety_days_a_notification_is_gone(world: World) -> None:
    await mention(world, times=2)
    newest, oldest = await told(world.nikos)
    await age(world, oldest["id"], KEPT_FOR + timedelta(minutes=1))
    await age(world, newest["id"], KEPT_FOR - timedelta(minutes=1))

    await tidy_up(world.desk.database)

    assert [one["id"] for one in await told(world.nikos)] == [newest["id"]]


async def age(world: World, notification_id: str, by: timedelta) -> None:
    _kind, row_id = decode_global_id(notification_id)
    async with world.desk.database.transaction() as session:
        await session.execute(
            update(Notification)
            .where(Notification.id == row_id)
            .values(created_at=clock.now() - by)
        )


# ── Reading them ───────────────────────────────────────────────────────────────────────────────


async def test_what_is_marked_read_is_read_once_and_for_all(world: World) -> None:
    await mention(world, times=2)
    newest, oldest = await told(world.nikos)

    first = await mark_read(world.nikos, notificationIds=[oldest["id"]])
    (read,) = [one for one in await told(world.nikos) if one["id"] == oldest["id"]]
    before = await world.counts()
    second = await mark_read(world.nikos, notificationIds=[oldest["id"], oldest["id"]])

    assert first == second == {"__typename": "NotificationsMarkReadSuccess", "unreadCount": 1}
    assert await told(world.nikos, unreadOnly=True) == [newest]
    assert read in await told(world.nikos)
    assert read["readAt"] is not None
    assert await world.counts() == before
    assert await events_of(world, "nikos") == ["NotificationAdded"] * 2 + ["NotificationsRead"]


async def test_all_up_to_one_are_read_and_what_came_later_is_not(world: World) -> None:
    await mention(world, times=3)
    newest, middle, _oldest = await told(world.nikos)

    result = await mark_read(world.nikos, upToId=middle["id"])

    assert result["unreadCount"] == await unread(world.nikos) == 1
    assert await told(world.nikos, unreadOnly=True) == [newest]


async def test_one_agents_reading_is_not_anothers(world: World) -> None:
    await mention(world, ALL_NAMES)
    (mine,) = await told(world.nikos)

    await mark_read(world.nikos, upToId=mine["id"])

    assert await unread(world.nikos) == 0
    assert await unread(world.admin) == 1


async def test_a_notification_of_somebody_else_is_not_found_and_none_is_marked(
    world: World,
) -> None:
    await mention(world, ALL_NAMES)
    (mine,) = await told(world.nikos)
    (theirs,) = await told(world.admin)
    before = await world.counts()

    together = await mark_read(world.nikos, notificationIds=[mine["id"], theirs["id"]])
    up_to = await mark_read(world.nikos, upToId=theirs["id"])

    assert together == up_to == {"__typename": "NotFound", "code": "NOT_FOUND"}
    assert (await unread(world.nikos), await unread(world.admin)) == (1, 1)
    assert await world.counts() == before


async def test_either_some_or_all_up_to_one_are_chosen(world: World) -> None:
    await mention(world)
    (mine,) = await told(world.nikos)

    nothing = await mark_read(world.nikos)
    both = await mark_read(world.nikos, notificationIds=[mine["id"]], upToId=mine["id"])
    another_type = await mark_read(world.nikos, notificationIds=[world.id_of("nikos")])

    assert nothing["fields"] == [{"path": ["input", "notificationIds"], "code": "REQUIRED"}]
    assert both["fields"] == [{"path": ["input", "upToId"], "code": "NOT_ALLOWED_VALUE"}]
    assert another_type["fields"] == [
        {"path": ["input", "notificationIds", "0"], "code": "INVALID_ID"}
    ]
    assert await unread(world.nikos) == 1


async def test_more_than_a_hundred_at_once_are_too_many(world: World) -> None:
    await mention(world)
    (mine,) = await told(world.nikos)

    result = await mark_read(world.nikos, notificationIds=[mine["id"]] * 101)

    assert result == {"__typename": "LimitReached", "code": "LIMIT_REACHED", "limit": 100}
    assert await unread(world.nikos) == 1


async def test_many_that_are_read_at_once_are_told_in_several_events(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "_READ_PER_EVENT", 2)
    await mention(world, times=3)
    newest, *_others = await told(world.nikos)

    await mark_read(world.nikos, upToId=newest["id"])

    assert await events_of(world, "nikos") == [
        *["NotificationAdded"] * 3,
        *["NotificationsRead"] * 2,
    ]


async def test_only_agents_have_notifications(world: World) -> None:
    integration = await world.integration(*ApiScope, brands=[world.acme])
    chosen: dict[str, list[str]] = {"notificationIds": []}

    for document in (LIST, STATE):
        refused = await integration.send(document)
        assert refused.error["extensions"]["code"] == "NOT_ALLOWED"
        assert (await world.nobody.send(document)).error["extensions"]["code"] == "UNAUTHENTICATED"
    assert await mark_read(integration, **chosen) == {
        "__typename": "NotAllowed",
        "code": "NOT_ALLOWED",
    }
    stranger = await world.nobody.send(MARK_READ, input=chosen)
    assert stranger.error["extensions"]["code"] == "UNAUTHENTICATED"

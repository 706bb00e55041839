"""Templates that tickets of a brand start from."""

import asyncio
from typing import Any

from sqlalchemy import delete as delete_rows

from models.brands import BrandMember
from models.viewers import ApiScope
from tests.support.desk import Client, World
from tests.support.edits import EDIT_WARNINGS
from tests.support.history import change, history, unlike
from tests.support.live import served
from tests.support.ticket_forms import (
    CREATE_TEMPLATE,
    ERRORS,
    TEMPLATE,
    brand_id,
    delete,
    everything,
    make_template,
    refused,
    tag,
    team_id,
    topic,
    upload,
)

UPDATE = (
    f"""
    mutation ($input: TicketTemplateUpdateInput!) {{
      ticketTemplateUpdate(input: $input) {{
        __typename
        ... on TicketTemplateUpdateSuccess {{ mergedFields template {{ ...Template }} }}
        ... on EditConflict {{
          currentVersion changedBy {{ ... on Agent {{ name }} }}
          fields {{ field base theirs yours }} current {{ ... on TicketTemplate {{ name }} }}
        }}
        {ERRORS}
      }}
    }}
    """
    + TEMPLATE
)
DELETE = """
    mutation ($id: ID!) {
      ticketTemplateDelete(input: {templateId: $id}) {
        __typename ... on TicketTemplateDeleteSuccess { templateId }
      }
    }
"""
LIST = """
    query ($brand: ID, $search: String, $first: Int, $after: String) {
      ticketTemplates(brandId: $brand, search: $search, first: $first, after: $after) {
        totalCount nodes { name } pageInfo { endCursor }
      }
    }
"""
READ = (
    """
    query ($id: ID!) {
      ticketTemplate(id: $id) { ...Template }
      node(id: $id) { id ... on TicketTemplate { name } }
    }
    """
    + TEMPLATE
)


async def edit(client: Client, template: str, version: int, **fields: Any) -> dict[str, Any]:
    given = {"templateId": template, "expectedVersion": version, **fields}
    return await client.act(UPDATE, input=given)


async def named(client: Client, **arguments: Any) -> list[str]:
    nodes = (await client.ask(LIST, **arguments))["ticketTemplates"]["nodes"]
    return [node["name"] for node in nodes]


async def test_a_template_keeps_a_whole_form(world: World) -> None:
    urgent, gift = await tag(world, "acil"), await tag(world, "hediye")
    files = [await upload(world, "ayse", name) for name in ("fiş.pdf", "adres.pdf")]

    template = await make_template(
        world,
        topicId=await topic(world),
        status="PENDING",
        priority="HIGH",
        title="Kargo  nerede?",
        emailSubject="Siparişiniz\nhakkında",
        description="Önce\nkargo firmasını ara",
        assigneeId=world.id_of("nikos"),
        teamId=team_id(world, "sales"),
        tagIds=[gift, urgent],
        attachmentIds=files,
    )

    assert template == {
        "id": template["id"],
        "version": 1,
        "name": "Kargo şikâyeti",
        "brand": {"name": "Acme"},
        "topic": {"name": "Kargo"},
        "status": "PENDING",
        "priority": "HIGH",
        "title": "Kargo nerede?",
        "emailSubject": "Siparişiniz hakkında",
        "description": "Önce\nkargo firmasını ara",
        "assignee": {"name": "Nikos"},
        "team": {"name": "Sales"},
        "tags": [{"name": "acil"}, {"name": "hediye"}],
        "attachments": [{"filename": "fiş.pdf"}, {"filename": "adres.pdf"}],
        "problems": [],
        "createdBy": {"name": "Ayse"},
    }
    read = await world.nikos.ask(READ, id=template["id"])
    node = {"id": template["id"], "name": "Kargo şikâyeti"}
    assert read == {"ticketTemplate": template, "node": node}
    assert await history(world, template["id"]) == [("TicketTemplateCreated", [])]


async def test_templates_are_their_brand_s_agents_own(world: World) -> None:
    template = (await make_template(world))["id"]
    integration = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    before = await everything(world)

    for outsider in (world.stranger, integration):
        nothing = await outsider.ask(READ, id=template)
        assert nothing == {"ticketTemplate": None, "node": None}
        assert await named(outsider) == []
        assert (await edit(outsider, template, 1, title="x"))["__typename"] == "NotFound"
        assert await outsider.act(DELETE, id=template) == {"__typename": "NotFound"}
    own = {"brandId": brand_id(world.acme), "name": "x"}
    assert refused(await world.stranger.act(CREATE_TEMPLATE, input=own)) == [
        ("brandId", "UNKNOWN_REFERENCE")
    ]
    not_theirs = await integration.act(CREATE_TEMPLATE, input=own)
    assert not_theirs == {"__typename": "NotAllowed"}
    unknown = (await world.nobody.send(LIST)).error
    assert unknown["extensions"]["code"] == "UNAUTHENTICATED"
    assert await everything(world) == before


async def test_a_name_is_unique_in_its_brand_and_free_once_it_is_deleted(world: World) -> None:
    template = await make_template(world, "İADE ΠΑΡΑΓΓΕΛΊΑΣ")
    file = await upload(world, "ayse", "form.pdf")
    again = {"brandId": brand_id(world.acme), "name": "iade παραγγελιας", "attachmentIds": [file]}
    before = await everything(world)

    taken = await world.nikos.act(CREATE_TEMPLATE, input=again)
    assert taken == {
        "__typename": "AlreadyExists",
        "existing": {"name": "İADE ΠΑΡΑΓΓΕΛΊΑΣ"},
    }
    assert await everything(world) == before
    elsewhere = {"brandId": brand_id(world.other), "name": "iade παραγγελιας"}
    result = await world.stranger.act(CREATE_TEMPLATE, input=elsewhere)
    assert result["template"]["brand"] == {"name": "Other"}

    gone = await world.nikos.act(DELETE, id=template["id"])
    assert gone == {"__typename": "TicketTemplateDeleteSuccess", "templateId": template["id"]}
    assert await world.nikos.act(DELETE, id=template["id"]) == {"__typename": "NotFound"}
    assert (await make_template(world, "iade παραγγελιας"))["name"] == "iade παραγγελιας"
    assert [event for event, _ in await history(world, template["id"])] == [
        "TicketTemplateCreated",
        "TicketTemplateDeleted",
    ]


async def test_of_two_agents_who_save_one_name_at_once_one_is_told_so(world: World) -> None:
    given = {"brandId": brand_id(world.acme), "name": "Kargo"}
    results = await asyncio.gather(
        *(client.act(CREATE_TEMPLATE, input=given) for client in (world.ayse, world.nikos))
    )

    assert sorted(result["__typename"] for result in results) == [
        "AlreadyExists",
        "TicketTemplateCreateSuccess",
    ]
    key = {**given, "name": "İade", "idempotencyKey": "k"}
    first, second = await asyncio.gather(
        *(world.ayse.act(CREATE_TEMPLATE, input=key) for _ in range(2))
    )
    assert first == second
    assert await named(world.ayse) == ["İade", "Kargo"]


async def test_templates_are_found_by_name_page_by_page(world: World) -> None:
    for name in ("Çağrı merkezi", "İade", "Στοιχεία τιμολογίου", "Kargo: iade"):
        await make_template(world, name)
    acme = brand_id(world.acme)

    assert await named(world.nikos, search="iade") == ["İade", "Kargo: iade"]
    assert await named(world.nikos, search="ΣΤΟΙΧΕΙΑ") == ["Στοιχεία τιμολογίου"]
    assert await named(world.admin, brand=brand_id(world.other)) == []
    first = (await world.ayse.ask(LIST, brand=acme, first=2))["ticketTemplates"]
    assert first["totalCount"] == 4
    rest = await named(world.ayse, brand=acme, after=first["pageInfo"]["endCursor"])
    assert [*(node["name"] for node in first["nodes"]), *rest] == [
        "Çağrı merkezi",
        "İade",
        "Kargo: iade",
        "Στοιχεία τιμολογίου",
    ]


async def test_edits_of_two_people_are_merged_or_refused(world: World) -> None:
    urgent, old, new = await tag(world, "acil"), await topic(world), await topic(world, "İade")
    kept, dropped = [await upload(world, "ayse", name) for name in ("a.pdf", "b.pdf")]
    made = await make_template(world, topicId=old, title="Eski", attachmentIds=[kept, dropped])
    template = made["id"]

    added = await upload(world, "nikos", "c.pdf")
    theirs = {"topicId": new, "title": "Yeni", "tagIds": [urgent], "attachmentIds": [kept, added]}
    first = await edit(world.nikos, template, 1, **theirs)
    merged = await edit(world.ayse, template, 1, priority="LOW", name="Kargo")
    conflict = await edit(world.ayse, template, 1, title="Benimki", topicId=None)
    again = await edit(world.ayse, template, 3, priority="LOW", title="Yeni")
    cleared = await edit(world.ayse, template, 3, topicId=None, tagIds=None, attachmentIds=None)

    assert first["template"]["attachments"] == [{"filename": "a.pdf"}, {"filename": "c.pdf"}]
    assert merged["mergedFields"] == ["attachments", "tags", "title", "topic"]
    assert (merged["template"]["name"], merged["template"]["title"]) == ("Kargo", "Yeni")
    assert conflict == {
        "__typename": "EditConflict",
        "currentVersion": 3,
        "changedBy": {"name": "Nikos"},
        "fields": [
            {"field": "topic", "base": "Kargo", "theirs": "İade", "yours": None},
            {"field": "title", "base": "Eski", "theirs": "Yeni", "yours": "Benimki"},
        ],
        "current": {"name": "Kargo"},
    }
    assert again["template"]["version"] == 3
    emptied = cleared["template"]
    assert (emptied["topic"], emptied["tags"], emptied["attachments"]) == (None, [], [])
    assert await history(world, template) == [
        ("TicketTemplateCreated", []),
        (
            "TicketTemplateChanged",
            [
                change("topic", "Kargo", "İade"),
                change("title", "Eski", "Yeni"),
                change("tags", "", "acil"),
                change("attachments", "a.pdf, b.pdf", "a.pdf, c.pdf"),
            ],
        ),
        (
            "TicketTemplateChanged",
            [change("priority", None, "LOW"), change("name", "Kargo şikâyeti", "Kargo")],
        ),
        (
            "TicketTemplateChanged",
            [
                change("topic", "İade", None),
                change("tags", "acil", ""),
                change("attachments", "a.pdf, c.pdf", ""),
            ],
        ),
    ]


async def test_a_save_of_the_files_as_they_were_leaves_a_colleague_s_change_alone(
    world: World,
) -> None:
    kept, mine = [await upload(world, "ayse", name) for name in ("a.pdf", "b.pdf")]
    added = await upload(world, "nikos", "c.pdf")
    template = (await make_template(world, attachmentIds=[kept]))["id"]

    await edit(world.nikos, template, 1, attachmentIds=[added, kept])
    as_loaded = await edit(world.ayse, template, 1, title="Kargo", attachmentIds=[kept])
    before = await everything(world)
    in_another_order = await edit(world.ayse, template, 3, attachmentIds=[kept, added])
    conflict = await edit(world.ayse, template, 1, attachmentIds=[kept, mine])
    assert await everything(world) == before

    shown = as_loaded["template"]
    assert (shown["title"], as_loaded["mergedFields"]) == ("Kargo", ["attachments"])
    assert shown["attachments"] == [{"filename": "c.pdf"}, {"filename": "a.pdf"}]
    assert in_another_order["template"] == shown
    assert conflict["fields"] == [
        {
            "field": "attachments",
            "base": "a.pdf",
            "theirs": "c.pdf, a.pdf",
            "yours": "a.pdf, b.pdf",
        }
    ]
    assert (await world.ayse.ask(READ, id=template))["ticketTemplate"] == shown


async def test_wrong_values_leave_no_trace(world: World) -> None:
    template = (await make_template(world))["id"]
    await make_template(world, "İade")
    elsewhere, file = await topic(world, brand=world.other), await upload(world, "nikos", "x.pdf")
    own = [await upload(world, "ayse", f"{number}.pdf") for number in range(6)]
    no_tag = unlike(await tag(world, "acil"))
    wrong = {
        "topicId": elsewhere,
        "status": "CLOSED",
        "title": "x" * 2_001,
        "emailSubject": "x" * 2_001,
        "description": "x" * 10_001,
        "assigneeId": world.id_of("stranger"),
        "teamId": unlike(team_id(world, "sales")),
        "tagIds": [no_tag],
    }
    codes = [
        ("title", "TOO_LONG"),
        ("emailSubject", "TOO_LONG"),
        ("description", "TOO_LONG"),
        ("status", "NOT_ALLOWED_VALUE"),
        ("topicId", "UNKNOWN_REFERENCE"),
        ("assigneeId", "UNKNOWN_REFERENCE"),
        ("teamId", "UNKNOWN_REFERENCE"),
    ]
    new = {"brandId": brand_id(world.acme), "name": "  "}
    before = await everything(world)

    created = await world.ayse.act(CREATE_TEMPLATE, input={**new, **wrong})
    assert refused(created) == [("name", "REQUIRED"), *codes, ("tagIds.0", "UNKNOWN_REFERENCE")]
    edited = await edit(world.ayse, template, 1, name=None, **wrong)
    assert refused(edited) == [*codes, ("name", "REQUIRED"), ("tagIds.0", "UNKNOWN_REFERENCE")]
    not_mine = await edit(world.ayse, template, 1, title="x", attachmentIds=[file])
    assert refused(not_mine) == [("attachmentIds.0", "UNKNOWN_REFERENCE")]
    too_many = await edit(world.ayse, template, 1, title="x", attachmentIds=own)
    assert too_many == {"__typename": "LimitReached", "limit": 5}
    one_tag_often = await edit(world.ayse, template, 1, tagIds=[no_tag] * 51)
    assert one_tag_often == {"__typename": "LimitReached", "limit": 50}
    taken = await edit(world.ayse, template, 1, title="x", name="IADE")
    assert taken == {"__typename": "AlreadyExists", "existing": {"name": "İade"}}
    future = await edit(world.ayse, template, 2, title="x")
    assert refused(future) == [("expectedVersion", "VERSION_IN_FUTURE")]
    assert await everything(world) == before


async def test_a_template_opens_and_says_what_it_names_in_vain(world: World) -> None:
    kargo, urgent, gift = await topic(world), await tag(world, "acil"), await tag(world, "hediye")
    sales = team_id(world, "sales")
    nikos = world.id_of("nikos")
    made = await make_template(
        world, topicId=kargo, tagIds=[urgent, gift], teamId=sales, assigneeId=nikos
    )
    await delete(world, "topic", kargo)
    await delete(world, "tag", urgent)
    await delete(world, "team", sales)
    async with world.desk.database.transaction() as session:
        left = BrandMember.agent_id == world.agents["nikos"].id
        await session.execute(delete_rows(BrandMember).where(left))

    opened = (await world.ayse.ask(READ, id=made["id"]))["ticketTemplate"]
    assert opened == {
        **made,
        "topic": None,
        "assignee": None,
        "team": None,
        "tags": [{"name": "hediye"}],
        "problems": [
            {"field": "TOPIC", "name": "Kargo", "reason": "DELETED"},
            {"field": "ASSIGNEE", "name": "Nikos", "reason": "NOT_ASSIGNABLE"},
            {"field": "TEAM", "name": "Sales", "reason": "DELETED"},
            {"field": "TAGS", "name": "acil", "reason": "DELETED"},
        ],
    }
    repaired = await edit(
        world.ayse, made["id"], 1, topicId=None, assigneeId=None, teamId=None, tagIds=[gift]
    )
    assert repaired["template"]["problems"] == []


async def test_problems_of_a_page_cost_a_statement_for_each_field(world: World) -> None:
    async def statements() -> int:
        document = f"{{ ticketTemplates {{ nodes {{ ...Template }} }} }}{TEMPLATE}"
        async with world.counted_statements() as sent:
            await world.ayse.ask(document)
        return len(sent)

    given = {"topicId": await topic(world), "tagIds": [await tag(world, "acil")]}
    await make_template(world, "1", **given)
    of_one = await statements()
    for number in range(2, 5):
        await make_template(world, str(number), **given)
    assert await statements() == of_one


async def test_who_has_a_template_open_is_warned_of_edits(world: World) -> None:
    template = (await make_template(world))["id"]
    async with (
        served(world) as live,
        live.watch("nikos", EDIT_WARNINGS, ids=[template], versions=[1]) as watcher,
    ):
        await edit(world.ayse, template, 1, title="Kargo nerede?")
        warning = await watcher.next()

    assert (warning["version"], warning["changedBy"]) == (2, {"name": "Ayse"})
    assert warning["changes"] == [change("title", None, "Kargo nerede?")]
    assert warning["resource"] == {"id": template}

"""Half-filled forms for new tickets: they survive whatever anybody does, and are nobody else's."""

import asyncio
from typing import Any
from unicodedata import normalize

import pytest
from sqlalchemy import delete, func, select, update

from core import clock
from core.errors import LimitReached
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.actors import ActorKind
from models.agents import Agent
from models.attachments import Attachment
from models.base import Base
from models.brands import BrandMember
from models.event_topics import topic_named
from models.events import Event, TopicHeadRow, read_events
from models.tags import Tag
from models.ticket_drafts import TicketDraft, TicketDraftRevision
from models.ticket_templates import TicketTemplate
from models.topics import Topic
from services import ticket_draft_revisions, ticket_drafts
from services.ticket_draft_forms import clean
from tests.support.customers import create as create_customer
from tests.support.desk import World
from tests.support.ticket_drafts import (
    DELETE,
    EMPTY,
    RESTORE,
    attempt,
    load,
    revisions,
    save,
)

TURKISH = "  Şikâyet: ÇOK İYİ değil – ığüşöç\n"
GREEK = "Η παραγγελία μου δεν ήρθε· «πότε;» "
LIST = "query { ticketDrafts { totalCount nodes { title } } }"
NODE = "query ($id: ID!) { node(id: $id) { id } }"
CURSOR = "query { ticketDraftEventCursor }"


async def trace(world: World) -> dict[str, Any]:
    """Return all that an act with a draft could leave something in."""
    counted = (
        select(func.count()).select_from(model).scalar_subquery().label(model.__tablename__)
        for model in (TicketDraft, TicketDraftRevision, TopicHeadRow)
    )
    async with world.desk.database.reading() as connection:
        counts = dict((await connection.execute(select(*counted))).one()._mapping)
        drafts = await connection.execute(select(TicketDraft.__table__).order_by(TicketDraft.id))
        files = await connection.execute(
            select(Attachment.id, Attachment.draft_id).order_by(Attachment.id)
        )
        kept = [tuple(row) for row in (*drafts, *files)]
    return {**await world.counts(), **counts, "kept": kept}


async def write(world: World, *rows: Base) -> None:
    async with world.desk.database.transaction() as session:
        session.add_all(rows)


async def uploaded(world: World, who: str, *names: str) -> list[str]:
    """Let somebody upload files; return their ids."""
    files = [
        Attachment(
            id=new_id(),
            filename=name,
            content_type="application/pdf",
            size=1,
            storage_key=name,
            uploader_kind=ActorKind.AGENT,
            uploader_id=world.agents[who].id,
            created_at=clock.now(),
        )
        for name in names
    ]
    await write(world, *files)
    return [encode_global_id(NodeKind.ATTACHMENT, file.id) for file in files]


async def free_files(world: World) -> list[str]:
    async with world.desk.database.reading() as connection:
        found = await connection.scalars(
            select(Attachment.filename)
            .where(Attachment.draft_id.is_(None))
            .order_by(Attachment.filename)
        )
        return list(found)


def filenames(draft: dict[str, Any]) -> list[str]:
    return [file["filename"] for file in draft["attachments"]]


def acme(world: World) -> str:
    return encode_global_id(NodeKind.BRAND, world.acme.id)


def refusals(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return where something was refused, and why."""
    return sorted((".".join(one["path"]), one["code"]) for one in answer["fields"])


# What is kept, and for whom


async def test_a_form_is_kept_as_it_was_typed_and_only_its_agent_sees_it(world: World) -> None:
    customer = await create_customer(world, "Elif")
    topic = Topic(brand_id=world.acme.id, name="Kargo", name_key="kargo", created_at=clock.now())
    tag = Tag(name="iade", name_key="iade", created_at=clock.now())
    await write(world, topic, tag)

    draft = await save(
        world.ayse,
        step=2,
        brandId=acme(world),
        topicId=encode_global_id(NodeKind.TOPIC, topic.id),
        status="PENDING",
        title=normalize("NFD", TURKISH),
        customer={"id": customer["id"], "name": "Elif  Ş", "email": "elif@", "phone": "0532 1"},
        emailSubject=GREEK,
        description=GREEK * 200,
        priority="HIGH",
        assigneeId=world.id_of("nikos"),
        teamId=encode_global_id(NodeKind.TEAM, world.support.id),
        tagIds=[encode_global_id(NodeKind.TAG, tag.id)],
        saveAsTemplate={"name": ""},
    )

    assert draft == {
        "id": draft["id"],
        "version": 1,
        "step": 2,
        "brand": {"name": world.acme.name},
        "template": None,
        "topic": {"name": "Kargo"},
        "status": "PENDING",
        "title": TURKISH,
        "customer": {"name": "Elif"},
        "customerName": "Elif  Ş",
        "customerEmail": "elif@",
        "customerPhone": "0532 1",
        "emailSubject": GREEK,
        "description": GREEK * 200,
        "attachments": [],
        "priority": "HIGH",
        "assignee": {"name": "Nikos"},
        "team": {"name": world.support.name},
        "tags": [{"name": "iade"}],
        "saveAsTemplateName": "",
        "lostFields": [],
    }
    assert await load(world.ayse, draft["id"]) == draft
    for other in (world.nikos, world.admin, await world.integration()):
        assert await load(other, draft["id"]) is None
        assert await other.ask(NODE, id=draft["id"]) == {"node": None}
    for colleague in (world.nikos, world.admin):
        assert await colleague.ask(LIST) == {"ticketDrafts": {"totalCount": 0, "nodes": []}}


async def test_each_agent_has_several_and_nobody_but_agents_has_any(world: World) -> None:
    first = await save(world.ayse, title="Iade")
    await save(world.ayse, title="Kargo")
    await save(world.nikos, title="Επιστροφή")
    await save(world.ayse, draftId=first["id"], expectedVersion=1, title="İade")
    integration = await world.integration()
    before = await trace(world)

    assert (await world.ayse.ask(LIST))["ticketDrafts"] == {
        "totalCount": 2,
        "nodes": [{"title": "İade"}, {"title": "Kargo"}],
    }
    assert (await attempt(integration, title="Iade"))["code"] == "NOT_ALLOWED"
    for document in (LIST, CURSOR):
        assert (await integration.send(document)).error["extensions"]["code"] == "NOT_ALLOWED"
        assert (await world.nobody.send(document)).error["extensions"]["code"] == "UNAUTHENTICATED"
    assert await trace(world) == before


async def test_no_mutation_of_anybody_else_reaches_a_draft(world: World) -> None:
    draft = await save(world.ayse, title="Iade")
    (revision,) = await revisions(world.ayse, draft["id"])
    before = await trace(world)
    version = {"draftId": draft["id"], "expectedVersion": 1}

    for other in (world.nikos, world.admin):
        answers = [
            await attempt(other, **version, title="Kargo"),
            await other.act(RESTORE, input={**version, "revisionId": revision["id"]}),
            await other.act(DELETE, input={"draftId": draft["id"]}),
        ]
        assert [answer["code"] for answer in answers] == ["NOT_FOUND"] * 3
    assert await trace(world) == before


async def test_whatever_others_take_away_the_draft_stays(world: World) -> None:
    topic = Topic(brand_id=world.acme.id, name="Kargo", name_key="kargo", created_at=clock.now())
    kept, gone = (
        Tag(name=name, name_key=name, created_at=clock.now()) for name in ("kalan", "giden")
    )
    template = TicketTemplate(
        brand_id=world.acme.id,
        name="Iade",
        name_key="iade",
        author_kind=ActorKind.AGENT,
        author_id=world.agents["nikos"].id,
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    await write(world, topic, kept, gone, template)
    draft = await save(
        world.ayse,
        title=TURKISH,
        brandId=acme(world),
        templateId=encode_global_id(NodeKind.TICKET_TEMPLATE, template.id),
        topicId=encode_global_id(NodeKind.TOPIC, topic.id),
        assigneeId=world.id_of("nikos"),
        tagIds=[encode_global_id(NodeKind.TAG, tag.id) for tag in (gone, kept)],
    )
    assert (draft["template"], draft["lostFields"]) == ({"name": "Iade"}, [])

    async with world.desk.database.transaction() as session:
        await session.execute(delete(TicketTemplate))
        await session.execute(update(Tag).where(Tag.id == gone.id).values(deleted_at=clock.now()))
        await session.execute(update(Topic).values(deleted_at=clock.now()))
        nikos = Agent.id == world.agents["nikos"].id
        await session.execute(update(Agent).where(nikos).values(active=False))

    without = {"template": None, "topic": None, "assignee": None, "tags": [{"name": "kalan"}]}
    lost = ["template", "topic", "assignee", "tags"]
    assert await load(world.ayse, draft["id"]) == {**draft, **without, "lostFields": lost}

    ayse = BrandMember.agent_id == world.agents["ayse"].id
    async with world.desk.database.transaction() as session:
        await session.execute(delete(BrandMember).where(ayse))
    now = await load(world.ayse, draft["id"])
    assert now == {**draft, **without, "brand": None, "lostFields": ["brand", *lost]}

    saved = await save(world.ayse, draftId=draft["id"], expectedVersion=1, description="Kapı 3")
    assert saved == {**now, "description": "Kapı 3", "version": 2}
    await write(world, BrandMember(brand_id=world.acme.id, agent_id=world.agents["ayse"].id))
    assert await load(world.ayse, draft["id"]) == {
        **saved,
        "brand": draft["brand"],
        "lostFields": lost,
    }


# Two tabs


async def test_two_tabs_fill_in_different_fields_and_null_clears(world: World) -> None:
    draft = await save(world.ayse, title="Iade", customer={"name": "Elif", "email": "elif@"})
    version = {"draftId": draft["id"], "expectedVersion": draft["version"]}

    answers = await asyncio.gather(
        attempt(world.ayse, **version, title="İade talebi", step=3),
        attempt(world.ayse, **version, customer={"email": None}, priority="LOW", step=2),
    )

    assert {answer["__typename"] for answer in answers} == {"TicketDraftSaveSuccess"}
    assert min(len(answer["mergedFields"]) for answer in answers) == 0
    merged = await load(world.ayse, draft["id"])
    assert merged is not None
    assert merged == {
        **EMPTY,
        "id": draft["id"],
        "version": 3,
        "step": merged["step"],  # the last one told, whichever that was
        "title": "İade talebi",
        "customerName": "Elif",
        "priority": "LOW",
    }
    cleared = await save(world.ayse, **(version | {"expectedVersion": 3}), customer=None, step=None)
    assert (cleared["customerName"], cleared["step"]) == (None, 1)


async def test_two_tabs_that_fill_in_one_field_conflict_and_lose_nothing(world: World) -> None:
    draft = await save(world.ayse, title="Iade")
    version = {"draftId": draft["id"], "expectedVersion": 1}
    tag = Tag(name="iade", name_key="iade", created_at=clock.now())
    await write(world, tag)
    tags = [encode_global_id(NodeKind.TAG, tag.id)]
    await save(world.ayse, **version, title="İade", tagIds=tags)
    before = await trace(world)

    conflict = await attempt(world.ayse, **version, title="Kargo", tagIds=[], priority="LOW")

    assert conflict == {
        "__typename": "EditConflict",
        "code": "EDIT_CONFLICT",
        "currentVersion": 2,
        "changedBy": {"name": "Ayse"},
        "conflicts": [{"field": "title", "base": "Iade", "theirs": "İade", "yours": "Kargo"}],
        "current": {"title": "İade"},
    }
    future = await attempt(world.ayse, **(version | {"expectedVersion": 7}), title="Kargo")
    missing = await attempt(world.ayse, draftId=draft["id"], title="Kargo")
    assert refusals(future) == [("input.expectedVersion", "VERSION_IN_FUTURE")]
    assert refusals(missing) == [("input.expectedVersion", "REQUIRED")]
    assert await trace(world) == before


async def test_saving_the_same_again_is_no_change(world: World) -> None:
    draft = await save(world.ayse, title="Iade", step=2)
    before = await trace(world)

    same = await save(world.ayse, draftId=draft["id"], expectedVersion=1, title="Iade", step=2)

    assert same == draft
    assert await trace(world) == before


async def test_a_retry_begins_no_other_draft(world: World) -> None:
    given = {"title": "Iade", "idempotencyKey": "form-1"}
    first, second = await asyncio.gather(save(world.ayse, **given), save(world.ayse, **given))

    assert first == second
    assert (await world.ayse.ask(LIST))["ticketDrafts"]["totalCount"] == 1
    reused = await attempt(world.ayse, **(given | {"title": "Kargo"}))
    assert reused["code"] == "IDEMPOTENCY_KEY_REUSED"
    before = await trace(world)
    blank = await attempt(world.ayse, **(given | {"idempotencyKey": ""}))
    assert refusals(blank) == [("input.idempotencyKey", "REQUIRED")]
    assert await trace(world) == before


# What it was before


async def test_saves_that_type_on_are_one_revision_and_others_can_be_gone_back_to(
    world: World,
) -> None:
    draft = await save(world.ayse, title="İ")
    typed: dict[str, Any] = {"draftId": draft["id"]}
    for version, title in enumerate(("İade", "İade talebi", "Kargo", "Kargo nerede"), start=1):
        await save(world.ayse, **typed, expectedVersion=version, title=title)
    await save(world.ayse, **typed, expectedVersion=5, description="Kapı 3", step=2)
    await save(world.ayse, **typed, expectedVersion=6, step=3)

    kept = await revisions(world.ayse, draft["id"])
    assert [(one["fields"], one["title"], one["description"]) for one in kept] == [
        (["description"], "Kargo nerede", "Kapı 3"),
        (["title"], "Kargo nerede", None),
        (["title"], "İade talebi", None),
    ]

    back = {"draftId": draft["id"], "revisionId": kept[2]["id"]}
    by_old_tab = await world.ayse.act(RESTORE, input={**back, "expectedVersion": 5})
    restored = await world.ayse.act(RESTORE, input={**back, "expectedVersion": 8})

    then = {**draft, "step": 3, "title": "İade talebi"}
    assert by_old_tab == {
        "__typename": "TicketDraftRestoreSuccess",
        "mergedFields": ["description", "step"],  # which another tab has saved meanwhile
        "draft": {**then, "version": 8, "description": "Kapı 3"},
    }
    assert restored["draft"] == {**then, "version": 9}
    newest = (await revisions(world.ayse, draft["id"]))[:2]
    assert [one["fields"] for one in newest] == [["description"], ["title"]]
    other = await save(world.ayse)
    of_other = {**back, "draftId": other["id"], "expectedVersion": 1}
    assert (await world.ayse.act(RESTORE, input=of_other))["code"] == "NOT_FOUND"


async def test_the_oldest_revisions_give_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_draft_revisions, "REVISIONS_PER_DRAFT", 2)
    draft = await save(world.ayse, title="a")
    for version, title in enumerate(("b", "c"), start=1):
        await save(world.ayse, draftId=draft["id"], expectedVersion=version, title=title)

    assert [one["title"] for one in await revisions(world.ayse, draft["id"])] == ["c", "b"]


# Limits


async def test_nothing_is_endless(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_drafts, "DRAFTS_PER_AGENT", 1)
    draft = await save(world.ayse, title="İ" * 2_000, description="ή" * 10_000)
    before = await trace(world)
    version = {"draftId": draft["id"], "expectedVersion": 1}
    ids = [encode_global_id(NodeKind.TAG, new_id()) for _ in range(51)]

    too_long = await attempt(
        world.ayse,
        **version,
        step=4,
        title="é" * 2_001,
        customer={"name": "é" * 201, "email": "e" * 255, "phone": "1" * 251},
        emailSubject="é" * 2_001,
        description="é" * 10_001,
        saveAsTemplate={"name": "é" * 201},
    )
    step_0 = await attempt(world.ayse, **version, step=0)
    wrong_ids = await attempt(world.ayse, **version, brandId="x", customer={"id": "x"})

    assert refusals(too_long) == sorted(
        [
            ("input.customer.email", "TOO_LONG"),
            ("input.customer.name", "TOO_LONG"),
            ("input.customer.phone", "TOO_LONG"),
            ("input.description", "TOO_LONG"),
            ("input.emailSubject", "TOO_LONG"),
            ("input.saveAsTemplate.name", "TOO_LONG"),
            ("input.step", "OUT_OF_RANGE"),
            ("input.title", "TOO_LONG"),
        ]
    )
    assert [(each["limit"], each["actual"]) for each in step_0["fields"]] == [(1, 0)]
    assert refusals(wrong_ids)[0] == ("input.brandId", "INVALID_ID")
    assert (await attempt(world.ayse, **version, tagIds=ids))["limit"] == 50
    assert (await attempt(world.ayse))["limit"] == 1
    assert await trace(world) == before
    assert (await attempt(world.nikos))["__typename"] == "TicketDraftSaveSuccess"


# Files


async def test_files_stand_on_a_draft_until_they_are_taken_off(world: World) -> None:
    one, two, three = await uploaded(world, "ayse", "1.pdf", "2.pdf", "3.pdf")
    (of_nikos,) = await uploaded(world, "nikos", "nikos.pdf")
    draft = await save(world.ayse, attachmentIds=[two, one])
    assert filenames(draft) == ["2.pdf", "1.pdf"]
    version = {"draftId": draft["id"], "expectedVersion": 1}
    before = await trace(world)

    refused = await attempt(world.ayse, **version, attachmentIds=[one, of_nikos])
    stolen = await attempt(world.nikos, attachmentIds=[one])
    assert refusals(refused) == [("input.attachmentIds.1", "UNKNOWN_REFERENCE")]
    assert refusals(stolen) == [("input.attachmentIds.0", "UNKNOWN_REFERENCE")]
    assert await trace(world) == before

    replaced = await save(world.ayse, **version, attachmentIds=[three, one])
    assert filenames(replaced) == ["3.pdf", "1.pdf"]
    assert await free_files(world) == ["2.pdf", "nikos.pdf"]

    async with world.desk.database.transaction() as session:
        await session.execute(delete(Attachment).where(Attachment.filename == "2.pdf"))
    first = (await revisions(world.ayse, draft["id"]))[-1]
    assert filenames(first) == ["1.pdf"]
    back = {**version, "expectedVersion": 2, "revisionId": first["id"]}
    assert filenames((await world.ayse.act(RESTORE, input=back))["draft"]) == ["1.pdf"]
    full = await attempt(
        world.ayse,
        **(version | {"expectedVersion": 3}),
        attachmentIds=await uploaded(world, "ayse", *"abcdef"),
    )
    assert (full["__typename"], full["limit"]) == ("LimitReached", 5)


def test_a_list_of_files_is_counted_before_they_are_looked_up() -> None:
    with pytest.raises(LimitReached) as raised:
        clean({"attachment_ids": [new_id() for _ in range(6)]})
    assert raised.value.limit == 5


async def test_a_deleted_draft_leaves_its_files_free_and_nothing_else(world: World) -> None:
    other = await save(world.ayse, title="Kargo")
    files = await uploaded(world, "ayse", "1.pdf")
    draft = await save(world.ayse, title="Iade", attachmentIds=files)
    await save(world.ayse, draftId=draft["id"], expectedVersion=1, title="İade talebi")
    _kind, row_id = decode_global_id(draft["id"])
    async with world.desk.database.reading() as connection:
        assert await read_events(connection, topic_named(TicketDraft, row_id), 0, 10) != []

    deleted = await world.ayse.act(DELETE, input={"draftId": draft["id"]})

    assert deleted == {"__typename": "TicketDraftDeleteSuccess"}
    left = await trace(world)
    assert (left["ticket_draft"], left["ticket_draft_revision"]) == (1, 1)
    assert (await load(world.ayse, other["id"]), left["topic_head"]) == (other, 2)
    async with world.desk.database.reading() as connection:
        log = str((await connection.execute(select(Event.__table__))).all())
    assert ("Kargo" in log, "Iade" in log, "ade talebi" in log) == (True, False, False)
    assert await free_files(world) == ["1.pdf"]
    again = await world.ayse.act(DELETE, input={"draftId": draft["id"]})
    late = await attempt(world.ayse, draftId=draft["id"], expectedVersion=1, title="Kargo")
    assert (again["code"], late["code"]) == ("NOT_FOUND", "NOT_FOUND")
    assert await trace(world) == left

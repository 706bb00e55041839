"""Any object by its id."""

from core.ids import NodeKind, encode_global_id, new_id
from tests.support.desk import World

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


async def test_an_object_of_each_kind_is_found_by_its_id(world: World) -> None:
    message, ticket = await world.receive()
    details = await world.admin.ask(
        """query ($id: ID!) { node(id: $id) { ... on Ticket {
             brand { id } customer { id profiles { id } } } } }""",
        id=ticket,
    )
    customer = details["node"]["customer"]
    kinds = {
        message: "Message",
        ticket: "Ticket",
        customer["id"]: "Customer",
        customer["profiles"][0]["id"]: "ChannelProfile",
        details["node"]["brand"]["id"]: "Brand",
        world.id_of("ayse"): "Agent",
        encode_global_id(NodeKind.TEAM, world.support.id): "Team",
    }

    for node_id, typename in kinds.items():
        found = await world.admin.ask(NODE, id=node_id)
        assert found == {"node": {"__typename": typename, "id": node_id}}


async def test_an_unknown_object_of_any_kind_is_null(world: World) -> None:
    ids = [encode_global_id(kind, new_id()) for kind in NodeKind]

    assert await world.admin.ask(NODES, ids=ids) == {"nodes": [None] * len(ids)}
    assert await world.admin.ask(NODE, id=ids[0]) == {"node": None}


async def test_a_hidden_object_answers_like_an_unknown_one(world: World) -> None:
    message, ticket = await world.receive()

    for hidden in (message, ticket):
        unknown = encode_global_id(NodeKind.TICKET, new_id())
        assert (await world.stranger.send(NODE, id=hidden)) == (
            await world.stranger.send(NODE, id=unknown)
        )


async def test_a_text_that_is_no_id_is_refused(world: World) -> None:
    for text in ("", "1", "VDE", "T" * 23, "ü" * 23, "x" * 100_000, "\u0000"):
        answer = await world.admin.send(NODE, id=text)

        assert answer.body["data"] == {"node": None}
        assert answer.error["extensions"] == {
            "code": "VALIDATION_FAILED",
            "fields": [{"path": ["id"], "code": "INVALID_ID", "limit": None, "actual": None}],
        }


async def test_one_bad_or_hidden_id_gives_one_null_in_its_place(world: World) -> None:
    message, ticket = await world.receive()
    _, hidden = await world.receive(handle="other@example.com", brand=world.other)
    unknown = encode_global_id(NodeKind.MESSAGE, new_id())

    found = await world.ayse.ask(NODES, ids=[unknown, ticket, "no id", hidden, message, ticket])

    assert [node and node["id"] for node in found["nodes"]] == [
        None,
        ticket,
        None,
        None,
        message,
        ticket,
    ]


async def test_many_nodes_cost_one_statement_for_each_kind(world: World) -> None:
    received = [await world.receive(handle=f"{n}@example.com") for n in range(3)]
    messages, tickets = zip(*received, strict=True)
    await world.ayse.ask(NODES, ids=[world.id_of("nikos")])

    async with world.counted_statements() as few:
        await world.ayse.ask(NODES, ids=[messages[0], tickets[0]])
    async with world.counted_statements() as many:
        await world.ayse.ask(NODES, ids=[*messages, *tickets])

    assert len(many) == len(few)


async def test_a_hundred_ids_are_answered_and_one_more_is_refused(world: World) -> None:
    ids = [world.id_of("nikos")] * 101

    answer = await world.ayse.send(NODES, ids=ids)

    assert len((await world.ayse.ask(NODES, ids=ids[:100]))["nodes"]) == 100
    assert answer.error["extensions"] == {
        "code": "VALIDATION_FAILED",
        "fields": [{"path": ["ids"], "code": "PAGE_TOO_LARGE", "limit": 100, "actual": 101}],
    }


async def test_nobody_is_told_to_sign_in(world: World) -> None:
    for document in (
        '{ node(id: "x") { id } }',
        "{ nodes(ids: []) { id } }",
    ):
        answer = await world.nobody.send(document)
        assert answer.error["extensions"] == {"code": "UNAUTHENTICATED"}

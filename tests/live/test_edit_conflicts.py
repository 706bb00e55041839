"""What every update promises to people who edit the same thing at once."""

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type

from schema.schema import build_schema
from tests.support.desk import World
from tests.support.tickets import READ, UPDATE

pytestmark = pytest.mark.both_databases

# It adds to a set and takes from it, whatever others add and take: nothing of theirs is lost.
WITHOUT_VERSION = {"attachmentFormatsUpdate"}


def test_every_update_takes_the_loaded_version_and_merges_or_refuses() -> None:
    schema = build_schema()._schema
    assert schema.mutation_type is not None
    updates = {
        name: field
        for name, field in schema.mutation_type.fields.items()
        if name.endswith("Update") and name not in WITHOUT_VERSION
    }
    assert "ticketUpdate" in updates
    for name, field in updates.items():
        input_type = get_named_type(field.args["input"].type)
        result = get_named_type(field.type)
        assert isinstance(result, GraphQLUnionType)
        members = {member.name: member for member in result.types}
        success = members[f"{name[0].upper()}{name[1:]}Success"]
        assert isinstance(success, GraphQLObjectType)
        assert str(input_type.fields["expectedVersion"].type) == "Int!", name
        assert str(success.fields["mergedFields"].type) == "[String!]!", name
        assert "EditConflict" in members, name


async def test_a_conflict_names_who_changed_any_of_its_fields_last(world: World) -> None:
    _message, ticket = await world.receive(subject="Loaded")
    loaded = (await world.nikos.ask(READ, id=ticket))["ticket"]["version"]
    saved = {"ticketId": ticket, "expectedVersion": loaded}
    await world.ayse.act(UPDATE, input={**saved, "title": "From Ayşe"})
    await world.admin.act(UPDATE, input={**saved, "status": "PENDING"})
    await world.ayse.act(UPDATE, input={**saved, "priority": "HIGH"})

    refused = await world.nikos.act(
        UPDATE, input={**saved, "title": "From Nikos", "status": "CLOSED"}
    )

    assert refused["changedBy"] == {"name": "Admin"}
    assert refused["currentVersion"] == loaded + 3
    assert refused["fields"] == [
        {"field": "title", "base": "Loaded", "theirs": "From Ayşe", "yours": "From Nikos"},
        {"field": "status", "base": "NEW", "theirs": "PENDING", "yours": "CLOSED"},
    ]


async def test_whoever_was_faster_in_another_window_is_told_so(world: World) -> None:
    _message, ticket = await world.receive()
    saved = {"ticketId": ticket, "expectedVersion": 2}
    await world.admin.act(UPDATE, input={**saved, "title": "Faster"})
    update = UPDATE.replace("{ code }", "{ code message }")

    by_ayse = await world.ayse.act(update, input={**saved, "title": "Slower"})
    by_admin = await world.admin.act(update, input={**saved, "title": "Slower"})

    assert by_ayse["code"] == by_admin["code"] == "EDIT_CONFLICT"
    assert by_ayse["message"].startswith("Bu arada bir başkası bunu değiştirdi.")
    assert by_admin["message"].startswith("You changed this in another window.")

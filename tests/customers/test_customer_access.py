"""What a chat customer may ask for: what the open fields reach, and how documents are judged."""

from typing import Any

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, parse

from schema import customer_access as access_module
from schema.customer_access import OPEN_FIELDS, check_customer_access, customer_access
from schema.schema import build_schema
from tests.support.schema_paths import Way, members, reach, ways_to_all_fields

SCHEMA = build_schema()._schema

# By these a chat customer proves who they are, and learns nothing but whether that worked.
PROOFS = {
    *("ProfileVerificationSendResult", "ProfileVerificationSendSuccess"),
    *("ProfileVerifyResult", "ProfileVerifySuccess"),
}
# What a chat customer can reach besides, all of it: whoever opens more says so here, too.
REACHED = {
    *("Query", "Mutation", "Subscription"),
    *("Chat", "Ticket", "MessageConnection", "MessageEdge", "PageInfo", "Message", "Attachment"),
    *("Actor", "Agent", "Customer", "Automation"),
    *("ChatStartResult", "ChatStartSuccess", "MessageSendResult", "MessageSendSuccess"),
    *("ChatEvent", "StreamReady", "StreamReset", "ChatMessageAdded", "ChatEnded", "ChatResumed"),
    *("AttachmentUploadCreateResult", "AttachmentUploadCreateSuccess", "FileRefused"),
    *("AttachmentFormat", "AttachmentLimits"),
    *("ChatTyping", "ChatEndResult", "ChatEndSuccess", "ChatStateSetResult", "ChatStateSetSuccess"),
    *("ChatTranscriptSendResult", "ChatTranscriptSendSuccess", "SignOutResult", "SignOutSuccess"),
    *("Expired", "ValidationFailed", "FieldError", "NotFound", "NotAllowed", "LimitReached"),
    *("IdempotencyKeyReused", "Unavailable", "Node"),
}
PRIVATE_WORDS = (
    *("Note", "Favorite", "Presence", "Notification", "Interaction", "Rule", "Reminder", "Todo"),
    *("Handover", "Timeline", "Change", "Revision", "Inbox", "Dashboard", "Tag", "Team", "Topic"),
    *("Company", "Profile", "Token", "Warning", "Conflict", "Activity", "Delivery", "Assignee"),
)
INTERNAL_WORDS = (
    *("version", "updatedAt", "count", "email", "phone", "priority", "title", "description"),
    *("assignee", "team", "tags", "topic", "viewers", "changes", "note", "favorite", "role"),
    *("reminder", "waiting", "firstResponse", "closedAt", "company", "profiles", "delivery"),
)
# They count what the customer reads, or are what the customer has just said.
INNOCENT = {"MessageConnection.totalCount", "ChatTranscriptSendSuccess.email"}


def leaks(open_fields: Any) -> set[str]:
    """Return what chat customers could reach by these open fields, and must not."""
    found = reach(SCHEMA, open_fields)
    names = {
        place
        for place in found.fields - INNOCENT
        for word in INTERNAL_WORDS
        if word.lower() in place.partition(".")[2].lower()
    }
    return (found.types - REACHED - PROOFS) | names


def opened(**more: str) -> dict[str, frozenset[str]]:
    return {**OPEN_FIELDS, **{name: OPEN_FIELDS[name] | {field} for name, field in more.items()}}


def test_a_chat_customer_reaches_the_conversation_and_nothing_else() -> None:
    found = reach(SCHEMA, OPEN_FIELDS)

    assert found.types == REACHED | PROOFS
    assert leaks(OPEN_FIELDS) == set()
    assert [name for name in REACHED for word in PRIVATE_WORDS if word in name] == []


def test_nothing_is_opened_that_cannot_be_reached() -> None:
    of_interfaces = {"Event", "UserError"}  # which fragments may name
    unreached = {name for name in OPEN_FIELDS if name not in reach(SCHEMA, OPEN_FIELDS).types}

    assert unreached == of_interfaces


@pytest.mark.parametrize(
    ("type_name", "field", "leak"),
    [
        ("Ticket", "notes", "NoteConnection"),
        ("Ticket", "favorites", "FavoriteConnection"),
        ("Ticket", "viewers", "Presence"),
        ("Ticket", "timeline", "TimelineConnection"),
        ("Ticket", "version", "Ticket.version"),
        ("Ticket", "favoriteCount", "Ticket.favoriteCount"),
        ("Message", "favorite", "Favorite"),
        ("Customer", "interactions", "InteractionConnection"),
        ("Agent", "email", "Agent.email"),
        ("Query", "handover", "Handover"),
        ("Subscription", "ticketEvents", "TicketEvent"),
    ],
)
def test_a_leak_would_be_found(type_name: str, field: str, leak: str) -> None:
    assert leak in leaks(opened(**{type_name: field}))


def test_each_way_to_each_field_is_judged_by_all_the_fields_on_it() -> None:
    ways = list(ways_to_all_fields(SCHEMA))
    objects = [
        named for named in SCHEMA.type_map.values()
        if isinstance(named, GraphQLObjectType) and not named.name.startswith("__")
    ]  # fmt: skip
    assert {way.places[-1].partition(".")[0] for way in ways} == {one.name for one in objects}

    for way in ways:
        access = customer_access(SCHEMA, parse(way.document))
        assert (access.refused is None) is is_open(way), way


def is_open(way: Way) -> bool:
    places = (place.split(".") for place in way.places)
    return all(name in OPEN_FIELDS.get(type_name, ()) for type_name, name in places)


@pytest.mark.parametrize(
    ("document", "refused"),
    [
        ("query { ticket { ...T } } fragment T on Ticket { id notes { totalCount } }", "notes"),
        ("{ ticket { ... { ... @include(if: true) { version } } } }", "Ticket.version"),
        ("query ($no: Boolean!) { ticket { viewers @include(if: $no) { state } } }", "viewers"),
        ("{ id: ticket { id: version } }", "Ticket.version"),
        ("{ ...Q } fragment Q on Query { me { __typename } tickets { totalCount } }", "tickets"),
        ("{ node(id: 1) { ... on Note { __typename } } }", "Note"),
        ("{ node(id: 1) { ... on Favorite { id } } }", "Favorite"),
        ("{ node(id: 1) { ... on Integration { __typename } } }", "Integration"),
        ("query A { me { __typename } } query B { brands { id } }", "Query.brands"),
        ("subscription { chatEvents { ... on EventFields { cursor } } }", "EventFields"),
        ("mutation { notificationsMarkRead { __typename } }", "Mutation.notificationsMarkRead"),
    ],
)
def test_no_writing_of_a_document_hides_what_it_asks_for(document: str, refused: str) -> None:
    assert refused in str(customer_access(SCHEMA, parse(document)).refused)


def test_the_walk_looks_at_each_selection_once() -> None:
    fragments = [f"fragment F{n} on Ticket {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60)]
    document = "{ ticket { ...F0 } } " + " ".join(fragments) + " fragment F60 on Ticket { version }"

    assert customer_access(SCHEMA, parse(document)).refused == "Ticket.version"


def test_introspection_is_what_it_is_for_strangers() -> None:
    for document in ("{ __schema { types { name } } }", '{ __type(name: "A") { name } }'):
        assert customer_access(SCHEMA, parse(document)).refused is None


def test_interfaces_open_no_more_than_what_is_the_same_in_all_their_types() -> None:
    interfaces = [
        named
        for name in OPEN_FIELDS
        if isinstance(named := SCHEMA.type_map[name], GraphQLInterfaceType)
    ]
    assert {one.name: OPEN_FIELDS[one.name] for one in interfaces} == {
        "Node": {"id"},
        "Event": {"cursor"},
        "UserError": {"code", "message"},
    }
    assert len(members(SCHEMA, SCHEMA.type_map["Node"])) > 15


@pytest.mark.parametrize("place", ["Ticket.colour", "Ghost.id"])
def test_the_server_does_not_start_with_an_open_field_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    type_name, name = place.split(".")
    monkeypatch.setattr(access_module, "OPEN_FIELDS", {type_name: frozenset({name})})

    with pytest.raises(TypeError, match=f"{place}$"):
        check_customer_access(SCHEMA)

"""What one document may ask for, and that telling so is no work worth an attack."""

from collections.abc import Callable

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSyntaxError,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    TypeInfo,
    ValidationContext,
    get_introspection_query,
    parse,
)

from app.guards import validate_guarded
from app.guards.outline import Selection, outline_of
from tests.edge.guard_schema import (
    SCHEMA,
    TOKENS,
    errors_of,
    introspection_cost_of,
    messages_of,
    refusals_of,
)


def nested(levels: int, innermost: str = "id") -> str:
    """Return a query whose fields stand so many levels deep."""
    return "{ticket" + "{parent" * (levels - 2) + "{" + innermost + "}" + "}" * (levels - 1)


def aliased(count: int) -> str:
    return "{ticket {" + " ".join(f"a{n}: title" for n in range(count)) + "}}"


def operations(count: int) -> str:
    return " ".join(f"query Q{n} {{ticket {{id}}}}" for n in range(count))


def root_fields(count: int) -> str:
    fields = ["ticket {id}", "tickets {totalCount}", "lookUp"]
    return "{" + " ".join(f"a{n}: {fields[n % 3]}" for n in range(count)) + "}"


def repeated(count: int) -> str:
    return "mutation {" + " ".join(f"a{n}: ping" for n in range(count)) + "}"


def directives(count: int) -> str:
    return "{ticket {id " + "@mark " * count + "}}"


@pytest.mark.parametrize(
    ("query", "code", "limit"),
    [
        (operations, "TOO_MANY_OPERATIONS", 10),
        (nested, "QUERY_TOO_DEEP", 15),
        (aliased, "TOO_MANY_ALIASES", 30),
        (root_fields, "TOO_MANY_ROOT_FIELDS", 20),
        (repeated, "ROOT_FIELD_REPEATED", 10),
        (directives, "TOO_MANY_DIRECTIVES", 5),
    ],
)
def test_limit_is_allowed_and_one_more_is_not(
    query: Callable[[int], str], code: str, limit: int
) -> None:
    assert errors_of(query(limit)) == []
    assert refusals_of(query(limit + 1)) == [{"code": code, "limit": limit, "actual": limit + 1}]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("{ticket " + "{... on Ticket " * 20 + "{id}" + "}" * 21, id="fragments"),
        pytest.param('{__type(name: "T") ' + "{ofType " * 20 + "{name}" + "}" * 21, id="schema"),
        pytest.param(nested(15, innermost="__typename"), id="the name of the innermost type"),
    ],
)
def test_depth_counts_only_fields_of_the_desk(query: str) -> None:
    assert errors_of(query) == []


def test_aliases_of_a_fragment_count_wherever_it_is_spread() -> None:
    aliases = " ".join(f"a{n}: name" for n in range(8))
    fragment = f"fragment Names on Company {{{aliases}}}"
    companies = " ".join(f"c{n}: customer {{company {{...Names}}}}" for n in range(4))

    assert refusals_of(f"{{ticket {{{companies}}}}} {fragment}") == [
        {"code": "TOO_MANY_ALIASES", "limit": 30, "actual": 4 * (1 + 8)}
    ]


def test_root_fields_of_fragments_count_once_for_each_name_they_answer_under() -> None:
    pings = " ".join(f"p{n}: ping" for n in range(10))
    query = "mutation {...All ...All ... on Mutation {...All ping}} fragment All on Mutation "

    assert refusals_of(query + "{" + pings + "}") == [
        {"code": "ROOT_FIELD_REPEATED", "limit": 10, "actual": 11}
    ]


def test_a_field_can_declare_how_often_it_may_be_asked_for() -> None:
    assert errors_of("mutation One {signIn ping} mutation Other {signIn}") == []
    assert errors_of("mutation {...In ...In} fragment In on Mutation {signIn}") == []
    assert refusals_of("mutation {signIn ... {again: signIn}}") == [
        {"code": "ROOT_FIELD_REPEATED", "limit": 1, "actual": 2}
    ]


def test_only_the_operation_beyond_a_limit_is_refused() -> None:
    [error] = errors_of(f"query Small {{ticket {{id}}}} query Deep {nested(16)}")

    assert error.message == "Levels of nested fields: 16; at most 15 are allowed."
    assert [location.column for location in error.locations or []] == [27]


@pytest.mark.parametrize(
    "query",
    [
        "query Marked * {ticket {id}}",
        "{ticket * {id}}",
        "{ticket {... * {id}}}",
        "{ticket {...F *}} fragment F on Ticket {id}",
        "{ticket {...F}} fragment F on Ticket * {id}",
        "{ticket {...F}} fragment F on Ticket {id *}",
    ],
)
def test_directives_are_counted_in_every_place(query: str) -> None:
    assert refusals_of(query.replace("*", "@mark " * 6)) == [
        {"code": "TOO_MANY_DIRECTIVES", "limit": 5, "actual": 6}
    ]


def test_query_of_explorers_is_valid() -> None:
    query = get_introspection_query(input_value_deprecation=True, specified_by_url=True)

    assert errors_of(query) == []
    assert introspection_cost_of(query) == 4_424


def test_aliases_cannot_multiply_introspection() -> None:
    types = "types {fields {type {fields {type {name}}}}}"
    query = "{__schema {" + " ".join(f"t{n}: {types}" for n in range(3)) + "}}"

    assert refusals_of(query) == [
        {"code": "INTROSPECTION_TOO_COMPLEX", "limit": 6_000, "actual": 1 + 3 * 10 * 221}
    ]


# ── Hostile documents


def fragments(count: int, on: str, each: str, last: str) -> str:
    """Return fragments of which each holds `each`, with the name of the next in the place of *."""
    chain = [f"fragment F{n} on {on} {{{each.replace('*', f'...F{n + 1}')}}}" for n in range(count)]
    return " ".join([*chain, f"fragment F{count} on {on} {{{last}}}"])


BOMB = "{ticket {...F0}}" + fragments(30, "Ticket", "parent {*} again: parent {*}", "id")


def outline_context(query: str) -> ValidationContext:
    return ValidationContext(SCHEMA, parse(query), TypeInfo(SCHEMA), lambda _: None)


def test_each_selection_of_a_fragment_bomb_is_looked_at_once() -> None:
    looks: list[Selection] = []

    def look(count: int, selection: Selection, below: int) -> int:
        looks.append(selection)
        return count + 1 + below

    outline = outline_of(outline_context(BOMB))
    [(_, expanded)] = outline.fold(0, look)

    assert len(looks) == len(list(outline.selections())) == 2 + 30 * 4 + 1
    assert expanded > 2**30


def test_fragment_bomb_is_refused_for_its_depth_aliases_and_cost() -> None:
    assert refusals_of(BOMB) == [
        {"code": "QUERY_TOO_DEEP", "limit": 15, "actual": 32},
        {"code": "TOO_MANY_ALIASES", "limit": 30, "actual": 2**30 - 1},
        {"code": "QUERY_TOO_COMPLEX", "limit": 10_000, "actual": 2**31 - 1},
    ]


def test_reported_number_is_one_that_every_json_reader_holds() -> None:
    bomb = "{ticket {...F0}}" + fragments(60, "Ticket", "parent {*} again: parent {*}", "id")

    assert refusals_of(bomb)[-1]["actual"] == 2**53 - 1


def test_parser_refuses_a_thousand_levels() -> None:
    with pytest.raises(GraphQLSyntaxError, match="Document is nested too deeply"):
        parse(nested(1_000), max_tokens=TOKENS)


def test_thousand_levels_of_a_document_that_nobody_parsed_are_counted() -> None:
    field = FieldNode(name=NameNode(value="id"))
    for name in ["parent"] * 998 + ["ticket"]:
        selections = SelectionSetNode(selections=(field,))
        field = FieldNode(name=NameNode(value=name), selection_set=selections)
    operation = OperationDefinitionNode(
        operation=OperationType.QUERY, selection_set=SelectionSetNode(selections=(field,))
    )

    [error] = validate_guarded(SCHEMA, DocumentNode(definitions=(operation,)))

    assert error.extensions == {"code": "QUERY_TOO_DEEP", "limit": 15, "actual": 1_000}


def test_levels_of_a_chain_of_fragments_add_up() -> None:
    chain = fragments(140, "Ticket", "parent {*}", "id")

    assert refusals_of("{ticket {...F0}}" + chain) == [
        {"code": "QUERY_TOO_DEEP", "limit": 15, "actual": 142}
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param(
            "{ticket {...A}} fragment A on Ticket {...B} fragment B on Ticket {...A}",
            "Cannot spread fragment 'A' within itself via 'B'.",
            id="fragments in a circle",
        ),
        pytest.param(
            "{ticket {...A}} fragment A on Ticket {parent {...A}}",
            "Cannot spread fragment 'A' within itself.",
            id="a fragment in itself",
        ),
        pytest.param("{ticket {...A}}", "Unknown fragment 'A'.", id="an unknown fragment"),
        pytest.param(
            "{ticket {...A}} fragment A on Tikket {id {id}}",
            "Unknown type 'Tikket'.",
            id="a fragment on an unknown type",
        ),
        pytest.param(
            "{tiket {nodes {id}}}", "Cannot query field 'tiket' on type 'Query'.", id="a wrong name"
        ),
        pytest.param(
            "{ticket {id {id}}}",
            "Field 'id' must not have a selection since type 'ID!' has no subfields.",
            id="selections on a scalar",
        ),
    ],
)
def test_what_is_wrong_otherwise_is_left_to_the_specified_rules(query: str, message: str) -> None:
    assert messages_of(query) == [message]


def test_document_beyond_a_limit_is_checked_no_further() -> None:
    assert refusals_of(nested(16, innermost="unknown")) == [
        {"code": "QUERY_TOO_DEEP", "limit": 15, "actual": 16}
    ]


def doubled(levels: int) -> str:
    return "id" if levels == 0 else f"parent {{{doubled(levels - 1)}}} " * 2


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("{ticket {" + "id " * 1_900 + "}}", id="one scalar"),
        pytest.param("{ticket {" + "parent(level: 1) {id} " * 200 + "}}", id="one object"),
        pytest.param("{ticket {" + doubled(8) + "}}", id="one object within itself"),
        pytest.param(
            "{ticket {"
            + " ".join(f"...F{n}" for n in range(150))
            + "}}"
            + " ".join(f"fragment F{n} on Ticket {{id}}" for n in range(150)),
            id="many fragments in one place",
        ),
    ],
)
def test_comparing_what_is_repeated_stops_early(query: str) -> None:
    assert refusals_of(query) == [{"code": "QUERY_TOO_COMPLEX"}]


def test_thirty_components_may_ask_the_same_object_for_their_fields() -> None:
    fields = "id number title lastMessage {id body} tags {name} assignee {id name}"
    query = "{ticket {" + " ".join(f"...F{n}" for n in range(30)) + "}}"
    components = " ".join(f"fragment F{n} on Ticket {{{fields}}}" for n in range(30))

    assert errors_of(query + components) == []


def test_no_more_errors_are_told_than_a_developer_fixes_at_once() -> None:
    unknown = " ".join(f"unknown{n}" for n in range(20))

    assert messages_of(f"{{ticket {{{unknown}}}}}") == [
        *(f"Cannot query field 'unknown{n}' on type 'Ticket'." for n in range(5)),
        "Too many validation errors, error limit reached. Validation aborted.",
    ]

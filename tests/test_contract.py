"""The schema keeps what clients were promised, and has one shape throughout."""

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    DefinitionNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    UnionTypeDefinitionNode,
    is_introspection_type,
    is_required_argument,
    is_required_input_field,
    is_specified_scalar_type,
    parse,
    print_ast,
    value_from_ast_untyped,
)

from schema.schema import build_schema
from tests.support.contract import printed_schema
from tests.support.promises import PROMISED

SCHEMA_FILE = Path(__file__).parent.parent / "schema" / "schema.graphql"

PAGES = {"first": "Int", "after": "String", "last": "Int", "before": "String"}


def own_types() -> Iterator[GraphQLNamedType]:
    for type_ in printed_schema().type_map.values():
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_):
            yield type_


def is_kept(promised: InputValueDefinitionNode, argument: GraphQLArgument) -> bool:
    """Tell whether what was promised of an argument holds.

    One that need not be given may refuse null: that had no meaning.
    """
    if promised.default_value is not None:
        default = value_from_ast_untyped(promised.default_value)
        if argument.default_value != default:
            return False
    of_type = print_ast(promised.type)
    return str(argument.type) == of_type or (
        str(argument.type) == f"{of_type}!" and not is_required_argument(argument)
    )


def broken_in_field(promised: FieldDefinitionNode, field: GraphQLField) -> Iterator[str]:
    if str(field.type) != print_ast(promised.type):
        yield f"is {field.type}, not {print_ast(promised.type)}"
    arguments = dict(field.args)
    for argument in promised.arguments or ():
        taken = arguments.pop(argument.name.value, None)
        if taken is None or not is_kept(argument, taken):
            yield f"does not take {print_ast(argument)}"
    for name, type_ in PAGES.items() if promised.directives else ():
        found = arguments.pop(name, None)
        if found is None or str(found.type) != type_:
            yield f"does not take {name}: {type_}"
    for name, added in arguments.items():
        if is_required_argument(added):
            yield f"demands {name}"


def broken_in_fields(
    promised: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode,
    found: GraphQLObjectType | GraphQLInterfaceType,
) -> Iterator[str]:
    missing = {node.name.value for node in promised.interfaces or ()} - {
        interface.name for interface in found.interfaces
    }
    if missing:
        yield f"{found.name} does not implement {missing}"
    for field in promised.fields or ():
        name = field.name.value
        if name not in found.fields:
            yield f"{found.name}.{name} is gone"
        else:
            for what in broken_in_field(field, found.fields[name]):
                yield f"{found.name}.{name} {what}"


def broken_in_input(
    promised: InputObjectTypeDefinitionNode, found: GraphQLInputObjectType
) -> Iterator[str]:
    fields = dict(found.fields)
    for node in promised.fields or ():
        field = fields.pop(node.name.value, None)
        if field is None or str(field.type) != print_ast(node.type):
            yield f"{found.name} does not take {print_ast(node)}"
    for name, added in fields.items():
        if is_required_input_field(added):
            yield f"{found.name} demands {name}"


def broken_in(promised: DefinitionNode) -> Iterator[str]:
    """Tell which promises about a type are not kept."""
    match promised, printed_schema().type_map.get(promised.name.value):  # type: ignore[attr-defined]
        case ObjectTypeDefinitionNode(), GraphQLObjectType() as found:
            yield from broken_in_fields(promised, found)
        case InterfaceTypeDefinitionNode(), GraphQLInterfaceType() as found:
            yield from broken_in_fields(promised, found)
        case InputObjectTypeDefinitionNode(), GraphQLInputObjectType() as found:
            yield from broken_in_input(promised, found)
        case EnumTypeDefinitionNode(), GraphQLEnumType() as found:
            gone = {node.name.value for node in promised.values or ()} - set(found.values)
            yield from (f"{found.name} has no {name}" for name in gone)
        case UnionTypeDefinitionNode(), GraphQLUnionType() as found:
            gone = {node.name.value for node in promised.types or ()}
            gone -= {member.name for member in found.types}
            yield from (f"{found.name} has no {name}" for name in gone)
        case _, other:
            yield f"{promised.name.value} is {other!r}"  # type: ignore[attr-defined]


def test_what_was_promised_is_kept() -> None:
    assert [what for node in parse(PROMISED).definitions for what in broken_in(node)] == []


def test_each_broken_promise_is_found() -> None:
    broken = """
        type Ticket implements Tree { titel: String! title: String number(base: Int): Int! @pages }
        type Query { node: Node reminders(done: Boolean = true): NoteConnection! }
        type Robot { id: ID! }
        input TicketCloseInput { ticketId: String! }
        input FavoriteAddInput { star: ID }
        enum TicketStatus { NEW LOST }
        union Assignee = Agent | Robot
        interface Actor { id: ID! }
    """

    assert [what for node in parse(broken).definitions for what in broken_in(node)] == [
        "Ticket does not implement {'Tree'}",
        "Ticket.titel is gone",
        "Ticket.title is String!, not String",
        "Ticket.number does not take base: Int",
        "Ticket.number does not take first: Int",
        "Ticket.number does not take after: String",
        "Ticket.number does not take last: Int",
        "Ticket.number does not take before: String",
        "Query.node demands id",
        "Query.reminders does not take done: Boolean = true",
        "Robot is None",
        "TicketCloseInput does not take ticketId: String!",
        "FavoriteAddInput does not take star: ID",
        "FavoriteAddInput demands itemId",
        "TicketStatus has no LOST",
        "Assignee has no Robot",
        "Actor is <GraphQLUnionType 'Actor'>",
    ]


def test_lists_that_can_grow_have_pages_of_one_shape() -> None:
    connections = {
        type_.name: {name: str(field.type) for name, field in type_.fields.items()}
        for type_ in own_types()
        if isinstance(type_, GraphQLObjectType) and type_.name.endswith("Connection")
    }
    edges = {
        type_.name: {name: str(field.type) for name, field in type_.fields.items()}
        for type_ in own_types()
        if isinstance(type_, GraphQLObjectType) and type_.name.endswith("Edge")
    }

    assert connections.keys() > {"TicketConnection", "TimelineConnection"}
    for fields in connections.values():
        item = fields["nodes"].strip("[]!")
        assert fields == {
            "nodes": f"[{item}!]!",
            "edges": f"[{item}Edge!]!",
            "pageInfo": "PageInfo!",
            "totalCount": "Int!",
        }
        assert edges[f"{item}Edge"] == {"cursor": "String!", "node": f"{item}!"}


def test_each_connection_takes_the_arguments_of_pages() -> None:
    connections = [
        field
        for type_ in own_types()
        if isinstance(type_, GraphQLObjectType)
        for field in type_.fields.values()
        if str(field.type).endswith("Connection!")
    ]

    assert len(connections) >= 20
    for field in connections:
        arguments = {name: str(taken.type) for name, taken in field.args.items()}
        assert arguments.items() >= PAGES.items()


def test_each_mutation_takes_one_input_and_answers_with_success_or_the_errors_it_can_have() -> None:
    mutation = printed_schema().mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        noun = f"{name[0].upper()}{name[1:]}"
        inputs = {argument: str(taken.type) for argument, taken in field.args.items()}
        union = printed_schema().type_map[f"{noun}Result"]
        assert isinstance(union, GraphQLUnionType)
        success, *errors = union.types

        assert inputs in ({}, {"input": f"{noun}Input!"})
        assert str(field.type) == f"{noun}Result!"
        assert success.name == f"{noun}Success"
        assert [
            error.name
            for error in errors
            if "UserError" not in {interface.name for interface in error.interfaces}
        ] == []


def test_everything_is_described() -> None:
    assert [name for name, description in descriptions() if not description] == []


def test_every_value_of_an_enum_is_described() -> None:
    values = [
        (f"{type_.name}.{name}", value.description)
        for type_ in own_types()
        if isinstance(type_, GraphQLEnumType)
        for name, value in type_.values.items()
    ]
    assert len(values) > 80
    assert [name for name, description in values if not description] == []


def descriptions() -> Iterator[tuple[str, str | None]]:
    for type_ in own_types():
        yield type_.name, type_.description
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", field.description
                for argument, taken in field.args.items():
                    if argument != "input":  # of mutations, which is what its type says
                        yield f"{type_.name}.{name}({argument}:)", taken.description
        if isinstance(type_, GraphQLInputObjectType):
            for name, asked in type_.fields.items():
                yield f"{type_.name}.{name}", asked.description


def test_what_may_be_left_out_has_no_default_of_null() -> None:
    # Absent and null differ: absent leaves a field as it is, null clears it.
    assert "= null" not in build_schema().as_str()


def test_the_printed_schema_is_the_one_under_review() -> None:
    assert SCHEMA_FILE.read_text() == f"{build_schema().as_str()}\n"

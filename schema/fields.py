"""The three ways a field of an object type is answered: a column, a pure function, a relation.

None of them is a coroutine per object. A column or a function is read from the row at once; a
relation names one batch function of `resolvers`, which answers all objects of a page together.
The metadata says which columns a field needs, so that only those are loaded.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, cast

import strawberry
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    get_directive_values,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)
from strawberry.types.field import StrawberryField

from core.errors import NotFound
from models.base import Columns
from resolvers.audiences import is_same_for_audience
from resolvers.scope import Batch, Scope

SAME_FOR_AUDIENCE = "same_for_audience"  # the extension of a field that says so, or not
_ANSWER = "answer"
_STRAWBERRY = "strawberry-definition"

Info = strawberry.Info[Scope, None]


@dataclass(frozen=True, slots=True)
class Column:
    """The value of one column of the row, or what `convert` makes of the row.

    With `in_scope`, `convert` gets the scope, too.
    """

    name: str | None
    needs: tuple[str, ...]
    convert: Callable[..., Any] | None
    in_scope: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """What `batch` finds for the values of the row's `key` columns."""

    batch: Batch
    key: tuple[str, ...]
    wrap: Callable[[Any], Any] | None


def column(description: str, *, name: str | None = None) -> Any:
    """Return a field that shows a column; `name` is the attribute where it has another name."""
    return _field(description, Column(name, (), None))


def derived(description: str, function: Callable[[Any], Any], *, needs: Sequence[str]) -> Any:
    """Return a field computed from the row alone, out of the columns it `needs`."""
    return _field(description, Column(None, tuple(needs), function))


def derived_in_scope(
    description: str, function: Callable[[Any, Scope], Any], *, needs: Sequence[str]
) -> Any:
    """Return a field like `derived`, whose function also gets the scope of the operation."""
    return _field(description, Column(None, tuple(needs), function, in_scope=True))


def relation(
    description: str,
    batch: Batch,
    *,
    key: str | tuple[str, ...],
    wrap: Callable[[Any], Any] | None = None,
    assumed_size: int | None = None,
) -> Any:
    """Return a field that `batch` answers for all rows at once.

    `key` names the column, or the columns, that lead there. What is found becomes an object of the
    field's type, or what `wrap` makes of it. What is not found is null; where the field's type has
    no null, that is the error NotFound at the field's place: a hidden row is an absent row.
    `assumed_size` is how long a list is taken to be when an operation is priced, where that is not
    the usual length.
    """
    answer = Relation(batch, (key,) if isinstance(key, str) else key, wrap)
    return _field(description, answer, assumed_size=assumed_size)


def _field(description: str, answer: Column | Relation, **prices: int | None) -> Any:
    field = StrawberryField(description=description, metadata={_ANSWER: answer, **prices})
    field.init = field.repr = field.compare = False
    return field


def compile_fields(schema: GraphQLSchema) -> None:
    """Give each column, function and relation of the schema its plain resolver."""
    for graphql_type in schema.type_map.values():
        if isinstance(graphql_type, GraphQLObjectType):
            for field in graphql_type.fields.values():
                _compile(field)
                _drop_null_defaults(field.args.values())
        elif isinstance(graphql_type, GraphQLInputObjectType):
            _drop_null_defaults(graphql_type.fields.values())


def _drop_null_defaults(arguments: Iterable[GraphQLArgument | GraphQLInputField]) -> None:
    """Show an optional argument as optional, and not as one whose default is null."""
    for argument in arguments:
        if argument.default_value is None:
            argument.default_value = Undefined


def requested_columns(info: GraphQLResolveInfo[Any], *path: str) -> Columns:
    """Return the columns that the selected fields of the returned type need.

    `path` leads through fields in between, such as `nodes` of a connection. None means all:
    the type is not known before the rows are.
    """
    named = get_named_type(info.return_type)
    selections = [node.selection_set for node in info.field_nodes if node.selection_set]
    for name in path:
        found = [node for _, node in _selected(selections, info) if node.name.value == name]
        selections = [node.selection_set for node in found if node.selection_set]
        named = get_named_type(cast(GraphQLObjectType, named).fields[name].type)
    if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
        return None
    return _columns_of(cast(GraphQLObjectType, named), selections, info)


def connection_columns(info: GraphQLResolveInfo[Any]) -> Columns:
    """Return the columns that the nodes of a connection need, in `nodes` and in `edges`."""
    nodes = requested_columns(info, "nodes")
    edges = requested_columns(info, "edges", "node")
    return None if nodes is None or edges is None else nodes | edges


def from_row_of_nodes(info: GraphQLResolveInfo[Any]) -> Callable[[Any], Any]:
    """Return what makes a node of the returned connection out of a row."""
    connection = cast(GraphQLObjectType, get_named_type(info.return_type))
    return _from_row_of(connection.fields["nodes"].type)


def selects(info: GraphQLResolveInfo[Any], *path: str) -> bool:
    """Tell whether the field at the end of `path`, from the returned type on, is selected."""
    nodes: Sequence[FieldNode] = info.field_nodes
    for name in path:
        selections = [node.selection_set for node in nodes if node.selection_set]
        nodes = [node for _, node in _selected(selections, info) if node.name.value == name]
    return bool(nodes)


def _compile(field: GraphQLField) -> None:
    definition = field.extensions.get(_STRAWBERRY)
    if not isinstance(definition, StrawberryField):
        return
    metadata: Mapping[str, Any] = definition.metadata
    answer = metadata.get(_ANSWER)
    mark = _mark(definition, answer)
    if mark is not None:
        field.extensions[SAME_FOR_AUDIENCE] = mark
    if isinstance(answer, Column):
        field.resolve = _column_resolver(answer, definition.python_name)
        field.extensions["columns"] = answer.needs or (answer.name or definition.python_name,)
    elif isinstance(answer, Relation):
        field.resolve = _relation_resolver(answer, field.type)
        field.extensions["columns"] = answer.key


def _mark(definition: StrawberryField, answer: Column | Relation | None) -> bool | None:
    """Tell whether a field answers a whole audience alike; None where that is not known.

    What is read from the object alone does.
    """
    if isinstance(answer, Relation):
        return is_same_for_audience(answer.batch)
    if isinstance(answer, Column) and answer.in_scope and answer.convert is not None:
        return is_same_for_audience(answer.convert)
    if definition.base_resolver is not None:
        return is_same_for_audience(cast(Any, definition.base_resolver.wrapped_func))
    return True


def _column_resolver(answer: Column, python_name: str) -> Callable[..., Any]:
    convert = answer.convert
    if convert is not None and answer.in_scope:
        return lambda source, info: convert(source.row, info.context)
    if convert is not None:
        return lambda source, _info: convert(source.row)
    name = answer.name or python_name
    return lambda source, _info: getattr(source.row, name)


def _relation_resolver(answer: Relation, returned: Any) -> Callable[..., Any]:
    batch = answer.batch
    key_of: Callable[[Any], Any] = attrgetter(*answer.key)
    many = is_list_type(get_nullable_type(returned))
    wrap = _wrapper(answer, returned, many=many)
    if is_non_null_type(returned) and not many:
        wrap = _or_not_found(wrap)

    def resolve(source: Any, info: GraphQLResolveInfo[Any]) -> Any:
        key = key_of(source.row)
        if key is None:
            return [] if many else None
        scope: Scope = info.context
        selection = tuple(map(id, info.field_nodes))
        if selection not in scope.columns:
            scope.columns[selection] = requested_columns(info)
        return scope.load(batch, key, None, scope.columns[selection], wrap)

    return resolve


def _wrapper(answer: Relation, returned: Any, *, many: bool) -> Callable[[Any], Any]:
    if answer.wrap is not None:
        wrap = answer.wrap
    else:
        from_row = _from_row_of(returned)

        def wrap(row: Any) -> Any:
            return None if row is None else from_row(row)

    return (lambda rows: [wrap(row) for row in rows or ()]) if many else wrap


def _or_not_found(wrap: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what also answers for rows that the viewer may not see, where there is no null.

    The loader raises an exception that it is given, at each field that asked for that key.
    """

    def required(row: Any) -> Any:
        shown = wrap(row)
        return NotFound() if shown is None else shown

    return required


def _from_row_of(returned: Any) -> Callable[[Any], Any]:
    from_row: Callable[[Any], Any] = (
        get_named_type(returned).extensions[_STRAWBERRY].origin.from_row
    )
    return from_row


def _columns_of(
    object_type: GraphQLObjectType,
    selections: Sequence[SelectionSetNode],
    info: GraphQLResolveInfo[Any],
) -> frozenset[str]:
    columns: set[str] = set()
    for _, node in _selected(selections, info):
        field = object_type.fields.get(node.name.value)
        if field is not None:
            columns.update(field.extensions.get("columns", ()))
    return frozenset(columns)


def _selected(
    selections: Sequence[SelectionSetNode], info: GraphQLResolveInfo[Any]
) -> list[tuple[str, FieldNode]]:
    """Return the fields of these selections, those in fragments too, each fragment once.

    What the client says to leave out is left out.
    """
    found: list[tuple[str, FieldNode]] = []
    seen: set[str] = set()
    waiting: list[SelectionNode] = [node for part in selections for node in part.selections]
    fragments: Mapping[str, Any] = info.fragments
    while waiting:
        node = waiting.pop()
        if node.directives and _is_left_out(node, info):
            continue
        if isinstance(node, FieldNode):
            found.append((node.name.value, node))
        elif isinstance(node, FragmentSpreadNode):
            if node.name.value not in seen:
                seen.add(node.name.value)
                waiting.extend(fragments[node.name.value].selection_set.selections)
        else:
            waiting.extend(cast(Any, node).selection_set.selections)
    return found


def _is_left_out(node: SelectionNode, info: GraphQLResolveInfo[Any]) -> bool:
    skip = get_directive_values(GraphQLSkipDirective, node, info.variable_values)
    include = get_directive_values(GraphQLIncludeDirective, node, info.variable_values)
    return bool(skip and skip["if"]) or bool(include and not include["if"])

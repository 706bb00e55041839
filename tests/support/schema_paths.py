"""Ways through the schema, for tests that ask what can be reached, and by whom."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

OpenFields = Mapping[str, frozenset[str]]
SCALARS: dict[str, Any] = {
    "Int": 1,
    "String": "x",
    "Boolean": True,
    "DateTime": "2030-01-01T00:00:00Z",
}


def roots(schema: GraphQLSchema) -> dict[str, GraphQLObjectType]:
    """Return the types at which operations begin, by the word that begins them."""
    found = {
        "query": schema.query_type,
        "mutation": schema.mutation_type,
        "subscription": schema.subscription_type,
    }
    return {word: root for word, root in found.items() if root is not None}


def members(schema: GraphQLSchema, named: GraphQLNamedType) -> list[GraphQLObjectType]:
    """Return the object types that an answer of this type may have."""
    if isinstance(named, GraphQLObjectType):
        return [named]
    if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
        return list(schema.get_possible_types(named))
    return []


# ── Reach: what can be selected at all ─────────────────────────────────────────────────────────


@dataclass
class Reach:
    """The types that can be reached, and their fields, as `Type.field`."""

    types: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


def reach(schema: GraphQLSchema, open_fields: OpenFields) -> Reach:
    """Follow every open field from every root.

    A field whose type is an object type reaches it, whether or not anything of it is open. Of an
    interface or a union it reaches the members that are open: others have no row, and no fragment
    may name them.
    """
    found = Reach()
    waiting: list[GraphQLNamedType] = list(roots(schema).values())
    while waiting:
        named = waiting.pop()
        if named.name in found.types or is_leaf_type(named):
            continue
        found.types.add(named.name)
        if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            waiting += [one for one in members(schema, named) if one.name in open_fields]
        for name in open_fields.get(named.name, ()):
            fields = named.fields  # type: ignore[attr-defined]
            found.fields.add(f"{named.name}.{name}")
            waiting.append(get_named_type(fields[name].type))
    return found


@dataclass(frozen=True, slots=True)
class Way:
    """The fields that lead from a root to a field, the last one, and a document that asks so."""

    places: tuple[str, ...]
    document: str


def ways_to_all_fields(schema: GraphQLSchema) -> Iterator[Way]:
    """Yield a shortest way to every field of every object type, from every root by itself."""
    for word, root in roots(schema).items():
        seen = {root.name}
        waiting: list[tuple[GraphQLObjectType, tuple[str, ...], str]] = [(root, (), "{}")]
        while waiting:
            parent, places, around = waiting.pop(0)
            for name, one in parent.fields.items():
                way = (*places, f"{parent.name}.{name}")
                named = get_named_type(one.type)
                leaf = name if is_leaf_type(named) else f"{name} {{ __typename }}"
                yield Way(way, f"{word} {{ {around.replace('{}', leaf)} }}")
                for member in members(schema, named):
                    if member.name not in seen:
                        seen.add(member.name)
                        inner = f"{name} {{ ... on {member.name} {{ {{}} }} }}"
                        waiting.append((member, way, around.replace("{}", inner)))


# ── Questions: documents that ask for everything ───────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Question:
    """A document that asks one root field for all that it holds, and its variables."""

    root_field: str
    document: str
    variables: dict[str, Any]


class Questioner:
    """Asks for all fields that need no argument, some levels deep; pages count as no level.

    With `open_fields` it asks for those only; below level 0 it asks of which type something is.
    """

    def __init__(
        self, schema: GraphQLSchema, levels: int, open_fields: OpenFields | None = None
    ) -> None:
        self._schema = schema
        self._levels = levels
        self._open_fields = open_fields
        self._selection = cache(self._select)
        self._types_of: dict[str, set[str]] = defaultdict(set)
        for named in schema.type_map.values():
            if isinstance(named, GraphQLObjectType):
                for name, one in named.fields.items():
                    self._types_of[name].add(str(one.type))

    def questions(self, word: str, ids: Mapping[str, Any]) -> Iterator[Question]:
        """Yield a question to each root field; `ids` are what arguments of these names are given.

        An argument of a list of ids gets a list of its one id.
        """
        root = roots(self._schema)[word]
        for name, one in root.fields.items():
            if self._is_open(root, name):
                yield self._question(word, name, one, ids)

    def _question(
        self, word: str, name: str, one: GraphQLField, ids: Mapping[str, Any]
    ) -> Question:
        taken = {
            argument: given.type
            for argument, given in one.args.items()
            if argument in ids or is_required_argument(given)
        }
        declared = ", ".join(f"${argument}: {type_}" for argument, type_ in taken.items())
        passed = ", ".join(f"{argument}: ${argument}" for argument in taken)
        selection = self._of(get_named_type(one.type), self._levels)
        document = (
            f"{word} {f'({declared})' if declared else ''} "
            f"{{ {name}{f'({passed})' if passed else ''} {selection} }}"
        )
        variables = {argument: value_of(argument, type_, ids) for argument, type_ in taken.items()}
        return Question(name, document, variables)

    def _of(self, named: GraphQLNamedType, levels: int) -> str:
        return "" if is_leaf_type(named) else str(self._selection(named, levels))

    def _select(self, named: GraphQLNamedType, levels: int) -> str:
        if isinstance(named, GraphQLObjectType) and levels < 0:
            return "{ __typename }"
        if isinstance(named, GraphQLObjectType):
            fields = (self._field(named, name, levels) for name in named.fields)
            return f"{{ __typename {' '.join(filter(None, fields))} }}"
        parts = (
            f"... on {one.name} {self._selection(one, levels)}"
            for one in members(self._schema, named)
            if self._open_fields is None or one.name in self._open_fields
        )
        return f"{{ __typename {' '.join(parts)} }}"

    def _field(self, parent: GraphQLObjectType, name: str, levels: int) -> str:
        one = parent.fields[name]
        if any(map(is_required_argument, one.args.values())) or not self._is_open(parent, name):
            return ""
        # Fields of one name whose types differ would not fit together in one answer.
        is_clear = len(self._types_of[name]) == 1
        alias = "" if is_clear else f"{name}_{one.type}: ".translate(str.maketrans("[]!", "___"))
        named = get_named_type(one.type)
        if is_leaf_type(named):
            return f"{alias}{name}"
        is_page = named.name.endswith(("Connection", "Edge", "PageInfo"))
        below = levels if is_page else levels - 1
        return f"{alias}{name} {self._of(named, below)}" if levels else ""

    def _is_open(self, parent: GraphQLObjectType, name: str) -> bool:
        return self._open_fields is None or name in self._open_fields.get(parent.name, ())


def value_of(name: str, type_: Any, ids: Mapping[str, Any]) -> Any:
    """Return a value for an argument or an input field of this name and type."""
    if isinstance(type_, GraphQLNonNull):
        return value_of(name, type_.of_type, ids)
    if isinstance(type_, GraphQLList):
        return [value_of(name, type_.of_type, ids)]
    if isinstance(type_, GraphQLInputObjectType):
        return {
            inner: value_of(inner, given.type, ids)
            for inner, given in type_.fields.items()
            if inner in ids or isinstance(given.type, GraphQLNonNull)
        }
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if name in ids:
        return ids[name]
    return ids["id"] if type_.name == "ID" else SCALARS[type_.name]

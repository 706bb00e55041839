"""Which answers to a subscription may be shared by all who have the same rights."""

from collections.abc import Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    visit,
)

from schema.fields import SAME_FOR_AUDIENCE


def check_marks(schema: GraphQLSchema) -> None:
    """Raise TypeError for fields that subscriptions reach and that nobody has marked.

    A field that is not marked would be shared, or executed a thousand times, by accident.
    """
    unmarked = [
        f"{object_type.name}.{name}"
        for object_type in _reachable(schema)
        for name, field in object_type.fields.items()
        if SAME_FOR_AUDIENCE not in field.extensions
    ]
    if unmarked:
        raise TypeError(f"Mark their batches, see resolvers.audiences: {', '.join(unmarked)}")


def is_same_for_audience(schema: GraphQLSchema, document: DocumentNode) -> bool:
    """Tell whether all fields that a document selects answer a whole audience alike."""
    type_info = TypeInfo(schema)
    finder = _PersonalFieldFinder(schema, type_info)
    visit(document, TypeInfoVisitor(type_info, finder))
    return not finder.has_found


class _PersonalFieldFinder(Visitor):
    def __init__(self, schema: GraphQLSchema, type_info: TypeInfo) -> None:
        super().__init__()
        self.has_found = False
        self._schema = schema
        self._type_info = type_info

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Look at one selected field, of all types that it may belong to."""
        parent = self._type_info.get_parent_type()
        name = node.name.value
        if parent is None or parent is self._schema.subscription_type or name.startswith("__"):
            return
        for object_type in _object_types(self._schema, parent):
            if not object_type.fields[name].extensions.get(SAME_FOR_AUDIENCE):
                self.has_found = True


def _object_types(
    schema: GraphQLSchema, graphql_type: GraphQLNamedType
) -> Iterator[GraphQLObjectType]:
    if isinstance(graphql_type, GraphQLObjectType):
        yield graphql_type
    elif isinstance(graphql_type, GraphQLInterfaceType | GraphQLUnionType):
        yield from schema.get_possible_types(graphql_type)


def _reachable(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    """Return all object types that an answer to a subscription may hold."""
    subscription = schema.subscription_type
    waiting: list[GraphQLObjectType] = [subscription] if subscription else []
    found: dict[str, GraphQLObjectType] = {}
    while waiting:
        for field in waiting.pop().fields.values():
            for object_type in _object_types(schema, get_named_type(field.type)):
                if object_type.name not in found:
                    found[object_type.name] = object_type
                    waiting.append(object_type)
    return list(found.values())

"""What a single field costs, in points, and how often it is answered.

The prices are those of Shopify ("Rate Limiting GraphQL APIs by Calculating Query Complexity"):
they depend on the document alone, so a client can reckon them without asking.
"""

from graphql import (
    FieldNode,
    GraphQLCompositeType,
    GraphQLSchema,
    IntValueNode,
    NullValueNode,
    ValueNode,
    get_nullable_type,
    is_list_type,
    is_object_type,
)

from app.guards.metadata import declared_number
from app.guards.outline import Selection
from core.pages import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

SCALAR_COST = 0
OBJECT_COST = 1
CONNECTION_COST = 2
MUTATION_COST = 10

ASSUMED_LIST_SIZE = 10  # tags, teams, attachments, to-dos: lists too short to be connections

# About how long the lists of a schema's description are; the others are as assumed above.
INTROSPECTION_LIST_SIZES = {
    "args": 2,
    "interfaces": 2,
    "possibleTypes": 2,
    "inputFields": 4,
    "enumValues": 4,
}


def own_cost(schema: GraphQLSchema, selection: Selection) -> int:
    """Return the cost of a field without what is selected on it; in a list, of one item.

    The schema declares another one as `metadata={"cost": …}` of the field.
    """
    declared = declared_number(selection.field, "cost")
    if declared is not None:
        return declared
    if selection.parent_type is not None and selection.parent_type is schema.mutation_type:
        return MUTATION_COST
    if selection.inner_type is None or _is_node_of_edge(selection):
        return SCALAR_COST
    return CONNECTION_COST if is_connection(selection.inner_type) else OBJECT_COST


def list_size(selection: Selection) -> int:
    """Return how many objects a field is taken to answer with.

    The schema declares the size of a list as `metadata={"assumed_size": …}` of the field.
    """
    field = selection.field
    if field is None or not is_list_type(get_nullable_type(field.type)):
        return 1
    declared = declared_number(field, "assumed_size")
    if declared is not None:
        return declared
    if describes_schema(selection.parent_type):
        return INTROSPECTION_LIST_SIZES.get(str(selection.field_name), ASSUMED_LIST_SIZE)
    return ASSUMED_LIST_SIZE


def page_size(node: FieldNode) -> int:
    """Return how many items a connection is asked for.

    A variable counts as the largest page: documents are judged before their variables are known.
    """
    sizes = [
        _most(argument.value)
        for argument in node.arguments or ()
        if argument.name.value in {"first", "last"}
        and not isinstance(argument.value, NullValueNode)
    ]
    return max(sizes, default=DEFAULT_PAGE_SIZE)


def _most(size: ValueNode) -> int:
    """Return the items that are answered at most: larger pages are refused by the field itself."""
    digits = len(str(MAX_PAGE_SIZE))
    if not isinstance(size, IntValueNode) or len(size.value) > digits:
        return MAX_PAGE_SIZE
    return min(max(int(size.value), 0), MAX_PAGE_SIZE)


def is_connection(composite: GraphQLCompositeType | None) -> bool:
    """Tell whether a type is a page of a list, by its name and fields."""
    return (
        is_object_type(composite)
        and composite.name.endswith("Connection")
        and not composite.fields.keys().isdisjoint({"nodes", "edges"})
    )


def is_page_items(selection: Selection) -> bool:
    """Tell whether a field answers with the items of a page."""
    return selection.field_name in {"nodes", "edges"} and is_connection(selection.parent_type)


def describes_schema(composite: GraphQLCompositeType | None) -> bool:
    """Tell whether a type belongs to introspection."""
    return composite is not None and composite.name.startswith("__")


def _is_node_of_edge(selection: Selection) -> bool:
    """Tell whether a field is the item that its edge is already charged for."""
    return (
        selection.field_name == "node"
        and selection.parent_type is not None
        and selection.parent_type.name.endswith("Edge")
    )

"""Guards that count: operations, levels, aliases, root fields, directives."""

from collections import Counter
from collections.abc import Iterator

from graphql import (
    ExecutableDefinitionNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    ValidationContext,
)

from app.guards.guard import Guard, limit_exceeded
from app.guards.limits import (
    ALIAS_LIMIT,
    DEPTH_LIMIT,
    DIRECTIVE_LIMIT,
    OPERATION_LIMIT,
    REPEATED_ROOT_FIELD_LIMIT,
    ROOT_FIELD_LIMIT,
)
from app.guards.metadata import declared_number
from app.guards.outline import Selection, outline_of


class OperationsGuard(Guard):
    """Limit the operations of a document: each is validated with all its fragments."""

    def find_errors(self) -> Iterator[GraphQLError]:
        """Yield one error, at the first operation too many."""
        operations = outline_of(self.context).operations
        if len(operations) > OPERATION_LIMIT:
            first_too_many, _ = operations[OPERATION_LIMIT]
            yield limit_exceeded(
                "TOO_MANY_OPERATIONS",
                "Operations in the document",
                OPERATION_LIMIT,
                len(operations),
                first_too_many,
            )


class DepthGuard(Guard):
    """Limit how deep fields are nested; introspection has a guard of its own."""

    def find_errors(self) -> Iterator[GraphQLError]:
        """Yield an error for each operation that is too deep."""
        for operation, depth in outline_of(self.context).fold(0, _deepest):
            if depth > DEPTH_LIMIT:
                yield limit_exceeded(
                    "QUERY_TOO_DEEP", "Levels of nested fields", DEPTH_LIMIT, depth, operation
                )


def _deepest(depth: int, selection: Selection, below: int) -> int:
    name = selection.field_name
    if name is None:
        return max(depth, below)
    if name.startswith("__"):
        return depth
    return max(depth, 1 + below)


class AliasesGuard(Guard):
    """Limit the aliases of an operation; those of a fragment count wherever it is spread.

    Fields of one name merge, so only aliases have a field answered often. Its scalars cost no
    points, but a hundred of them on each object of a page take time.
    """

    def find_errors(self) -> Iterator[GraphQLError]:
        """Yield an error for each operation with too many aliases."""
        for operation, aliases in outline_of(self.context).fold(0, _count_aliases):
            if aliases > ALIAS_LIMIT:
                yield limit_exceeded(
                    "TOO_MANY_ALIASES", "Aliases in the operation", ALIAS_LIMIT, aliases, operation
                )


def _count_aliases(aliases: int, selection: Selection, below: int) -> int:
    has_alias = isinstance(selection.node, FieldNode) and selection.node.alias is not None
    return aliases + has_alias + below


class RootFieldsGuard(Guard):
    """Limit the root fields of an operation, and how often one of them is asked for."""

    def find_errors(self) -> Iterator[GraphQLError]:
        """Yield an error for each operation with too many root fields, or too many of one."""
        for operation, _ in outline_of(self.context).operations:
            names = _root_field_names(self.context, operation)
            if len(names) > ROOT_FIELD_LIMIT:
                yield limit_exceeded(
                    "TOO_MANY_ROOT_FIELDS",
                    "Root fields of the operation",
                    ROOT_FIELD_LIMIT,
                    len(names),
                    operation,
                )
            for name, times in Counter(names.values()).items():
                limit = self._repetitions_allowed(operation, name)
                if times > limit:
                    yield limit_exceeded(
                        "ROOT_FIELD_REPEATED",
                        f"Times that the operation asks for '{name}'",
                        limit,
                        times,
                        operation,
                    )

    def _repetitions_allowed(self, operation: OperationDefinitionNode, name: str) -> int:
        """Return how often an operation may ask for a root field, if the schema knows it."""
        schema = self.context.schema
        root_type = schema.get_root_type(operation.operation)
        field = schema.get_field(root_type, name) if root_type else None
        declared = declared_number(field, "at_most")
        return REPEATED_ROOT_FIELD_LIMIT if declared is None else declared


def _root_field_names(
    context: ValidationContext, operation: OperationDefinitionNode
) -> dict[str, str]:
    """Return the names of the root fields by the names they answer under."""
    names: dict[str, str] = {}
    pending = [operation.selection_set]
    entered: set[str] = set()
    while pending:
        for node in pending.pop().selections:
            if isinstance(node, FieldNode):
                names[(node.alias or node.name).value] = node.name.value
            elif isinstance(node, InlineFragmentNode):
                pending.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in entered:
                entered.add(node.name.value)
                fragment = context.get_fragment(node.name.value)
                if fragment:
                    pending.append(fragment.selection_set)
    return names


class DirectivesGuard(Guard):
    """Limit the directives that stand in one place."""

    def find_errors(self) -> Iterator[GraphQLError]:
        """Yield an error for each definition, field, fragment or spread with too many."""
        for node in self._places():
            directives = len(node.directives or ())
            if directives > DIRECTIVE_LIMIT:
                yield limit_exceeded(
                    "TOO_MANY_DIRECTIVES",
                    "Directives in one place",
                    DIRECTIVE_LIMIT,
                    directives,
                    node,
                )

    def _places(self) -> Iterator[ExecutableDefinitionNode | SelectionNode]:
        for definition in self.context.document.definitions:
            if isinstance(definition, ExecutableDefinitionNode):
                yield definition
        for selection in outline_of(self.context).selections():
            yield selection.node

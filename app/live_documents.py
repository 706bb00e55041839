"""What a subscription's document says about whose answers to it are the same."""

from dataclasses import dataclass
from typing import Self

from graphql import NamedTypeNode, OperationDefinitionNode, TypeNode, VariableDefinitionNode

from app.engine import Operation, Variables
from app.graphql_json import encode

_CURSOR_TYPE = "EventCursor"


@dataclass(frozen=True, slots=True)
class LiveDocument:
    """The variables of an operation: those that tell answers apart, and the one to go on from.

    `cursor` is None where no variable, or not a variable alone, says where to go on from.
    """

    telling: tuple[str, ...]
    cursor: str | None

    @classmethod
    def of(cls, operation: Operation) -> Self:
        """Return what the document of an operation says."""
        variables = _definition_of(operation).variable_definitions or ()
        cursors = [one for one in variables if _type_name(one.type) == _CURSOR_TYPE]
        is_plain = len(cursors) == 1 and _is_plain(cursors[0])
        return cls(
            telling=tuple(_name(one) for one in variables if one not in cursors),
            cursor=_name(cursors[0]) if is_plain else None,
        )

    def told_apart(self, variables: Variables) -> bytes:
        """Return what makes answers differ. An absent variable is another than one that is null."""
        return encode([[variables[name]] if name in variables else None for name in self.telling])

    def declared(self, variables: Variables) -> Variables:
        """Return those of the variables that make answers differ: the others are of no use."""
        return {name: variables[name] for name in self.telling if name in variables}


def _definition_of(operation: Operation) -> OperationDefinitionNode:
    definitions = [
        definition
        for definition in operation.document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ]
    named = [one for one in definitions if one.name and one.name.value == operation.name]
    return (named or definitions)[0]


def _is_plain(variable: VariableDefinitionNode) -> bool:
    """Tell whether a variable may be left out, and nothing stands for it then."""
    return variable.default_value is None and isinstance(variable.type, NamedTypeNode)


def _name(variable: VariableDefinitionNode) -> str:
    return variable.variable.name.value


def _type_name(node: TypeNode) -> str:
    while not isinstance(node, NamedTypeNode):
        node = node.type  # type: ignore[attr-defined]
    return node.name.value

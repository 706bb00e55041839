"""What a subscription's document says about whose answers to it are the same."""

from dataclasses import dataclass
from typing import Self

from graphql import NamedTypeNode, OperationDefinitionNode, TypeNode, VariableDefinitionNode

from app.engine import Operation, Variables
from app.graphql_json import encode

_CURSOR_TYPE = "EventCursor"


@dataclass(frozen=True, slots=True)
class LiveDocument:
    """The variables of a document: those that tell answers apart, and places to go on from."""

    telling: tuple[str, ...]
    cursors: tuple[str, ...]
    has_cursor_default: bool

    @classmethod
    def of(cls, operation: Operation) -> Self:
        """Return what the document of an operation says."""
        variables = [
            variable
            for definition in operation.document.definitions
            if isinstance(definition, OperationDefinitionNode)
            for variable in definition.variable_definitions or ()
        ]
        cursors = [one for one in variables if _type_name(one.type) == _CURSOR_TYPE]
        return cls(
            telling=tuple(_name(one) for one in variables if one not in cursors),
            cursors=tuple(_name(one) for one in cursors),
            has_cursor_default=any(one.default_value is not None for one in cursors),
        )

    @property
    def goes_on_from_one_variable(self) -> bool:
        """Whether one variable, and nothing else, says where to go on from."""
        return len(self.cursors) == 1 and not self.has_cursor_default

    def told_apart(self, variables: Variables) -> bytes:
        """Return what makes answers differ. An absent variable is another than one that is null."""
        return encode([[variables[name]] if name in variables else None for name in self.telling])


def _name(variable: VariableDefinitionNode) -> str:
    return variable.variable.name.value


def _type_name(node: TypeNode) -> str:
    while not isinstance(node, NamedTypeNode):
        node = node.type  # type: ignore[attr-defined]
    return node.name.value

"""What the guards have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from graphql import BREAK, GraphQLError, Node, ValidationRule, VisitorAction

_LARGEST_REPORTED = 2**53 - 1  # JSON has no larger integer that every client reads exactly


class Guard(ValidationRule, ABC):
    """A validation rule that judges the document as a whole, in one look.

    Guards are classes of a module and never made per request: caches of validation results are
    keyed by them.
    """

    def enter_document(self, *_: Any) -> VisitorAction:
        """Report what is beyond a limit, and leave the visitor nothing to visit."""
        for error in self.find_errors():
            self.report_error(error)
        return BREAK

    @abstractmethod
    def find_errors(self) -> Iterator[GraphQLError]:
        """Yield an error for each operation or place that is beyond a limit."""


def limit_exceeded(code: str, counted: str, limit: int, actual: int, node: Node) -> GraphQLError:
    """Return the error for a `node` with more of what was `counted` than the limit."""
    reported = min(actual, _LARGEST_REPORTED)
    return GraphQLError(
        f"{counted}: {reported:,}; at most {limit:,} are allowed.",
        node,
        extensions={"code": code, "limit": limit, "actual": reported},
    )

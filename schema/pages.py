"""Connections: lists that come in pages."""

from collections.abc import Callable
from operator import attrgetter
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import strawberry

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from core.pages import Page, PageRequest
from resolvers.audiences import marked_like, same_for_audience
from resolvers.batches import PageArguments
from resolvers.scope import Batch
from schema.fields import Info, connection_columns, from_row_of_nodes, selects

NodeT = TypeVar("NodeT")

First = Annotated[
    int | None,
    strawberry.argument(description="How many from the start: 25 unless told, 100 at most."),
]
After = Annotated[str | None, strawberry.argument(description="Only what follows this cursor.")]
Last = Annotated[
    int | None,
    strawberry.argument(description="How many from the end: 100 at most. Not with `first`."),
]
Before = Annotated[str | None, strawberry.argument(description="Only what precedes this cursor.")]
Around = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="The item that stands in the middle of the page. Only with `first`."
    ),
]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = strawberry.field(description="Whether something follows this page.")
    has_previous_page: bool = strawberry.field(description="Whether something precedes this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first item.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last item.")


@strawberry.type(description="An item of a page and its place in the list.")
class Edge(Generic[NodeT]):
    """An item and its cursor."""

    cursor: str = strawberry.field(description="The item's place, for `after` and `before`.")
    node: NodeT = strawberry.field(description="The item.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[NodeT]):
    """One page of a list."""

    page: strawberry.Private[Page]
    nodes: list[NodeT] = strawberry.field(description="The items of this page.")
    total_count: int | None = strawberry.field(
        name="totalCount", graphql_type=int, description="How many items the whole list has."
    )

    @strawberry.field(description="The items of this page with their cursors.")
    @same_for_audience
    def edges(self) -> list[Edge[NodeT]]:
        """Return the items with their cursors."""
        cursor = self.page.order.cursor
        return [
            Edge(cursor=cursor(row), node=node)
            for row, node in zip(self.page.rows, self.nodes, strict=True)
        ]

    @strawberry.field(description="Where this page stands in the list.")
    @same_for_audience
    def page_info(self) -> PageInfo:
        """Return where this page stands."""
        rows, cursor = self.page.rows, self.page.order.cursor
        return PageInfo(
            has_next_page=self.page.has_next,
            has_previous_page=self.page.has_previous,
            start_cursor=cursor(rows[0]) if rows else None,
            end_cursor=cursor(rows[-1]) if rows else None,
        )


def connection_of(page: Page, wrap: Callable[[Any], Any]) -> Connection[Any]:
    """Make a connection of a page of rows."""
    return Connection(page=page, nodes=[wrap(row) for row in page.rows], total_count=page.total)


def page_arguments(
    info: Info,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    only: Any = None,
    around: UUID | None = None,
) -> PageArguments:
    """Check the arguments of a connection and see whether the total is asked for.

    Raises ValidationFailed for a page of over 100 items, and for `around` with a cursor or `last`.
    """
    if around is not None:
        _check_around(first, after, last, before)
    return PageArguments(
        PageRequest.of(first, after, last, before),
        with_total=selects(info._raw_info, "totalCount"),  # noqa: SLF001  # not public otherwise
        only=only,
        around=around,
    )


def _check_around(
    first: int | None, after: str | None, last: int | None, before: str | None
) -> None:
    if (after, last, before) != (None, None, None):
        raise ValidationFailed(FieldProblem(("around",), FieldErrorCode.NOT_ALLOWED_VALUE))
    if first == 0:
        raise ValidationFailed(FieldProblem(("first",), FieldErrorCode.OUT_OF_RANGE, 1, first))


_ROW_ID: Callable[[Any], UUID] = attrgetter("row.id")


def paged(
    description: str,
    batch: Batch,
    *,
    parent: Callable[[Any], Any] = _ROW_ID,
    only: Callable[[Any], Any] = lambda _shown: None,
) -> Any:
    """Return a field that shows the children of an object in pages, as `batch` finds them.

    `parent` gives the key by which it finds those of an object, and `only` which of them count.
    """

    # It has no return type: that of the field says which connection it is.
    async def resolve(  # type: ignore[no-untyped-def]  # noqa: ANN202
        self: Any,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ):
        arguments = page_arguments(info, first, after, last, before, only=only(self))
        return await load_connection(info, batch, parent(self), arguments)

    return strawberry.field(resolver=marked_like(batch, resolve), description=description)


async def load_connection(
    info: Info, batch: Batch, parent_key: Any, arguments: PageArguments
) -> Connection[Any]:
    """Load a page of children, together with the pages of all other parents."""
    graphql_info = info._raw_info  # noqa: SLF001  # not public otherwise
    columns = connection_columns(graphql_info)
    page = await info.context.load(batch, parent_key, arguments, columns)
    return connection_of(page, from_row_of_nodes(graphql_info))

"""Tags of tickets."""

from datetime import datetime
from typing import Annotated

import strawberry

from core.ids import NodeKind
from models import tags as rows
from resolvers import tags
from schema.errors import (
    AlreadyExists,
    EditConflict,
    IdempotencyKeyReused,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info, column, connection_columns
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from schema.nodes import FromRow, Node, node_id
from schema.pages import (
    After,
    Before,
    Connection,
    First,
    Last,
    connection_of,
    page_arguments,
)
from schema.registry import register
from services.tags import NewTag


@strawberry.type(description="A label of tickets, out of a list that admins keep.")
class Tag(FromRow, Node):
    """A label of tickets."""

    id: strawberry.ID = node_id(NodeKind.TAG)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("The tag's name, unique whatever its case and accents.")
    created_at: datetime = column("When the tag was added.")


@strawberry.type
class TagQuery:
    """Reading tags."""

    @strawberry.field(description="The tags that tickets can have, by name.")
    async def tags(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(description="Beginnings of words in the name; all must be found."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Tag]:
        """Load a page of tags."""
        page = await tags.page(
            info.context,
            search,
            page_arguments(info, first, after, last, before),
            connection_columns(info._raw_info),  # noqa: SLF001  # not public otherwise
        )
        return connection_of(page, Tag.from_row)


@strawberry.input(description="What a tag is to be called.")
class TagCreateInput:
    """What a tag is to be called."""

    name: str = strawberry.field(
        description="Its name, at most 50 characters, unique whatever its case and accents."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.type(description="The tag was added.")
class TagCreateSuccess:
    """The tag was added."""

    tag: Tag = strawberry.field(description="The new tag.")


TagCreateResult = Annotated[
    TagCreateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | AlreadyExists
    | IdempotencyKeyReused,
    strawberry.union("TagCreateResult", description="The new tag, or why there is none."),
]


@strawberry.input(description="What to change of a tag.")
class TagUpdateInput:
    """What to change of a tag."""

    tag_id: strawberry.ID = strawberry.field(description="The tag.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Its name, at most 50 characters, unique whatever its case and accents.",
    )


@strawberry.type(description="The tag is as wanted.")
class TagUpdateSuccess:
    """The tag is as wanted."""

    tag: Tag = strawberry.field(description="The tag as it is now.")
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


TagUpdateResult = Annotated[
    TagUpdateSuccess | ValidationFailed | NotFound | NotAllowed | AlreadyExists | EditConflict,
    strawberry.union("TagUpdateResult", description="The tag, or why nothing was changed."),
]


@strawberry.input(description="Which tag to delete.")
class TagDeleteInput:
    """Which tag to delete."""

    tag_id: strawberry.ID = strawberry.field(description="The tag.")


@strawberry.type(description="The tag is gone.")
class TagDeleteSuccess:
    """The tag is gone."""

    tag_id: strawberry.ID = strawberry.field(description="The tag that was deleted.")


TagDeleteResult = Annotated[
    TagDeleteSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("TagDeleteResult", description="That it is gone, or why it stays."),
]


@strawberry.type
class TagMutation:
    """Adding, renaming and deleting tags."""

    @strawberry.mutation(description="Add a tag to the list. For admins.")
    async def tag_create(self, info: Info, input: TagCreateInput) -> TagCreateResult:
        """Add a tag."""
        tag = await tags.create(info.context, NewTag(input.name), input.idempotency_key)
        return TagCreateSuccess(tag=Tag.from_row(tag))

    @strawberry.mutation(description="Rename a tag; it stays on its tickets. For admins.")
    async def tag_update(self, info: Info, input: TagUpdateInput) -> TagUpdateResult:
        """Rename a tag."""
        tag, edit = await tags.update(
            info.context, input.tag_id, input.expected_version, present(input, "name")
        )
        return TagUpdateSuccess(tag=Tag.from_row(tag), merged_fields=edit.merged_fields)

    @strawberry.mutation(
        description="Delete a tag. It is gone at once and its name is free. The tickets that "
        "have it lose it right after. For admins."
    )
    async def tag_delete(self, info: Info, input: TagDeleteInput) -> TagDeleteResult:
        """Delete a tag."""
        await tags.delete(info.context, input.tag_id)
        return TagDeleteSuccess(tag_id=input.tag_id)


register(NodeKind.TAG, Tag, rows.Tag, tags.by_id)

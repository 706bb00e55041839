"""Brands: under whose name agents answer."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import brands as rows
from resolvers import brands, topics
from schema.errors import (
    AlreadyExists,
    EditConflict,
    IdempotencyKeyReused,
    NotAllowed,
    NotFound,
    StillInUse,
    ValidationFailed,
)
from schema.fields import Info, column, relation, requested_columns
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from schema.nodes import FromRow, Node, node_id
from schema.registry import register
from services.brands import NewBrand

if TYPE_CHECKING:
    from schema.topics import Topic


@strawberry.type(description="A product or company under whose name agents answer.")
class Brand(FromRow, Node):
    """A product or company under whose name agents answer."""

    id: strawberry.ID = node_id(NodeKind.BRAND)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("The brand's name, unique.")
    language: str = column("The language it writes to customers in: `en`, `tr` or `el`.")
    email: str | None = column("The address its mails come from.")
    default_email_subject: str | None = column(
        "The subject of mails whose ticket has none; null: the language's own default."
    )
    topics: list[Annotated["Topic", strawberry.lazy("schema.topics")]] = relation(
        "What its tickets can be about, by name.", topics.by_brand, key="id"
    )
    undo_seconds: int = column(
        "How long an answer by mail waits before it goes out, so that it can be taken back: "
        "0 to 30 seconds."
    )
    created_at: datetime = column("When the brand was added.")


@strawberry.type
class BrandQuery:
    """Reading brands."""

    @strawberry.field(description="The brands that the viewer works for, by name.")
    async def brands(self, info: Info) -> list[Brand]:
        """Load the brands."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        return [Brand.from_row(row) for row in await brands.all_brands(info.context, columns)]


@strawberry.input(description="What a brand is to be.")
class BrandCreateInput:
    """What a brand is to be."""

    name: str = strawberry.field(description="Its name, at most 200 characters, unique.")
    language: str = strawberry.field(
        description="The language it writes to customers in: `en`, `tr` or `el`."
    )
    email: str | None = strawberry.field(
        default=None, description="The address its mails come from."
    )
    default_email_subject: str | None = strawberry.field(
        default=None,
        description="The subject of mails whose ticket has none, at most 2,000 characters.",
    )
    undo_seconds: int = strawberry.field(
        default=0,
        description="How long an answer by mail waits, so that it can be taken back: up to 30 "
        "seconds; 0 sends at once.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.type(description="The brand was added.")
class BrandCreateSuccess:
    """The brand was added."""

    brand: Brand = strawberry.field(description="The new brand.")


BrandCreateResult = Annotated[
    BrandCreateSuccess | ValidationFailed | NotAllowed | AlreadyExists | IdempotencyKeyReused,
    strawberry.union("BrandCreateResult", description="The new brand, or why there is none."),
]


@strawberry.input(description="What to change of a brand. Absent fields stay as they are.")
class BrandUpdateInput:
    """What to change of a brand."""

    brand_id: strawberry.ID = strawberry.field(description="The brand.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Its name, at most 200 characters, unique."
    )
    language: str | None = strawberry.field(
        default=strawberry.UNSET, description="`en`, `tr` or `el`."
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="The address its mails come from; null: none."
    )
    default_email_subject: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="At most 2,000 characters; null: the language's own default.",
    )
    undo_seconds: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="How long answers by mail that are written later wait: 0 to 30 seconds.",
    )


@strawberry.type(description="The brand is as wanted.")
class BrandUpdateSuccess:
    """The brand is as wanted."""

    brand: Brand = strawberry.field(description="The brand as it is now.")
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


BrandUpdateResult = Annotated[
    BrandUpdateSuccess | ValidationFailed | NotFound | NotAllowed | AlreadyExists | EditConflict,
    strawberry.union("BrandUpdateResult", description="The brand, or why nothing was changed."),
]


@strawberry.input(description="Which brand to delete.")
class BrandDeleteInput:
    """Which brand to delete."""

    brand_id: strawberry.ID = strawberry.field(description="The brand.")


@strawberry.type(description="The brand is gone.")
class BrandDeleteSuccess:
    """The brand is gone."""

    brand_id: strawberry.ID = strawberry.field(description="The brand that was deleted.")


BrandDeleteResult = Annotated[
    BrandDeleteSuccess | ValidationFailed | NotFound | NotAllowed | StillInUse,
    strawberry.union("BrandDeleteResult", description="That it is gone, or why it stays."),
]


@strawberry.type
class BrandMutation:
    """Adding, editing and deleting brands."""

    @strawberry.mutation(description="Add a brand. For admins.")
    async def brand_create(self, info: Info, input: BrandCreateInput) -> BrandCreateResult:
        """Add a brand."""
        new = NewBrand(
            input.name,
            input.language,
            input.email,
            input.default_email_subject,
            input.undo_seconds,
        )
        brand = await brands.create(info.context, new, input.idempotency_key)
        return BrandCreateSuccess(brand=Brand.from_row(brand))

    @strawberry.mutation(description="Edit a brand. For admins.")
    async def brand_update(self, info: Info, input: BrandUpdateInput) -> BrandUpdateResult:
        """Edit a brand."""
        wanted = present(
            input, "name", "language", "email", "default_email_subject", "undo_seconds"
        )
        brand, edit = await brands.update(
            info.context, input.brand_id, input.expected_version, wanted
        )
        return BrandUpdateSuccess(brand=Brand.from_row(brand), merged_fields=edit.merged_fields)

    @strawberry.mutation(
        description="Delete a brand that has no tickets, with its topics, templates and rules. Its "
        "name is free, and agents, teams, API tokens, callbacks and webhooks work for one brand "
        "less, perhaps for none: that gives nobody any right. With tickets it is `StillInUse`. For "
        "admins."
    )
    async def brand_delete(self, info: Info, input: BrandDeleteInput) -> BrandDeleteResult:
        """Delete a brand."""
        await brands.delete(info.context, input.brand_id)
        return BrandDeleteSuccess(brand_id=input.brand_id)


register(NodeKind.BRAND, Brand, rows.Brand, brands.by_id)

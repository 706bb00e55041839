"""Topics: what tickets of a brand are about."""

from datetime import datetime
from typing import Annotated

import strawberry

from core.ids import NodeKind
from models import topics as rows
from resolvers import brands, topics
from schema.brands import Brand
from schema.errors import (
    AlreadyExists,
    EditConflict,
    IdempotencyKeyReused,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info, column, relation, requested_columns
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from schema.nodes import FromRow, Node, node_id
from schema.registry import register


@strawberry.type(description="A subject that tickets of one brand can have.")
class Topic(FromRow, Node):
    """A subject that tickets of one brand can have."""

    id: strawberry.ID = node_id(NodeKind.TOPIC)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("The topic's name, unique within its brand.")
    brand: Brand = relation("The brand whose tickets can have it.", brands.by_id, key="brand_id")
    created_at: datetime = column("When the topic was added.")


@strawberry.type
class TopicQuery:
    """Reading topics."""

    @strawberry.field(description="The topics of a brand, or of all the viewer's brands, by name.")
    async def topics(
        self,
        info: Info,
        brand_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only those of this brand.")
        ] = None,
    ) -> list[Topic]:
        """Load the topics."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        found = await topics.of_brand(info.context, brand_id, columns)
        return [Topic.from_row(row) for row in found]


@strawberry.input(description="What a topic is to be.")
class TopicCreateInput:
    """What a topic is to be."""

    brand_id: strawberry.ID = strawberry.field(description="The brand whose tickets can have it.")
    name: str = strawberry.field(
        description="Its name, at most 200 characters, unique within the brand."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.type(description="The topic was added.")
class TopicCreateSuccess:
    """The topic was added."""

    topic: Topic = strawberry.field(description="The new topic.")


TopicCreateResult = Annotated[
    TopicCreateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | AlreadyExists
    | IdempotencyKeyReused,
    strawberry.union("TopicCreateResult", description="The new topic, or why there is none."),
]


@strawberry.input(description="What to change of a topic. It stays with its brand.")
class TopicUpdateInput:
    """What to change of a topic."""

    topic_id: strawberry.ID = strawberry.field(description="The topic.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Its name, at most 200 characters, unique within the brand.",
    )


@strawberry.type(description="The topic is as wanted.")
class TopicUpdateSuccess:
    """The topic is as wanted."""

    topic: Topic = strawberry.field(description="The topic as it is now.")
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


TopicUpdateResult = Annotated[
    TopicUpdateSuccess | ValidationFailed | NotFound | NotAllowed | AlreadyExists | EditConflict,
    strawberry.union("TopicUpdateResult", description="The topic, or why nothing was changed."),
]


@strawberry.input(description="Which topic to delete.")
class TopicDeleteInput:
    """Which topic to delete."""

    topic_id: strawberry.ID = strawberry.field(description="The topic.")


@strawberry.type(description="The topic is gone.")
class TopicDeleteSuccess:
    """The topic is gone."""

    topic_id: strawberry.ID = strawberry.field(description="The topic that was deleted.")


TopicDeleteResult = Annotated[
    TopicDeleteSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("TopicDeleteResult", description="That it is gone, or why it stays."),
]


@strawberry.type
class TopicMutation:
    """Adding, renaming and deleting topics."""

    @strawberry.mutation(description="Add a topic to a brand. For admins.")
    async def topic_create(self, info: Info, input: TopicCreateInput) -> TopicCreateResult:
        """Add a topic."""
        topic = await topics.create(info.context, input.brand_id, input.name, input.idempotency_key)
        return TopicCreateSuccess(topic=Topic.from_row(topic))

    @strawberry.mutation(description="Rename a topic. For admins.")
    async def topic_update(self, info: Info, input: TopicUpdateInput) -> TopicUpdateResult:
        """Rename a topic."""
        topic, edit = await topics.update(
            info.context, input.topic_id, input.expected_version, present(input, "name")
        )
        return TopicUpdateSuccess(topic=Topic.from_row(topic), merged_fields=edit.merged_fields)

    @strawberry.mutation(
        description="Delete a topic. It is gone at once and its name is free. The tickets that "
        "have it lose it right after. For admins."
    )
    async def topic_delete(self, info: Info, input: TopicDeleteInput) -> TopicDeleteResult:
        """Delete a topic."""
        await topics.delete(info.context, input.topic_id)
        return TopicDeleteSuccess(topic_id=input.topic_id)


register(NodeKind.TOPIC, Topic, rows.Topic, topics.by_id)

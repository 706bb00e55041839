"""The schema: all types, put together."""

import strawberry
from strawberry.schema.config import StrawberryConfig

import schema.enums  # noqa: F401  # declares the enums before they are used
from schema.errors import EXCEPTION_HANDLERS
from schema.favorite_list import FavoriteSubscription
from schema.favorites import FavoriteMutation
from schema.fields import compile_fields
from schema.scalars import SCALARS
from schema.ticket_events import TicketSubscription
from schema.tickets import TicketQuery


@strawberry.type(description="What can be read. Lists come in pages.")
class Query(TicketQuery):
    """What can be read."""


@strawberry.type(description="What changes something. Each is one act: it happens whole or not.")
class Mutation(FavoriteMutation):
    """What changes something."""


@strawberry.type(
    description="What happens, live. Streams with `after` are resumed where their cursor stands."
)
class Subscription(TicketSubscription, FavoriteSubscription):
    """What happens, live."""


def build_schema() -> strawberry.Schema:
    """Build the schema and compile its fields."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        exception_handlers=EXCEPTION_HANDLERS,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    compile_fields(schema._schema)
    return schema

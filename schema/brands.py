"""Brands: under whose name agents answer."""

from datetime import datetime

import strawberry

from core.ids import NodeKind
from models import brands as rows
from resolvers import brands
from schema.fields import column
from schema.nodes import FromRow, Node, node_id
from schema.registry import register


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
    created_at: datetime = column("When the brand was added.")


register(NodeKind.BRAND, Brand, rows.Brand, brands.by_id)

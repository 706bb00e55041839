"""Companies that customers work for."""

from datetime import datetime

import strawberry

from core.ids import NodeKind
from models import companies as rows
from resolvers import companies
from schema.fields import column
from schema.nodes import FromRow, Node, node_id
from schema.registry import register


@strawberry.type(description="A company that customers work for.")
class Company(FromRow, Node):
    """A company that customers work for."""

    id: strawberry.ID = node_id(NodeKind.COMPANY)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("The company's name, unique.")
    created_at: datetime = column("When the company was added.")
    updated_at: datetime = column("When it was changed last.")


register(NodeKind.COMPANY, Company, rows.Company, companies.by_id)

"""Teams: who may be given tickets together."""

from datetime import datetime

import strawberry

from core.ids import NodeKind
from models import teams as rows
from resolvers import teams
from schema.fields import column
from schema.nodes import FromRow, Node, node_id
from schema.registry import register


@strawberry.type(description="A group of agents that tickets can be assigned to.")
class Team(FromRow, Node):
    """A group of agents that tickets can be assigned to."""

    id: strawberry.ID = node_id(NodeKind.TEAM)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("The team's name, unique.")
    created_at: datetime = column("When the team was added.")


register(NodeKind.TEAM, Team, rows.Team, teams.by_id)

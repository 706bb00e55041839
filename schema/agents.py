"""Agents: the people of the desk."""

from datetime import datetime

import strawberry

from core.ids import NodeKind
from models import agents as rows
from models.agents import AgentRole
from resolvers import agents
from schema.fields import column
from schema.nodes import FromRow, Node, node_id
from schema.registry import register


@strawberry.type(description="A person of the desk.")
class Agent(FromRow, Node):
    """A person of the desk."""

    id: strawberry.ID = node_id(NodeKind.AGENT)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("The agent's name.")
    email: str = column("The address the agent signs in with.")
    role: AgentRole = column("What the agent may do.")
    language: str = column("The language of the agent's screen: `en`, `tr` or `el`.")
    active: bool = column("Whether the agent can sign in and be assigned.")
    created_at: datetime = column("When the agent was added.")


register(NodeKind.AGENT, Agent, rows.Agent, agents.by_id)

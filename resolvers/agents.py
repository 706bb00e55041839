"""Agents, as their colleagues see them."""

from models.agents import Agent, visible_to
from resolvers.batches import rows_by_id

by_id = rows_by_id(Agent, visible_to)

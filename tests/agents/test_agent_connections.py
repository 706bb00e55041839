"""How many connections one agent, and all strangers together, may hold."""

import pytest

from app import agent_connections
from app.agent_connections import AgentConnections
from core.errors import LimitReached
from core.ids import new_id
from models.actors import Actor, ActorKind
from models.viewers import Viewer
from subscriptions.presence.online_agents import OnlineAgents

STRANGER = Viewer(actor=None)


def agent() -> Viewer:
    return Viewer(Actor(ActorKind.AGENT, new_id()))


def test_one_agent_may_hold_so_many_connections_whatever_others_hold() -> None:
    ayse, nikos = agent(), agent()
    connections = AgentConnections(1, OnlineAgents())

    with connections.connected(ayse), connections.connected(nikos):
        with pytest.raises(LimitReached) as refusal:
            connections.check(ayse)
        assert refusal.value.limit == 1
    connections.check(ayse)


def test_strangers_are_counted_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_connections, "STRANGERS", 2)
    connections = AgentConnections(1, OnlineAgents())

    with connections.connected(STRANGER), connections.connected(STRANGER):
        with pytest.raises(LimitReached) as refusal:
            connections.check(STRANGER)
        assert refusal.value.limit == 2
        connections.check(agent())
    connections.check(STRANGER)


def test_an_agent_is_online_while_one_of_their_connections_is_open() -> None:
    ayse, online = agent(), OnlineAgents()
    connections = AgentConnections(2, online)

    with connections.connected(ayse):
        with connections.connected(ayse):
            pass
        assert online.now == {ayse.agent_id}
    assert online.now == frozenset()

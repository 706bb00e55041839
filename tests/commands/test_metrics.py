"""What a process counts, and the line it logs for each request."""

import asyncio
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update
from structlog.testing import capture_logs

from app.metrics import OPEN_SUBSCRIPTIONS
from app.worker import Worker, working
from core.database import Database
from models.jobs import Job
from services.jobs import JobHandler, Payload
from tests.support.desk import World
from tests.support.live import INBOX_EVENTS, TICKET_EVENTS, served


async def measure(world: World, name: str, **labels: str) -> float | None:
    """Return the value that Prometheus would read, or None where there is none."""
    response = await world.http.get("/metrics")
    assert response.status_code == 200
    for family in text_string_to_metric_families(response.text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    return None


@pytest.mark.parametrize(
    ("document", "labels"),
    [
        ("{ __typename }", {"type": "query", "outcome": "ok"}),
        ("{ nonsense }", {"type": "unknown", "outcome": "rejected"}),
        ("query($n: ID!) { node(id: $n) { id } }", {"type": "query", "outcome": "rejected"}),
        ("{ tickets { totalCount } }", {"type": "query", "outcome": "errors"}),
    ],
)
async def test_operations_are_counted_by_type_and_outcome(
    world: World, document: str, labels: dict[str, str]
) -> None:
    name = "starling_graphql_operations_total"
    before = await measure(world, name, **labels) or 0

    await world.nobody.send(document)

    assert await measure(world, name, **labels) == before + 1


async def test_subscriptions_are_open_from_their_beginning_to_their_end(world: World) -> None:
    before = OPEN_SUBSCRIPTIONS._value.get()
    async with (
        served(world) as live,
        live.watch("nikos", INBOX_EVENTS) as one,
        live.watch("nikos", INBOX_EVENTS) as other,
    ):
        await one.next()
        await other.next()
        assert await measure(world, "starling_subscriptions_open") == before + 2

        await one.socket.send(type="complete", id="1")
        async with asyncio.timeout(5):
            while OPEN_SUBSCRIPTIONS._value.get() != before + 1:
                await asyncio.sleep(0.005)
    assert OPEN_SUBSCRIPTIONS._value.get() == before


async def test_a_subscription_that_is_refused_is_not_open(world: World) -> None:
    before = OPEN_SUBSCRIPTIONS._value.get()
    _message, ticket = await world.receive()
    async with (
        served(world) as live,
        live.watch("stranger", TICKET_EVENTS, ticket=ticket) as watcher,
    ):
        await watcher.refusal()
        assert OPEN_SUBSCRIPTIONS._value.get() == before


async def test_requests_are_counted_by_route_and_never_by_what_clients_make_up(
    world: World,
) -> None:
    labels = {"method": "OTHER", "route": "unknown", "status": "404"}
    before = await measure(world, "starling_http_requests_total", **labels) or 0

    await world.http.request("BREW", "/coffee/1")
    await world.http.request("BOIL", "/tea/2")

    assert await measure(world, "starling_http_requests_total", **labels) == before + 2


async def test_each_request_leaves_one_line_without_its_query_or_tokens(world: World) -> None:
    with capture_logs() as lines:
        response = await world.http.post(
            "/graphql?token=secret",
            json={"query": "{ __typename }"},
            headers={"authorization": f"Bearer {world.tokens['ayse']}"},
        )

    (line,) = lines
    assert line.pop("duration_ms") > 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
    }
    assert len(response.headers["x-request-id"]) == 16


async def test_a_path_cannot_forge_a_line(world: World) -> None:
    with capture_logs() as lines:
        await world.http.get("/a%0A2026-01-01 forged")

    assert [line["path"] for line in lines] == ["/a%0A2026-01-01%20forged"]


@pytest.mark.parametrize(
    ("given", "is_kept"), [("trace-1.a_B", True), ("two\twords", False), ("x" * 65, False)]
)
async def test_the_request_id_of_a_proxy_is_kept_if_it_is_plain(
    world: World, given: str, *, is_kept: bool
) -> None:
    response = await world.http.get("/health/live", headers={"x-request-id": given})

    assert (response.headers["x-request-id"] == given) is is_kept


async def test_jobs_are_counted_by_outcome_and_the_queue_is_measured(world: World) -> None:
    async def ring(payload: Payload) -> None:
        if payload["is_broken"]:
            raise RuntimeError("no bell")

    labels = {"kind": "ring_for_metrics"}
    async with world.work() as work:
        work.enqueue(labels["kind"], {"is_broken": False})
        work.enqueue(labels["kind"], {"is_broken": True})

    async with working(Worker(world.desk.database, {labels["kind"]: JobHandler(ring)})):
        async with asyncio.timeout(5):
            while not await measure(
                world, "starling_jobs_total", outcome="will_retry", **labels
            ) or not await measure(world, "starling_jobs_total", outcome="finished", **labels):
                await asyncio.sleep(0.01)

    assert await measure(world, "starling_jobs_queued", state="waiting", **labels) == 1
    async with world.desk.database.transaction() as session:
        await session.execute(update(Job).values(failed_at=Job.run_at))
    assert await measure(world, "starling_jobs_queued", state="waiting", **labels) == 0
    assert await measure(world, "starling_jobs_queued", state="dead", **labels) == 1


async def test_metrics_answer_without_the_database(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_database: Database) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(Database, "reading", refuse)

    assert await measure(world, "starling_bell_connected") == 1
    assert await measure(world, "starling_jobs_queued") is None

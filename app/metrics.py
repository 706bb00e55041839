"""What this process counts and measures, for Prometheus."""

import asyncio
from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.desk import Desk
from services.jobs import queue_lengths

QUEUE_SECONDS = 1.0  # Prometheus gives up after ten, and everything else is known at once

REQUESTS = Counter(
    "starling_http_requests", "HTTP requests answered.", ["method", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "starling_http_request_seconds", "Time until a request was answered.", ["method", "route"]
)
OPERATIONS = Counter(
    "starling_graphql_operations",
    "GraphQL operations: ok, errors (some field failed) or rejected (not executed).",
    ["type", "outcome"],
)
OPERATION_SECONDS = Histogram(
    "starling_graphql_operation_seconds", "Time to execute a query or mutation.", ["type"]
)
OPEN_SOCKETS = Gauge("starling_sockets_open", "WebSockets open now.")
CLOSES = Counter(
    "starling_socket_closes", "WebSockets that the server has closed, by its close code.", ["code"]
)
OPEN_SUBSCRIPTIONS = Gauge("starling_subscriptions_open", "Subscriptions open now.")
JOBS = Counter("starling_jobs", "Tries of jobs in this process.", ["kind", "outcome"])
JOB_SECONDS = Histogram("starling_job_seconds", "Time that a try of a job took.", ["kind"])

MAIL_DELIVERIES = Counter(
    "starling_mail_deliveries",
    "Tries to deliver a message by mail: sent, put_off (tried again later) or failed (given up).",
    ["outcome"],
)

WEBHOOK_DELIVERIES = Counter(
    "starling_webhook_deliveries",
    "Tries to tell a webhook something: delivered, put_off (tried again later), failed (given up), "
    "paused, left_alone (put back: its host was being probed) or too_late (begun anew meanwhile).",
    ["outcome"],
)

MAILS = Counter(
    "starling_mails",
    "Mails that arrived, for each recipient: taken, known already, bounce, ignored, not ours,"
    " refused or retry.",
    ["outcome"],
)

RULE_RUNS = Counter(
    "starling_rule_runs",
    "Runs of rules: ran, failed (an action did) or tripped (a limit was reached).",
    ["outcome"],
)

_QUEUED_JOBS = Gauge(
    "starling_jobs_queued", "Jobs in the database: waiting, or dead.", ["kind", "state"]
)
_OUTBOX_BYTES = Gauge(
    "starling_outbox_bytes", "What waits in this process for clients of WebSockets to take it."
)
_BELL_CONNECTED = Gauge(
    "starling_bell_connected", "1 where other processes are heard at once, or else 0."
)


def metrics_route(desk: Desk, waiting_bytes: Callable[[], int]) -> Route:
    """Return the route where Prometheus reads the metrics.

    `waiting_bytes` tells what waits for clients.
    """

    async def show(_request: Request) -> Response:
        _BELL_CONNECTED.set(desk.bell.connected)
        _OUTBOX_BYTES.set(waiting_bytes())
        await _measure_queue(desk)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", show)


async def _measure_queue(desk: Desk) -> None:
    _QUEUED_JOBS.clear()
    try:
        async with asyncio.timeout(QUEUE_SECONDS):
            lengths = await queue_lengths(desk.database)
    except Exception:  # noqa: BLE001  # an unknown length is left out: 0 would be a lie
        return
    for length in lengths:
        _QUEUED_JOBS.labels(length.kind, "waiting").set(length.waiting)
        _QUEUED_JOBS.labels(length.kind, "dead").set(length.dead)

"""The web process: its socket, and how it takes its leave."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.server import PEER_TIMEOUT_MILLISECONDS, SEND_BUFFER_BYTES, open_listener
from tests.support.commands import ROOT, Begin, served
from tests.support.desk import World
from tests.support.fork_server import anew, forked


@pytest.fixture
def connection() -> socket.socket:
    """The server's end of a connection."""
    with open_listener("127.0.0.1", 0) as listener, socket.socket() as client:
        client.connect(listener.getsockname())
        accepted, _ = listener.accept()
    return accepted


def test_connections_have_a_small_buffer_and_give_up_silent_peers(
    connection: socket.socket,
) -> None:
    with connection:
        # Linux reports twice what was asked for: it counts its own bookkeeping.
        size = connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        assert SEND_BUFFER_BYTES <= size <= 2 * SEND_BUFFER_BYTES
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            timeout = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert timeout == PEER_TIMEOUT_MILLISECONDS


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("stop_signal", "begin"), [(signal.SIGTERM, anew), (signal.SIGINT, forked)]
)
async def test_a_stop_closes_sockets_for_a_restart_and_succeeds_quickly(
    world: World, stop_signal: signal.Signals, begin: Begin
) -> None:
    with served(begin, DATABASE_URL=world.desk.settings.database_url) as desk:
        url = f"{desk.url.replace('http', 'ws')}/graphql"
        protocol = Subprotocol("graphql-transport-ws")
        async with connect(url, subprotocols=[protocol]) as client:
            await client.send(json.dumps({"type": "connection_init"}))
            assert json.loads(await client.recv()) == {"type": "connection_ack"}
            began = time.monotonic()
            ending = asyncio.create_task(asyncio.to_thread(desk.end, stop_signal))
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            finished = await ending

    assert "socket closed" in finished.err
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "The server is restarting")
    assert finished.code == 0
    # On SQLite the pool of connections tells of a read that was broken off, which harms nobody.
    broken_off = finished.err.count("asyncio.exceptions.CancelledError")
    assert finished.err.count("Traceback") == broken_off, finished.err
    assert time.monotonic() - began < 10


LOG_SOMETHING = """
import logging, warnings, structlog
from app import logs

logs.configure("{log_format}", "INFO")
password = "swordfish"
structlog.get_logger("ours").info("began", customer="Ayşe")
warnings.warn("look out")
logging.getLogger("uvicorn.error").info("Started server process")
try:
    raise ValueError("wrong")
except ValueError:
    logging.getLogger("theirs").exception("failed")
"""


def log_something(log_format: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", LOG_SOMETHING.format(log_format=log_format)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stderr


def test_programs_read_one_json_object_a_line_whoever_logs() -> None:
    lines = [json.loads(line) for line in log_something("json").splitlines()]

    assert [(line["logger"], line["level"]) for line in lines] == [
        ("ours", "info"),
        ("py.warnings", "warning"),
        ("theirs", "error"),
    ]
    assert lines[0]["customer"] == "Ayşe"
    assert lines[2]["exception"].endswith("ValueError: wrong")


def test_tracebacks_show_no_values_of_variables() -> None:
    assert "ValueError: wrong" in log_something("console")
    assert "swordfish" not in log_something("console") + log_something("json")

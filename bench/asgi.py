"""Calling an ASGI application without a socket: the least that a client can cost."""

from typing import Any

from starlette.types import ASGIApp


async def post(application: ASGIApp, path: str, body: bytes, token: str) -> bytes:
    """Send a POST request with a JSON body and return the body of the answer, which must be 200."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "server": ("desk", 80),
        "client": ("bench", 1),
        "headers": [
            (b"host", b"desk"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"authorization", f"Bearer {token}".encode()),
        ],
    }
    parts: list[bytes] = []
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))

    await application(scope, receive, send)
    answer = b"".join(parts)
    if status != 200:
        raise RuntimeError(f"answered {status}: {answer[:500]!r}")
    return answer

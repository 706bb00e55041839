"""Runs the benchmarks: all of them, or those named on the command line."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from uvicorn.loops.auto import auto_loop_factory

from bench import (
    connecting,
    customer_search,
    dashboard,
    fanout,
    inbox_page,
    incoming,
    jump,
    mail_import,
    two_servers,
    uploads,
)

BENCHMARKS: dict[str, Callable[[], Awaitable[None]]] = {
    "connecting": connecting.run,
    "customer_search": customer_search.run,
    "dashboard": dashboard.run,
    "fanout": fanout.run,
    "inbox_page": inbox_page.run,
    "incoming": incoming.run,
    "jump": jump.run,
    "mail_import": mail_import.run,
    "two_servers": two_servers.run,
    "uploads": uploads.run,
}


def main() -> None:
    """Run the benchmarks that are named, or all."""
    names = sys.argv[1:] or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            raise SystemExit(f"There is no benchmark {name!r}: choose of {', '.join(BENCHMARKS)}.")
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:  # the server's own
            runner.run(BENCHMARKS[name]())  # type: ignore[arg-type]


main()

"""Runs the benchmarks: all of them, or those named on the command line."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from bench import inbox_page, mail_import, two_servers

BENCHMARKS: dict[str, Callable[[], Awaitable[None]]] = {
    "inbox_page": inbox_page.run,
    "mail_import": mail_import.run,
    "two_servers": two_servers.run,
}


def main() -> None:
    """Run the benchmarks that are named, or all."""
    names = sys.argv[1:] or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            raise SystemExit(f"There is no benchmark {name!r}: choose of {', '.join(BENCHMARKS)}.")
        asyncio.run(BENCHMARKS[name]())  # type: ignore[arg-type]


main()

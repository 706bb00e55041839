"""The worker that is measured, in a process of its own, which tells of itself."""

import asyncio
from contextlib import suppress

from uvicorn.loops.auto import auto_loop_factory

from app import logs
from app.desk import open_desk
from app.worker import work_until_stopped
from bench.fanout_server import Control, count_statements, end_with, tell
from core.settings import Settings

NO_PORT = 0


async def work(settings: Settings) -> None:
    """Work until SIGTERM, commanded from the start."""
    control = Control([], count_statements())
    commanded = asyncio.create_task(control.obey())
    commanded.add_done_callback(end_with)
    async with open_desk(settings) as desk:
        tell(NO_PORT)
        await work_until_stopped(desk)
    commanded.cancel()
    with suppress(asyncio.CancelledError):
        await commanded


def main() -> None:
    """Work as the environment says."""
    settings = Settings(_env_file=None)
    logs.configure(settings.log_format, settings.log_level)
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(work(settings))


if __name__ == "__main__":
    main()

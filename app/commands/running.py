"""What commands have in common: settings, consoles, an event loop, and how they fail."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from uvicorn.loops.auto import auto_loop_factory

from app import logs
from core.settings import Settings
from core.settings import settings as read_settings

console = Console(highlight=False, soft_wrap=True)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)


class CommandFailed(Exception):
    """The command could not be done; the message says why, and what helps."""


def find_settings() -> Settings:
    """Return the settings. Raises CommandFailed that names each wrong one."""
    try:
        settings = read_settings()
    except ValidationError as error:
        # Values are not shown: some hold passwords.
        problems = [f"{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()]
        raise CommandFailed("; ".join(problems)) from error
    except ValueError as error:
        raise CommandFailed(str(error)) from error
    logs.configure(settings.log_format, settings.log_level)
    return settings


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run until the coroutine is done."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(coroutine)

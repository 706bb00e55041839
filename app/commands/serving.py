"""`starling serve` and `starling worker`."""

import socket
from errno import EADDRINUSE

from app import migrations, server
from app.commands.running import CommandFailed, console, find_settings, run
from app.desk import open_desk
from app.dev_mail import PATH as DEV_MAIL_PATH
from app.dev_mail import open_mailbox
from app.setting_up import (
    fill_with_demo_data,
    how_to_sign_in,
    open_database,
    require_newest_schema,
)
from app.worker import work_until_stopped
from core.settings import Settings


def serve() -> None:
    """Serve the API until Ctrl-C or SIGTERM.

    An SQLite database is migrated first, and filled with demo data if nobody can sign in to it yet.
    """
    settings = find_settings()
    with _listen(settings) as listener:
        run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    async with open_database(settings) as database:
        if settings.is_embedded:
            await migrations.upgrade(database)
            await fill_with_demo_data(database, console)
        await require_newest_schema(database)
        sign_in = await how_to_sign_in(database)
    url = settings.model_copy(update={"port": listener.getsockname()[1]}).base_url
    lines = [f"Starling serves on {url}", f"  GraphQL      {url}/graphql"]
    async with open_desk(settings) as desk:
        if open_mailbox(desk) is not None:
            lines.append(f"  Mail         {url}{DEV_MAIL_PATH}")
        lines += sign_in
        await server.serve(desk, listener, on_ready=lambda: console.print("\n".join(lines)))


def worker() -> None:
    """Do the jobs of the queue until Ctrl-C or SIGTERM."""
    run(_work(find_settings()))


async def _work(settings: Settings) -> None:
    async with open_database(settings) as database:
        await require_newest_schema(database)
    async with open_desk(settings) as desk:
        await work_until_stopped(desk)


def _listen(settings: Settings) -> socket.socket:
    place = f"{settings.host}:{settings.port}"
    try:
        return server.open_listener(settings.host, settings.port)
    except OSError as error:
        if error.errno == EADDRINUSE:
            raise CommandFailed(
                f"Another program listens on {place}. Choose another port, such as PORT=8001."
            ) from error
        raise CommandFailed(f"Cannot listen on {place}: {error.strerror}") from error

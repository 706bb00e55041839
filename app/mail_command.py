"""`starling deliver`: one mail from standard input into the desk, for any mail server."""

import sys
from collections.abc import Callable, Sequence

from sqlalchemy import select

from app.file_storage import open_file_storage
from app.setting_up import open_database, require_newest_schema
from core.settings import Settings
from core.text import single_line
from models.installation import Installation
from services.incoming_mail.reception import IncomingMail, Outcome, Result
from services.mail.limits import MAIL_BYTES
from services.mail.reply_addresses import ReplyAddresses

# BSD's sysexits.h, which Postfix, Exim, maildrop and procmail go by: on EX_TEMPFAIL they keep the
# mail and try again, on the others they send it back.
EX_OK = 0
EX_DATAERR = 65
EX_NOUSER = 67
EX_TEMPFAIL = 75

_CODES = {
    Outcome.RETRY: EX_TEMPFAIL,
    Outcome.NOT_OURS: EX_NOUSER,
    Outcome.REFUSED: EX_DATAERR,
}
# Of several recipients: the mail comes again where one must wait, and is sent back where none has
# it. Who has it already is not given it twice.
_URGENCY = (EX_TEMPFAIL, EX_OK, EX_DATAERR, EX_NOUSER)


def read_mail() -> bytes:
    """Return what stands on standard input, or as much as shows that it is too large."""
    return sys.stdin.buffer.read(MAIL_BYTES + 1)


async def deliver(
    read_settings: Callable[[], Settings],
    content: bytes,
    sender: str | None,
    recipients: Sequence[str],
) -> tuple[int, str]:
    """Take a mail in; return the exit code, and a line that says what became of it.

    Whatever fails on our side leaves the mail with who brings it.
    """
    try:
        results = await _take_in(read_settings(), content, sender, recipients)
    except Exception as error:  # noqa: BLE001  # a mail must not be lost over a wrong setting
        return EX_TEMPFAIL, single_line(f"try again later: {error}")
    codes = [_CODES.get(result.outcome, EX_OK) for result in results]
    worst = codes.index(min(codes, key=_URGENCY.index))
    return codes[worst], _line(results[worst])


async def _take_in(
    settings: Settings, content: bytes, sender: str | None, recipients: Sequence[str]
) -> list[Result]:
    async with open_database(settings) as database:
        await require_newest_schema(database)
        async with database.reading() as connection:
            secret: bytes = (await connection.execute(select(Installation.secret))).scalar_one()
        incoming = IncomingMail(
            database,
            # Nobody is called: running processes find the events in the log.
            lambda _records: None,
            open_file_storage(settings),
            ReplyAddresses(secret, settings.mail_reply_address),
        )
        return await incoming.take_in(content, sender, recipients)


def _line(result: Result) -> str:
    return single_line(": ".join(filter(None, (result.outcome.value, result.reason))))

"""Where mail goes: to the server that the settings name, or else into the dev mailbox."""

from core.database import Database
from core.settings import Settings
from services.mail.addresses import Mailbox, parse_mailboxes
from services.mail.smtp import SmtpServer, SmtpTransport
from services.mail.transport import MailTransport
from services.outgoing_mail.dev_mailbox import DevMailbox

# `.invalid` names no host (RFC 2606): nothing with this sender can have come from the network.
_DEV_SENDER = Mailbox("", "desk@starling.invalid")


def open_mail_transport(settings: Settings, database: Database) -> MailTransport:
    """Return what hands mail over."""
    if settings.smtp_url is None:
        return DevMailbox(database)
    return SmtpTransport(SmtpServer.of_url(settings.smtp_url.get_secret_value()))


def default_sender(settings: Settings) -> Mailbox | None:
    """Return who writes for brands that have no address; None where a server is set, and nobody."""
    if settings.mail_sender is not None:
        found = parse_mailboxes([settings.mail_sender.encode()])
        return found[0] if found else None
    return _DEV_SENDER if settings.smtp_url is None else None

"""The world outside of the desk: the mail server that its mail goes to, and the company's CRM.

Both run in threads of their own, since they outlive the stories, each of which has a loop of its
own. They keep every byte that they are sent, to tell what has left the house.
"""

import hmac
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email.message import EmailMessage
from itertools import takewhile
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from urllib.parse import parse_qs, unquote_plus, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.calls.company_server import make_certificates
from tests.support.processes import free_port, scratch_directory
from tests.support.smtp_server import Arrived, MailServer

HOST = "localhost"
SIGNING_SECRET = "known to the desk and to the CRM"
CUSTOMERS = {"elif@form.example": {"name": "Elif Şahin", "orders": 3, "isRegular": True}}
FRESH_SECONDS = 300
LOOKS_EVERY_SECONDS = 0.05  # whether it is to stop


class MailHouse(Controller):
    """The mail server that the desk hands its mail to."""

    def __init__(self) -> None:
        self.mailbox = MailServer(free_port())
        self.wire = bytearray()
        super().__init__(self.mailbox, "127.0.0.1", self.mailbox.port)

    def factory(self) -> SMTP:
        """Return what serves the next session."""
        return _Recorded(self.mailbox, self.wire)

    @contextmanager
    def taking_its_time(self) -> Iterator[None]:
        """Take mail meanwhile, but say only afterwards that it was taken."""
        self.mailbox.hold()
        try:
            yield
        finally:
            self.loop.call_soon_threadsafe(self.mailbox.release)


class _Recorded(SMTP):
    def __init__(self, handler: MailServer, wire: bytearray) -> None:
        super().__init__(handler, hostname="mail.example")
        self._wire = wire

    def data_received(self, data: bytes) -> None:
        self._wire += data
        super().data_received(data)


class Crm(ThreadingTCPServer):
    """The company's own system, which tells about a customer whoever signs the question."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__((HOST, 0), _Question)
        self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.wire = bytearray()

    @property
    def url(self) -> str:
        """Where it tells about customers."""
        return f"https://{HOST}:{self.server_address[1]}/customers"


class _Question(StreamRequestHandler):
    server: Crm

    def handle(self) -> None:
        lines = list(takewhile(bytes.strip, self.rfile))
        self.server.wire += b"".join(lines)
        method, target, _version = lines[0].decode().split(" ")
        headers = dict(line.decode().strip().split(": ", 1) for line in lines[1:])
        if not is_ours(SIGNING_SECRET, headers, method, target, b""):
            self._answer("401 Unauthorized", {})
            return
        (email,) = parse_qs(urlsplit(target).query)["email"]
        self._answer("200 OK", {"customer": CUSTOMERS.get(email)})

    def _answer(self, status: str, content: Mapping[str, object]) -> None:
        body = json.dumps(content).encode()
        self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        self.wfile.write(body)


def is_ours(secret: str, headers: Mapping[str, str], method: str, target: str, body: bytes) -> bool:
    """Tell whether the desk has sent a request, in the words of docs/callbacks.md."""
    timestamp = headers["Starling-Timestamp"]
    signed = f"{timestamp}.{method}.{target}.".encode() + body
    expected = "v1=" + hmac.digest(secret.encode(), signed, "sha256").hex()
    is_fresh = abs(time.time() - int(timestamp)) < FRESH_SECONDS
    return is_fresh and hmac.compare_digest(expected, headers["Starling-Signature"])


class WorldOutside:
    """All that the desk sends something to. `authority` is whose word it takes for the CRM."""

    def __init__(self, mail: MailHouse, crm: Crm, authority: Path) -> None:
        self.mail = mail
        self.crm = crm
        self.authority = authority

    def mails_to(self, address: str) -> list[Arrived]:
        """Return the mails that have come for somebody, oldest first."""
        return [each for each in self.mail.mailbox.arrived if each.recipient == address]

    def knows(self, words: str) -> bool:
        """Tell whether words have left the house, in any encoding in which mail carries them."""
        sent = [
            self.mail.wire.decode(errors="replace"),
            unquote_plus(self.crm.wire.decode(errors="replace")),
            *(text for each in self.mail.mailbox.arrived for text in _texts(each.mail)),
        ]
        return any(words in text for text in sent)


def _texts(mail: EmailMessage) -> Iterator[str]:
    for part in mail.walk():
        yield from (str(value) for value in part.values())
        yield part.get_filename("")
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield content.decode(errors="replace")


@contextmanager
def world_outside() -> Iterator[WorldOutside]:
    """Run the mail server and the CRM."""
    with ExitStack() as cleanup:
        folder = cleanup.enter_context(scratch_directory())
        certificates = make_certificates(folder, HOST)
        crm = cleanup.enter_context(Crm(certificates.server))
        Thread(target=crm.serve_forever, args=(LOOKS_EVERY_SECONDS,), daemon=True).start()
        cleanup.callback(crm.shutdown)
        mail = MailHouse()
        mail.start()
        cleanup.callback(mail.stop)
        yield WorldOutside(mail, crm, certificates.ca_file)

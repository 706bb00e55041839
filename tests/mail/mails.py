"""Mails for the tests: small ones made on the spot, and the hand-written samples."""

from pathlib import Path

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.eml").read_bytes()


def mail(*fields: str | bytes, body: str | bytes = "Merhaba\n") -> bytes:
    """A mail with these header fields beside a sender and a subject."""
    header = [b"From: Ay\xc5\x9fe <ayse@posta.example>", b"Subject: Soru"]
    header += [field if isinstance(field, bytes) else field.encode() for field in fields]
    return b"\n".join(header) + b"\n\n" + (body if isinstance(body, bytes) else body.encode())


def html_mail(markup: str) -> bytes:
    return mail("Content-Type: text/html; charset=utf-8", body=markup)


def part(body: str, *fields: str) -> str:
    """A part of a multipart mail whose boundary is "b"."""
    return "\n".join(["--b", *fields, "", body, ""])


def multipart(kind: str, *parts: str) -> bytes:
    field = f"Content-Type: multipart/{kind}; boundary=b"
    return mail(field, body="".join(parts) + "--b--\n")

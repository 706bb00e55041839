"""Lists of mailboxes: who sent a mail, and to whom (RFC 5322, section 3.4)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.text import stored_line
from models.base import EMAIL_CHARACTERS, NAME_CHARACTERS
from services.mail.charsets import decode_text
from services.mail.headers import decode_header

# Of a mail to more people than this the first ones are read.
_MAILBOXES = 1_000

# The bounds keep the search for a closing mark short where there is none.
_TOKEN = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.){0,512}+)"'
    r"|\((?P<comment>(?:[^()\\]|\\.|\([^()]*+\)){0,512}+)\)"
    r"|<(?P<angle>[^<>]*+)>|<(?P<unclosed>[^<>,;\s]*+)"
    r"|(?P<separator>[,;:])"
    r'|(?P<word>(?:[^\s"(<>,;:\[]|\[[^\]\s]{0,64}\])++)'
    r"|(?P<space>\s++)",
    re.DOTALL,
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_ADDRESS = re.compile(r"(?:[^\s@<>\"(),;:]+|\"[^\"]+\")@[^\s@<>\"(),;]+")
# Archives of mailing lists on the web hide addresses from harvesters.
_HIDDEN_ADDRESS = re.compile(r"(\S{1,64}) at (\S{1,190}\.\S{1,63})")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name, empty if none was given, and an address, whose domain is in lower case.

    The local part stays as it was sent: only its own server knows whether case matters there.
    """

    name: str
    address: str


@dataclass(slots=True)
class _Entry:
    """What was read of one mailbox so far; bytes are Latin-1 characters until it is complete."""

    phrase: list[str] = field(default_factory=list)
    comment: str = ""
    angle: str = ""
    bare_address: str = ""

    def add(self, token: re.Match[str]) -> None:
        match token.lastgroup:
            case "quoted":
                self.phrase.append(_QUOTED_PAIR.sub(r"\1", token["quoted"]))
            case "comment":
                self.comment = _QUOTED_PAIR.sub(r"\1", token["comment"])
            case "angle" | "unclosed" as kind:
                self.angle = self.angle if "@" in self.angle else token[kind]
            case "word" if "@" in token[0] and not self.bare_address:
                self.bare_address = token[0]
            case _:
                self.phrase.append(token[0])


def parse_mailboxes(values: Iterable[bytes], hint: str | None = None) -> tuple[Mailbox, ...]:
    """Return the mailboxes of header fields in their order, each address once.

    Groups are dissolved into their members. What holds no address is left out; a name with a comma
    that should have been quoted ("Yılmaz, Ayşe <ayse@example.com>") is put together.
    `hint` is the character set that raw bytes are likely to be in.
    """
    found: dict[str, Mailbox] = {}
    for value in values:
        for entry in _entries(value.decode("latin-1")):
            mailbox = _read_entry(entry, hint)
            if mailbox is not None:
                found.setdefault(mailbox.address.casefold(), mailbox)
            if len(found) == _MAILBOXES:
                return tuple(found.values())
    return tuple(found.values())


def _entries(text: str) -> Iterator[_Entry]:
    entry = _Entry()
    for token in _TOKEN.finditer(text):
        if token.lastgroup != "separator" or _is_in_name(token[0], entry):
            entry.add(token)
        else:
            yield entry
            entry = _Entry()
    yield entry


def _is_in_name(separator: str, entry: _Entry) -> bool:
    return separator == "," and bool(entry.phrase) and not (entry.angle or entry.bare_address)


def _read_entry(entry: _Entry, hint: str | None) -> Mailbox | None:
    phrase = "".join(entry.phrase)
    if entry.angle:
        address, name = entry.angle, phrase or entry.comment
    elif hidden := _HIDDEN_ADDRESS.fullmatch(phrase.strip()):
        address, name = f"{hidden[1]}@{hidden[2]}", entry.comment
    else:
        # Words beside a bare address may be anything; only a comment names it.
        address, name = entry.bare_address, entry.comment
    address = _read_address(address)
    if not address:
        return None
    name = stored_line(decode_header(name.encode("latin-1"), hint), NAME_CHARACTERS)
    name = name.strip("'\" ")
    return Mailbox("" if name.casefold() == address.casefold() else name, address)


def _read_address(text: str) -> str:
    """Return a usable address, or nothing: without its obsolete route, and of bearable length."""
    decoded = decode_header(text.strip().encode("latin-1")) if "=?" in text else _raw(text)
    line = stored_line(decoded, 2 * EMAIL_CHARACTERS).removeprefix("mailto:")
    if line.startswith("@"):
        line = line.partition(":")[2]
    if not _ADDRESS.fullmatch(line):
        return ""
    local_part, _, domain = line.rpartition("@")
    address = f"{local_part}@{domain.lower()}"
    return address if len(address.encode()) <= EMAIL_CHARACTERS else ""


def _raw(text: str) -> str:
    return decode_text(text.encode("latin-1"))
